using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.History;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Manager.Tests.History;

public sealed class ForecastHistoryTests
{
    private const string App = "/shop";
    private const string Rush = "before the rush";
    private const string Policy = """
        policy: shop
        app: /shop
        instances: { min: 1, max: 20 }
        metrics:
          rps: { pushed: rps }
        rules:
          - rule: before the rush
            forecast: { metric: rps, value: 50, per: instance, season: 1h, step: 5m, ahead: 10m, maxError: 50% }
          - rule: fifty each
            target: { metric: rps, value: 50, per: instance }
        scaleOut: { stabilization: 0s, limit: [] }
        scaleIn: { stabilization: 0s, limit: [] }
        """;

    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_manager_that_starts_again_knows_the_rush_that_another_has_learnt()
    {
        await using var term = await TermUnderTest.StartAsync(Policy);
        term.Marathon.Add(App, 1);
        await RunUntilAsync(term, 3 * 60 + 39);
        Assert.Contains(term.Records(App), record => record.Rule == Rush && record.Kind == DecisionKind.ScaleOut);
        var before = term.Records(App)[0].Id;

        await term.KillManagerAsync();
        await term.StartManagerAsync();
        await RunUntilAsync(term, 3 * 60 + 44);

        var rush = Assert.Single(term.Records(App), record => string.CompareOrdinal(record.Id, before) > 0 && record.Kind
            == DecisionKind.ScaleOut);
        Assert.Equal((Rush, DecisionOutcome.Applied), (rush.Rule, rush.Outcome));
        Assert.True(rush.To >= 9, rush.Reason);
    }

    [Fact]
    public async Task Another_text_of_the_policy_forgets_nothing_and_without_history_nothing_is_known()
    {
        await using var term = await TermUnderTest.StartAsync(Policy);
        term.Marathon.Add(App, 1);
        await RunUntilAsync(term, 45);
        Assert.DoesNotContain(term.Records(App), record => record.Rule == Rush);
        await RunUntilAsync(term, 3 * 60 + 39);
        var before = term.Records(App)[0].Id;

        term.Policies =
            new PolicySet(PolicyParser.Parse("p.yml", Policy.Replace("max: 20", "max: 7", StringComparison.Ordinal)).Policies);
        await RunUntilAsync(term, 3 * 60 + 44);

        var rush = Assert.Single(term.Records(App), record => string.CompareOrdinal(record.Id, before) > 0 && record.Kind
            == DecisionKind.ScaleOut);
        Assert.Equal((Rush, 7), (rush.Rule, rush.To));
    }

    [Fact]
    public async Task Two_seasons_are_kept_and_what_is_older_leaves_the_store()
    {
        await using var backend = await ManagerUnderTest.BackendAsync();
        await using var office = await backend.Election.StandAsync("manager", "http://127.0.0.1:1");
        var history = new ForecastHistory(backend.Store, NullLogger<ForecastHistory>.Instance);
        var sample = new ForecastSample("rps", TimeSpan.FromMinutes(1), TimeSpan.FromHours(4), 1);
        for (var minute = 0; minute < 4 * ForecastHistory.ChunkLength; minute++)
        {
            history.Add(App, sample with { Value = minute }, Noon.AddMinutes(minute));
            await history.FlushAsync(office.Fence, Noon.AddMinutes(minute), default);
        }

        var again = new ForecastHistory(backend.Store, NullLogger<ForecastHistory>.Instance);
        await again.LoadAsync(default);
        var samples = again.Read(App, "rps");
        Assert.InRange(samples.Count, 8 * 60, (8 * 60) + ForecastHistory.ChunkLength);
        Assert.Equal((4 * ForecastHistory.ChunkLength) - 2, samples[^1].Value);
        Assert.Equal(samples[^1].Value, (samples[^1].At - Noon).TotalMinutes);
        Assert.Equal(samples.OrderBy(one => one.At), samples);
    }

    [Fact]
    public async Task A_store_that_is_away_costs_nothing_and_what_is_no_history_is_left_out()
    {
        await using var backend = await ManagerUnderTest.BackendAsync();
        await using var office = await backend.Election.StandAsync("manager", "http://127.0.0.1:1");
        var store = new FaultyStore(backend.Store) { Failure = new StateUnavailableException("away") };
        var history = new ForecastHistory(store, NullLogger<ForecastHistory>.Instance);
        var sample = new ForecastSample("rps", TimeSpan.FromMinutes(1), TimeSpan.FromHours(4), 1);
        for (var minute = 0; minute < 5; minute++)
            history.Add(App, sample with { Value = minute == 2 ? double.NaN : minute }, Noon.AddMinutes(minute));
        await history.FlushAsync(office.Fence, Noon.AddMinutes(5), default);
        store.Failure = null;
        await history.FlushAsync(office.Fence, Noon.AddMinutes(7), default);
        await backend.Store.WriteAsync([
            new StateWrite(ForecastHistory.Prefix + "a", "{"u8.ToArray()),
            new StateWrite(ForecastHistory.Prefix + "b",
                """{"app":"/x","metric":"m","step":0,"season":0,"first":-1,"values":[]}"""u8.ToArray()),
        ]);

        var again = new ForecastHistory(backend.Store, NullLogger<ForecastHistory>.Instance);
        await again.LoadAsync(default);
        Assert.Equal([0, 1, 3], again.Read(App, "rps").Select(one => one.Value));
        Assert.Empty(again.Read("/x", "m"));
    }

    /// <summary>Ticks each minute; in the last ten minutes of every hour the load is tenfold.</summary>
    private static async Task RunUntilAsync(TermUnderTest term, int minutes)
    {
        var start = new DateTimeOffset(2026, 11, 24, 19, 0, 0, TimeSpan.Zero);
        while (term.Time.GetUtcNow() < start.AddMinutes(minutes))
        {
            term.Metrics[App, "rps"] = term.Time.GetUtcNow().AddMinutes(1).Minute >= 50 ? 500 : 50;
            await term.TickAsync(60);
        }
    }
}
