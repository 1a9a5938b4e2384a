using LifecycleManager.Decisions.Engine;
using LifecycleManager.Manager.Tests.Fakes;

namespace LifecycleManager.Manager.Tests.Evaluation;

/// <summary>Apps are decided when their readings arrive and when something is due, not at the next tick.</summary>
public sealed class ArrivalsTests
{
    private const string App = "/brownfield/search";
    private const string Other = "/brownfield/other";
    private const string Tpm = "gauge.servo.tpm";

    /// <summary>The clock may have gone some steps on before a decision that is due is made on another thread.</summary>
    private static readonly TimeSpan Steps = TimeSpan.FromMilliseconds(900);

    private static readonly string Both = TermUnderTest.Search.Replace(App, "/brownfield/*", StringComparison.Ordinal);

    [Fact]
    public async Task A_reading_that_arrives_between_two_ticks_is_decided_at_once_and_alone()
    {
        await using var term = await StartAsync(Both, App, Other);
        term.Metrics[App, Tpm] = term.Metrics[Other, Tpm] = 24;

        term.Metrics.Arrivals.Add([App]);
        await Eventually.TrueAsync(() => !term.Marathon.Puts.IsEmpty);
        await term.SettledAsync();

        Assert.Equal(App, Assert.Single(term.Marathon.Puts).App);
        Assert.Equal(3, term.State.Snapshot.Apps[App].Evaluation.To);
        Assert.Equal(2, term.State.Snapshot.Apps[Other].Evaluation.To);
        Assert.Contains("lcm_manager_rounds_total 1", await term.MetricsTextAsync());
    }

    [Fact]
    public async Task A_round_reads_the_counts_anew_so_that_none_rests_on_what_somebody_has_changed()
    {
        await using var term = await StartAsync(TermUnderTest.Search, App);
        term.Marathon[App].Instances = term.Marathon[App].Running = 5;
        term.Metrics[App, Tpm] = 60;

        term.Metrics.Arrivals.Add([App]);
        await Eventually.TrueAsync(() => !term.Marathon.Puts.IsEmpty);

        Assert.Equal((5, 6), (term.Records()[0].From, term.Records()[0].To));
    }

    [Fact]
    public async Task What_a_coordination_ties_to_an_app_is_decided_with_it_on_counts_as_fresh()
    {
        var policies = string.Join("\n---\n",
            TermUnderTest.Search, TermUnderTest.Search.Replace("search", "other", StringComparison.Ordinal), $$"""
            coordination: shop
            apps: { web: {{App}}, api: {{Other}} }
            rules:
              - rule: the api follows the web tier
                when: web.wanted > api.wanted
                then: { api: { atLeast: web.wanted } }
            """);
        await using var term = await StartAsync(policies, App, Other);
        term.Marathon[App].Instances = term.Marathon[App].Running = 6;
        term.Marathon[Other].Instances = term.Marathon[Other].Running = 5;
        (term.Metrics[App, Tpm], term.Metrics[Other, Tpm]) = (70, 35);

        term.Metrics.Arrivals.Add([App]);
        await Eventually.TrueAsync(() => term.Marathon.Puts.Count == 2);

        Assert.Equal((6, 7), (term.Records(App)[0].From, term.Records(App)[0].To));
        Assert.Equal((5, 7), (term.Records(Other)[0].From, term.Records(Other)[0].To));
    }

    [Fact]
    public async Task When_nothing_arrives_any_more_the_tick_still_comes()
    {
        await using var term = await StartAsync(TermUnderTest.Search, App);
        term.Metrics[App, Tpm] = 24;
        var ticked = term.State.Snapshot.LastTick!.At;

        // A collector that has died tells nothing.
        await UntilAsync(term, () => !term.Marathon.Puts.IsEmpty);

        Assert.InRange(term.Records()[0].At - ticked, TimeSpan.FromSeconds(4.9), TimeSpan.FromSeconds(5) + Steps);
    }

    [Fact]
    public async Task A_target_that_is_away_is_asked_at_ticks_alone()
    {
        await using var term = await StartAsync(TermUnderTest.Search, App);
        term.Marathon.Fault = http =>
        {
            http.Abort();
            return Task.FromResult(true);
        };
        await term.TickAsync(1);
        var asked = term.Marathon.Requests.Count;
        term.Metrics[App, Tpm] = 24;
        term.Metrics.Arrivals.Add([App]);
        await term.Term.ExplainAsync(App);
        Assert.Equal(asked, term.Marathon.Requests.Count);

        term.Marathon.Fault = null;
        await term.TickAsync(4);
        Assert.Equal(3, term.Marathon[App].Instances);
    }

