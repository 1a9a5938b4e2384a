using LifecycleManager.Scaling.Safety;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Scaling.Tests.Safety;

public sealed class SafetyGuardTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 24, 19, 0, 0, TimeSpan.Zero);
    private readonly SafetyGuard _guard = new(new SafetyOptions { MaxStep = 3, ChangesPerMinute = 2 });
    private DateTimeOffset _now = Start;

    [Fact]
    public void Too_many_instances_missing_at_once_stop_scale_in_until_a_minute_after_they_are_back()
    {
        Observe(App("/a", 6, 6), App("/b", 6, 6));
        Assert.Null(Stopped());

        Observe(App("/a", 6, 4), App("/b", 6, 5));
        Assert.Contains("3 of 12 instances", Stopped());
        Assert.Equal(("self-preservation", 5), (Limit(5, 4)?.By, Limit(5, 4)?.To));
        Assert.Null(Limit(5, 6));

        Observe(App("/a", 6, 6), App("/b", 6, 6));
        Assert.NotNull(Stopped());
        _now += TimeSpan.FromMinutes(1);
        Observe(App("/a", 6, 6), App("/b", 6, 6));
        Assert.Null(Stopped());
    }

    [Fact]
    public void What_was_never_there_was_asked_to_go_or_is_being_deployed_is_not_missing()
    {
        Observe(App("/new", 20, 0), App("/shrinks", 20, 20), App("/deploys", 20, 20));
        Observe(App("/new", 20, 1), App("/shrinks", 2, 2), App("/deploys", 20, 10, deploying: true));
        Assert.Null(Stopped());
    }

    [Fact]
    public void A_few_of_few_are_no_catastrophe()
    {
        Observe(App("/a", 3, 3));
        Observe(App("/a", 3, 1));
        Assert.Null(Stopped());
    }

    [Fact]
    public void A_list_that_has_lost_apps_stops_scale_in_for_a_minute_and_what_stays_missing_is_accepted_in_the_end()
    {
        Observe(App("/a", 5, 5), App("/b", 5, 5));
        Observe(App("/a", 5, 5));
        Assert.NotNull(Stopped());
        for (var i = 0; i < 30; i++) Observe(App("/a", 5, 5));
        Assert.Null(Stopped());

        for (var i = 0; i < 179; i++) Observe(App("/a", 5, 1));
        Assert.NotNull(Stopped());
        for (var i = 0; i < 20; i++) Observe(App("/a", 5, 1));
        Assert.Null(Stopped());
    }

    [Fact]
    public void What_is_deleted_or_being_deleted_is_not_missing()
    {
        Observe(App("/a", 5, 5), App("/b", 5, 5), App("/c", 5, 5));
        _guard.Forget("/b");
        Observe(App("/a", 5, 5), App("/c", 5, 0) with { Deleting = true });
        Assert.Null(Stopped());
        Observe(App("/a", 5, 5));
        Assert.Null(Stopped());
    }

    [Fact]
    public void Sources_that_fall_silent_at_once_stop_scale_in_but_those_that_never_answered_do_not()
    {
        var never = Enumerable.Range(0, 10).Select(i => ($"/never-{i}", false)).ToList();
        var apps = Enumerable.Range(0, 8).Select(i => $"/app-{i}").ToList();
        _guard.ObserveMetrics([.. never, .. apps.Select(app => (app, true))], _now);
        Assert.Null(Stopped());

        _guard.ObserveMetrics([.. never, .. apps.Select((app, i) => (app, i >= 3))],
            _now += TimeSpan.FromSeconds(5));
        Assert.Contains("3 of 8 apps have sources of metrics that do not answer at once", Stopped());
    }

    [Fact]
    public void Apps_that_nobody_asks_neither_are_lost_nor_outweigh_those_that_are()
    {
        var apps = Enumerable.Range(0, 4).Select(i => $"/app-{i}").ToList();
        _guard.ObserveMetrics(apps.Select(app => (app, true)), _now);
        _guard.ObserveMetrics([], _now += TimeSpan.FromSeconds(5));
        Assert.Null(Stopped());

        _guard.ObserveMetrics(apps.Select((app, i) => (app, i >= 3)), _now += TimeSpan.FromSeconds(5));
        Assert.Contains("3 of 4 apps", Stopped());
    }

    [Theory]
    [InlineData(2, 10, 5)]
    [InlineData(10, 2, 7)]
    [InlineData(2, 4, 4)]
    [InlineData(0, int.MaxValue, 3)]
    public void A_step_is_no_greater_than_the_greatest(int from, int to, int limited)
    {
        Assert.Equal(limited, Limit(from, to)?.To ?? to);
    }

    [Fact]
    public void Within_any_minute_only_so_many_changes_are_set_off()
    {
        Assert.True(_guard.TryTake(Start));
        Assert.True(_guard.TryTake(Start.AddSeconds(30)));
        Assert.False(_guard.TryTake(Start.AddSeconds(59)));
        Assert.True(_guard.TryTake(Start.AddSeconds(60)));
        Assert.False(_guard.TryTake(Start.AddSeconds(89)));
        Assert.True(_guard.TryTake(Start.AddSeconds(-500)), "a clock that is set back must not lock everything");
    }

    private string? Stopped() => _guard.ScaleInStopped(_now);

    private SafetyLimit? Limit(int from, int to) => _guard.Limit(from, to, _now);

    private void Observe(params ScalableApp[] apps) => _guard.ObserveInstances(apps, _now += TimeSpan.FromSeconds(5));

    private static ScalableApp App(string id, int instances, int running, bool deploying = false) => new()
    {
        Id = id,
        Instances = instances,
        Running = running,
        Healthy = running,
        Staged = 0,
        Deploying = deploying,
    };
}
