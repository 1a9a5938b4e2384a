using LifecycleManager.Agent.Checks;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tests.Checks;

public sealed class CheckVerdictTests
{
    private static readonly TimeSpan Early = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(50);

    [Fact]
    public void Failures_within_the_grace_period_do_not_count_until_the_first_success()
    {
        var verdict = new CheckVerdict(new HealthCheck { GracePeriodSeconds = 10, ConsecutiveFailures = 2 });

        Assert.Equal((false, false), verdict.Observe(false, Early));
        Assert.Equal((false, false), verdict.Observe(false, Early));
        Assert.Null(verdict.Healthy);
        Assert.Equal((true, false), verdict.Observe(true, Early));
        Assert.Equal((true, false), verdict.Observe(false, Early));
        Assert.Equal((false, true), verdict.Observe(false, Early));
    }

    [Fact]
    public void A_limit_of_zero_never_kills()
    {
        var verdict = new CheckVerdict(new HealthCheck { ConsecutiveFailures = 0 });

        for (var i = 0; i < 100; i++) Assert.False(verdict.Observe(false, Late).Kill);
    }

    [Fact]
    public void Only_failures_in_a_row_kill_and_only_changes_are_news()
    {
        var verdict = new CheckVerdict(new HealthCheck { ConsecutiveFailures = 3 });

        Assert.Equal((true, false), verdict.Observe(false, Late));
        Assert.Equal((false, false), verdict.Observe(false, Late));
        Assert.Equal((true, false), verdict.Observe(true, Late));
        Assert.Equal((false, false), verdict.Observe(true, Late));
        Assert.Equal((true, false), verdict.Observe(false, Late));
        Assert.Equal((false, false), verdict.Observe(false, Late));
        Assert.Equal((false, true), verdict.Observe(false, Late));
    }
}