    [Theory]
    [InlineData("for: 30s, ", "scaleOut: { stabilization: 0s, limit: [] }", 30)]
    [InlineData("", "scaleOut: { stabilization: 17s, limit: [] }", 17)]
    public async Task What_ripens_is_done_to_the_second(string wait, string behavior, double seconds)
    {
        await using var term = await StartAsync(Policy(wait, behavior), App);
        term.Metrics[App, Tpm] = 24;
        term.Metrics.Arrivals.Add([App]);
        await Eventually.TrueAsync(() => term.State.Snapshot.Apps[App].Evaluation.Reason.Length > 0);
        var began = await DecidedAsync(term);

        await UntilAsync(term, () => !term.Marathon.Puts.IsEmpty);

        // The window goes back to what was recommended before the load came.
        Assert.InRange(term.Records()[0].At - began, TimeSpan.FromSeconds(seconds - 2.01), TimeSpan.FromSeconds(seconds) + Steps);
    }

    [Theory]
    [InlineData("scaleOut: { stabilization: 0s, limit: [], cooldown: 33s }", 33)]
    [InlineData("scaleOut: { stabilization: 0s, limit: [ 1 per 41s ] }", 41)]
    public async Task What_held_a_count_is_over_to_the_second(string behavior, double seconds)
    {
        await using var term = await StartAsync(Policy("", behavior), App);
        term.Metrics[App, Tpm] = 100;
        term.Metrics.Arrivals.Add([App]);
        await Eventually.TrueAsync(() => !term.Marathon.Puts.IsEmpty);
        await term.SettledAsync();

        await UntilAsync(term, () => term.Marathon.Puts.Count == 2);

        var changes = term.Records().Where(record => record.Kind == DecisionKind.ScaleOut).ToList();
        Assert.InRange(changes[0].At - changes[1].At, TimeSpan.FromSeconds(seconds), TimeSpan.FromSeconds(seconds) + Steps);
    }

    [Fact]
    public async Task A_change_that_somebody_else_makes_meanwhile_and_a_change_under_way_are_not_decided_twice()
    {
        await using var term = await StartAsync(TermUnderTest.Search, App);
        var release = new TaskCompletionSource();
        term.Marathon.Fault = LifecycleManager.Testing.FakeMarathon.OnPut(async http =>
        {
            await release.Task;
            await term.Marathon.PutAsync(http, App);
        });
        term.Metrics[App, Tpm] = 100;
        term.Metrics.Arrivals.Add([App]);
        await Eventually.TrueAsync(() => term.Term.InFlight == 1);

        // The round that set it off has ended once a call is answered: it must not seem to have taken the second that follows.
        await term.Term.ExplainAsync(App);
        term.Time.Advance(TimeSpan.FromSeconds(1));
        term.Metrics.Arrivals.Add([App]);
        await Eventually.TrueAsync(() => !term.Metrics.Arrivals.Any);
        await term.Term.ExplainAsync(App);
        release.SetResult();
        await term.SettledAsync();

        Assert.Single(term.Records(), record => record.Kind == DecisionKind.ScaleOut);
        Assert.Single(term.Marathon.Puts);
    }

    private static async Task<TermUnderTest> StartAsync(string policy, params string[] apps)
    {
        var term = await TermUnderTest.StartAsync(policy, options => options with { Tick = TimeSpan.FromSeconds(5) });
        foreach (var app in apps)
        {
            term.Marathon.Add(app, 2);
            term.Metrics[app, Tpm] = 15;
        }

        await term.TickAsync(5);

        // In the middle of a period.
        term.Time.Advance(TimeSpan.FromSeconds(2));
        term.Marathon.Requests.Clear();
        return term;
    }

    private static async Task<DateTimeOffset> DecidedAsync(TermUnderTest term)
    {
        await Eventually.TrueAsync(() => !term.Metrics.Arrivals.Any);
        await term.Term.ExplainAsync(App);
        return term.Time.GetUtcNow();
    }

    /// <summary>Goes on in small steps; each is worked off before the next.</summary>
    private static async Task UntilAsync(TermUnderTest term, Func<bool> done)
    {
        for (var step = 0; step < 2_000 && !done(); step++)
        {
            term.Time.Advance(TimeSpan.FromMilliseconds(100));
            await IdleAsync(term);
        }

        await Eventually.TrueAsync(done);
        await term.SettledAsync();
    }

    private static async Task IdleAsync(TermUnderTest term)
    {
        // What was set off by the step is an input or a read by now; a call answers after both.
        await term.Term.ExplainAsync(App);
        await Eventually.TrueAsync(() => term.Term.IsIdle);
        await term.Term.ExplainAsync(App);
    }

    private static string Policy(string wait, string behavior) => $$"""
        policy: search
        app: {{App}}
        instances: { min: 1, max: 10 }
        metrics:
          tpm: { actuator: gauge.servo.tpm, across: sum }
        rules:
          - rule: too many transactions
            when: tpm > 10 * instances
            {{(wait.Length > 0 ? wait.TrimEnd(' ', ',') : "for: 0s")}}
            then: { add: 1 }
        {{behavior}}
        """;
}
