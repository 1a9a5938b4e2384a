using LifecycleManager.Scheduler.Core.Launching;

namespace LifecycleManager.Scheduler.Core.Tests.Launching;

public sealed class EnvironmentExpansionTests
{
    private static readonly Dictionary<string, string> Known = new() { ["PORT0"] = "31000", ["HOST"] = "a1", ["PORT"] = "31000" };

    [Theory]
    [InlineData("$PORT0", "31000")]
    [InlineData("http://$HOST:${PORT0}/x", "http://a1:31000/x")]
    [InlineData("$PORT00 $PORT1 ${HOSTS}", "$PORT00 $PORT1 ${HOSTS}")]
    [InlineData("$$PORT0 costs 5$", "$PORT0 costs 5$")]
    [InlineData("$$$HOST", "$a1")]
    [InlineData("${PORT0 $(HOST) $", "${PORT0 $(HOST) $")]
    [InlineData("", "")]
    public void What_the_scheduler_sets_is_replaced_and_nothing_else(string value, string expanded) =>
        Assert.Equal(expanded, EnvironmentExpansion.Expand(value, Known));
}
