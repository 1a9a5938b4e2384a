using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Protocol.Tests.Marathon;

public sealed class DockerOptionsTests
{
    [Theory]
    [InlineData("env", "A=b", null)]
    [InlineData("--memory", "512m", null)]
    [InlineData("memory-swap", "-1", null)]
    [InlineData("ulimit", "nofile=100:200", null)]
    [InlineData("device", "/dev/fuse", null)]
    [InlineData("label", "team", null)]
    [InlineData("init", "", null)]
    [InlineData("no-such-option", "1", "is not known")]
    [InlineData("", "1", "is not known")]
    [InlineData("env", "A", "is not name=value")]
    [InlineData("memory", "much", "is not a size such as 512m")]
    [InlineData("memory", "99999999999999999999t", "is too large")]
    [InlineData("blkio-weight", "70000", "is too large")]
    [InlineData("pids-limit", "1.5", "is not a whole number")]
    [InlineData("ulimit", "nofile=many", "is not a whole number")]
    [InlineData("device", "fuse", "is not /dev/host")]
    [InlineData("init", "yes", "is neither true nor false")]
    [InlineData("label", "lcm.task=x", "uses the agent's own labels")]
    [InlineData("name", "x", "is the agent's to decide")]
    [InlineData("publish", "80:80", "is what portMappings are for")]
    [InlineData("network", "host", "is what the network is for")]
    public void A_parameter_is_held_to_what_docker_takes(string key, string value, string? words)
    {
        var reason = DockerOptions.WhyRefused(key, value);
        if (words is null) Assert.Null(reason);
        else Assert.Contains(words, reason, StringComparison.Ordinal);
    }
}
