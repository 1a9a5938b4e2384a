using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.History;
using LifecycleManager.Manager.Memories;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Overriding;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Scheduling;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Manager.Tests.Evaluation;

/// <summary>What a storm of readings costs, and what a wall clock that is set does.</summary>
public sealed class DecisionPaceTests : IAsyncLifetime
{
    private const string App = "/brownfield/search";
    private static readonly DateTimeOffset Start = new(2026, 11, 24, 12, 59, 0, TimeSpan.Zero);

    private readonly MetricArrivals _arrivals = new();
    private readonly FakeMetrics _metrics = new();
    private readonly List<(string? App, DateTimeOffset? Until)> _orders = [];
    private PolicySet _policies = PolicySet.Empty;
    private StateBackend _backend = null!;
    private AppDecisions _decisions = null!;
    private DecisionPace _pace = null!;

    public async ValueTask InitializeAsync()
    {
        _backend = await ManagerUnderTest.BackendAsync();
        var options = new ManagerOptions { RulesDirectory = "rules" };
        var record = new DecisionLog(
            _backend.Store, new DecisionFeed(8), options, TimeProvider.System, NullLogger<DecisionLog>.Instance);
        _decisions = new AppDecisions(
            new DecisionEngine(),
            new EvaluationSources(_metrics, _metrics.Demand, () => _policies) { Ends = new FakePolicyEnds() },
            new ForecastHistory(_backend.Store, NullLogger<ForecastHistory>.Instance),
            new MemoryStore(_backend.Store, record, options, NullLogger<MemoryStore>.Instance),
            new CountOrders(new OverrideStore(_backend.Store, TimeProvider.System), new ScheduleOrders()),
            new ManagerMetrics(Prometheus.Metrics.NewCustomRegistry()), NullLogger.Instance);
        _pace = new DecisionPace(_arrivals, _decisions, () => _orders);
    }

    public ValueTask DisposeAsync() => _backend.DisposeAsync();

    [Fact]
    public void The_first_that_arrives_is_decided_at_once_and_what_follows_is_gathered()
    {
        Assert.Null(_pace.NextDue(At(0)));
        _arrivals.Add(["/a"]);
        Assert.Equal(TimeSpan.Zero, Positive(_pace.NextDue(At(0))));
        Assert.Equal(["/a"], _pace.Take(At(0)));
        _pace.Ended(At(0), At(0.01));

        _arrivals.Add(["/b"]);
        _arrivals.Add(["/b", "/c"]);
        Assert.Equal(TimeSpan.FromSeconds(0.4), _pace.NextDue(At(0.1)));
        Assert.Equal(["/b", "/c"], _pace.Take(At(0.5))!.Order());

        // A round that takes long is followed by a longer distance.
        _pace.Ended(At(0.5), At(1.5));
        _arrivals.Add(["/d"]);
        Assert.Equal(TimeSpan.FromSeconds(4), _pace.NextDue(At(1.5)));
    }

    [Fact]
    public void A_storm_of_ten_thousand_apps_is_two_rounds_a_second_and_loses_none()
    {
        var apps = Enumerable.Range(0, 10_000).Select(i => $"/app-{i}").ToList();
        var (wakes, rounds, taken) = (0, 0, 0);
        _arrivals.Arrived += () => wakes++;
        for (var ms = 0; ms < 5_000; ms++)
        {
            // Each app has several instances, and all are scraped within the 5 s.
            for (var i = 0; i < 3; i++) _arrivals.Add([apps[ms * 2], apps[(ms * 2) + 1]]);
            if (_pace.NextDue(At(ms / 1000.0)) > TimeSpan.Zero) continue;
            rounds++;
            taken += _pace.Take(At(ms / 1000.0))!.Count;
            _pace.Ended(At(ms / 1000.0), At(ms / 1000.0));
        }

        taken += _pace.Take(At(5))!.Count;
        Assert.Equal((10, 10_000), (rounds, taken));
        Assert.InRange(wakes, 1, 11);
    }

    [Theory]
    [InlineData(0, 60)]
    [InlineData(30, 30)]
    [InlineData(-3600, 3660)]
    public void What_is_due_by_the_wall_clock_follows_it_when_it_is_set(double jump, double wait)
    {
        _policies = TermUnderTest.Parse("""
            policy: search
            app: /brownfield/search
            instances: { min: 1, max: 10 }
            metrics:
              tpm: { actuator: gauge.servo.tpm, across: sum }
            rules:
              - { rule: day, schedule: { cron: '0 0 13 * * ?', until: '0 0 18 * * ?' }, then: { min: 4 } }
            """);
        _decisions.UsePolicies();
        _decisions.Decide(
            [new ScalableApp { Id = App, Instances = 2, Running = 2, Healthy = 2, Staged = 0 }], null, _ => true, At(0));
        _pace.Ended(At(0), At(0));

        var now = At(0) with { Wall = Start.AddSeconds(jump) };
        Assert.Equal(TimeSpan.FromSeconds(wait), _pace.NextDue(now));

        // Set forward over the opening, it is due at once.
        var later = At(1) with { Wall = Start.AddHours(1) };
        Assert.True(_pace.NextDue(later) <= TimeSpan.Zero);
        Assert.Equal([App], _pace.Take(later));
    }

    [Fact]
    public void What_people_have_ordered_is_over_when_they_said()
    {
        _orders.AddRange([("/a", Start.AddSeconds(30)), ("/b", null), ("/c", Start.AddSeconds(-1))]);
        _pace.Ended(At(0), At(0));
        Assert.Equal(TimeSpan.FromSeconds(30), _pace.NextDue(At(0)));
        Assert.Empty(_pace.Take(At(29))!);
        Assert.Equal(["/a"], _pace.Take(At(30)));

        // One of all apps concerns them all.
        _orders.Add((null, Start.AddSeconds(60)));
        _pace.Ended(At(30), At(30));
        Assert.Equal(TimeSpan.FromSeconds(30), _pace.NextDue(At(30)));
        Assert.Null(_pace.Take(At(60)));
    }

    private static Moment At(double seconds) => new(Start.AddSeconds(seconds), Start.AddSeconds(seconds));

    private static TimeSpan? Positive(TimeSpan? wait) => wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
}
