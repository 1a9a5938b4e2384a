using LifecycleManager.Agent.Containerizers.Docker;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Agent.Tests.Containerizers.Docker;

public sealed class DockerParametersTests
{
    /// <summary>What the scheduler takes as it is posted the agent can carry out, and the other way round.</summary>
    [Fact]
    public void The_scheduler_knows_what_the_agent_carries_out() => Assert.Equal(
        DockerOptions.Names.Where(name => new[] { "", "1", "a=1", "/dev/a" }.Any(value =>
            DockerOptions.WhyRefused(name, value) is null)).Order(StringComparer.Ordinal),
        DockerParameters.Names.Order(StringComparer.Ordinal));
}
