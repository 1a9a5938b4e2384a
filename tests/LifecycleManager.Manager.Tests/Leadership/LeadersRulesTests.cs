using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Leadership;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Manager.Tests.Leadership;

/// <summary>Managers that would decide by other policies than the leader does.</summary>
public sealed class LeadersRulesTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly RecordingLog _lines = new();
    private StateBackend _backend = null!;
    private ILeadership _lead = null!;
    private FaultyStore _store = null!;
    private PolicySet _ofLeader = Set("search", 5);
    private PolicySet _here = Set("search", 5);

    public async ValueTask InitializeAsync()
    {
        _backend = await ManagerUnderTest.BackendAsync();
        _lead = await _backend.Election.StandAsync("manager", "http://127.0.0.1:1");
        _store = new FaultyStore(_backend.Store);
    }

    public async ValueTask DisposeAsync()
    {
        await _lead.DisposeAsync();
        await _backend.DisposeAsync();
    }

    [Fact]
    public async Task One_that_differs_for_a_minute_says_so_until_it_does_not()
    {
        var (leader, standby) = (Rules(() => _ofLeader, () => _lead.Fence), Rules(() => _here, () => null));
        await standby.LookAsync(default);
        Assert.Equal((null, null), (standby.Problem, standby.Digest));

        await leader.LookAsync(default);
        await standby.LookAsync(default);
        Assert.Equal((null, _here.Digest), (standby.Problem, standby.Digest));

        _ofLeader = Set("search", 6);
        await leader.LookAsync(default);
        Assert.Equal((null, null), (leader.Problem, leader.Digest));
        await standby.LookAsync(default);
        Assert.Null(standby.Problem);
        _time.Advance(LeadersRules.Patience);
        await standby.LookAsync(default);
        Assert.Equal("the policies here are not those by which the leader decides: 1 policies "
            + $"({_here.Digest}), it has 1 ({_ofLeader.Digest}) since 2026-11-24 12:00:00Z", standby.Problem);

        _here = Set("search", 6);
        await standby.LookAsync(default);
        Assert.Null(standby.Problem);
    }

    [Fact]
    public async Task One_that_takes_over_tells_its_own_and_has_no_problem()
    {
        _here = Set("other", 5);
        ILeadership? lead = null;
        var (leader, standby) = (Rules(() => _ofLeader, () => _lead.Fence), Rules(() => _here, () => lead?.Fence));
        await leader.LookAsync(default);
        await standby.LookAsync(default);
        _time.Advance(LeadersRules.Patience);
        await standby.LookAsync(default);
        Assert.NotNull(standby.Problem);

        await _lead.DisposeAsync();
        lead = _lead = await _backend.Election.StandAsync("manager", "http://127.0.0.1:2");
        await standby.LookAsync(default);
        Assert.Equal((null, null), (standby.Problem, standby.Digest));
        var third = Rules(() => _here, () => null);
        await third.LookAsync(default);
        Assert.Equal(_here.Digest, third.Digest);
    }

    [Fact]
    public async Task What_cannot_be_read_is_not_known_and_the_leader_writes_only_what_is_new()
    {
        var (leader, standby) = (Rules(() => _ofLeader, () => _lead.Fence), Rules(() => _here, () => null));
        await leader.LookAsync(default);
        await leader.LookAsync(default);
        Assert.Equal(1, _store.Writes);
        await _backend.Store.WriteAsync([new StateWrite(LeadersRules.Key, "{"u8.ToArray())]);
        _here = Set("other", 5);
        await standby.LookAsync(default);
        _time.Advance(LeadersRules.Patience);
        await standby.LookAsync(default);
        Assert.Equal((null, null), (standby.Problem, standby.Digest));
        Assert.Contains(_lines.Lines, line => line.Contains(LeadersRules.Key, StringComparison.Ordinal));
    }

    private LeadersRules Rules(Func<PolicySet> policies, Func<Fence?> lead) =>
        new(_store, policies, lead, _time, _lines.CreateLogger<LeadersRules>());

    private static PolicySet Set(string name, int max) => new(PolicyParser.Parse("p.yml", $$"""
        policy: {{name}}
        app: /search
        instances: { min: 1, max: {{max}} }
        metrics: { load: { actuator: load } }
        rules: [ { rule: more, when: load > 1, then: { add: 1 } } ]
        """).Policies);
}
