using System.Text.Json;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>What the engine remembers of an app goes on in another process, by another clock.</summary>
public sealed class MemoryTests
{
    private const string Policy = """
        policy: p
        app: /search
        instances: { min: 1, max: 50 }
        metrics:
          tpm: { actuator: tpm, across: sum }
        rules:
          - { rule: more, when: tpm > 10 * instances, then: { add: 1 } }
          - { rule: less, when: tpm < 5 * instances, then: { remove: 1 } }
        scaleOut: { limit: 1 per 10m }
        scaleIn: { stabilization: 5m, limit: [] }
        """;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_engine_that_is_carried_over_at_any_tick_decides_as_one_that_runs_through(bool worse)
    {
        var (handed, moved, waited, taken) = (0, 0, 0, 0);
        for (var seed = 0; seed < 250; seed++)
        {
            var random = new Random(seed);
            var text = RandomPolicies.Write(random, worse);

            // What forecasts have learnt has a history of its own.
            if (text.Contains("forecast", StringComparison.Ordinal)) continue;
            var policies = new PolicySet(PolicyParser.Parse("p.yml", text).Policies);
            var (through, carried) = (new DecisionEngine(), new DecisionEngine());
            through.Use(policies);
            carried.Use(policies);
            var (run, shift) = (new RandomSeries(random), TimeSpan.Zero);
            for (var tick = 0; tick < 30; tick++)
            {
                var (successor, off) = (random.Next(4) == 0 ? Successor(carried, policies, run.Apps) : null, run.Off);
                run.Next();
                if (successor is not null && run.Off == off)
                {
                    (carried, shift) = (successor, TimeSpan.FromDays(random.Next(-9, 9)));
                    handed++;
                }

                foreach (var app in run.Apps)
                {
                    var facts = run.Facts(app);
                    var expected = through.Decide(new AppRef(app, null), facts, run.Metrics)!;
                    carried.Decide(new AppRef(app, null), facts with { Steady = facts.Steady + shift }, run.Metrics);
                    var where = $"seed {seed}, tick {tick}, {app}\n{text}";
                    Same(through.Explain(app)!, carried.Explain(app)!, where);
                    Assert.True(through.Opinions(app).SequenceEqual(carried.Opinions(app)), where);
                    run.Apply(app, expected);
                    if (expected.Kind != DecisionKind.Hold) moved++;
                    if (expected.Adjustments.Any(step => step.By == "worse")) taken++;
                    Assert.Equal(through.Report(app)!.ScaleInHeld, carried.Report(app)!.ScaleInHeld);
                    if (through.Opinions(app).Any(opinion => opinion.Verdict == Decisions.Rules.RuleVerdict.Waiting)) waited++;
                }
            }
        }

        // What never happens proves nothing.
        Assert.True(Math.Min(handed, Math.Min(moved, waited)) > 300, $"{handed} {moved} {waited}");
        Assert.True(worse ? taken > 150 : taken == 0, $"{taken}");
    }

    [Fact]
    public void A_limit_counts_what_was_done_before()
    {
        var run = new Carried(Policy, 2);
        run.Metrics["tpm"] = 500;
        Assert.Equal(3, run.Tick());
        for (var i = 0; i < 5; i++)
        {
            run.Restart();
            Assert.Equal(3, run.Tick());
        }

        run.Pass(TimeSpan.FromMinutes(10));
        Assert.Equal(4, run.Tick());
    }

    [Fact]
    public void A_policy_that_is_edited_while_a_change_is_on_its_way_counts_it()
    {
        var run = new Carried(Policy, 2);
        run.Metrics["tpm"] = 500;
        Assert.Equal(3, run.Tick());
        run.Use(Policy + "\nx-note: edited");
        Assert.Equal(3, run.Tick());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_change_that_was_on_its_way_counts_where_its_count_is_found(bool arrived)
    {
        var run = new Carried(Policy, 2) { Applies = arrived };
        run.Metrics["tpm"] = 500;
        run.Tick();
        run.Restart();
        run.Applies = true;
        Assert.Equal(3, run.Tick());
    }

    [Theory]
    [InlineData(-3600, 600)]
    [InlineData(-1, 596)]
    [InlineData(0, 595)]
    [InlineData(300, 295)]
    [InlineData(3600, 0)]
    public void What_a_clock_that_was_set_puts_into_the_future_is_taken_for_now(int jump, int left)
    {
        var run = new Carried(Policy, 2);
        run.Metrics["tpm"] = 500;
        run.Tick();

        // The change counts from the tick that asked for it, five seconds before the successor's first.
        run.Restart();
        run.Jump = TimeSpan.FromSeconds(jump);
        Assert.Equal(left > 0 ? 3 : 4, run.Tick());
        if (left == 0) return;
        run.Pass(TimeSpan.FromSeconds(left - 6));
        Assert.Equal(3, run.Tick(5));
        Assert.Equal(4, run.Tick(1));
    }

    [Fact]
    public void A_wait_goes_on_and_ends_where_its_condition_has_ended()
    {
        var run = new Carried(Policy.Replace("then: { add: 1 }", "for: 60s, then: { add: 1 }", StringComparison.Ordinal)
            .Replace("limit: 1 per 10m", "limit: []", StringComparison.Ordinal), 2);
        run.Metrics["tpm"] = 500;
        for (var i = 0; i < 8; i++) run.Tick();
        run.Restart();
        for (var i = 8; i < 12; i++) Assert.Equal(2, run.Tick());
        Assert.Equal(3, run.Tick());

        for (var i = 0; i < 8; i++) run.Tick();
        run.Restart();
        run.Metrics["tpm"] = 25;
        run.Tick();
        run.Metrics["tpm"] = 500;
        for (var i = 0; i < 12; i++) Assert.Equal(3, run.Tick());
        Assert.Equal(4, run.Tick());
    }

    [Fact]
    public void A_peak_holds_scale_in_for_the_rest_of_its_window()
    {
        var run = new Carried(Policy.Replace("limit: 1 per 10m", "limit: []", StringComparison.Ordinal), 10);
        run.Metrics["tpm"] = 75;
        for (var i = 0; i < 12; i++) run.Tick();
        run.Metrics["tpm"] = 1;
        run.Tick();
        run.Restart();
        for (var i = 1; i < 59; i++) Assert.Equal(10, run.Tick());
        Assert.Equal(9, run.Tick());
    }

    [Fact]
    public void After_a_long_absence_the_count_that_is_found_is_a_recommendation()
    {
        var run = new Carried(Policy, 10);
        run.Metrics["tpm"] = 75;
        run.Tick();
        run.Restart();
        run.Pass(TimeSpan.FromHours(8));
        run.Metrics["tpm"] = 1;
        for (var i = 0; i < 60; i++) Assert.Equal(10, run.Tick());
        Assert.Equal(9, run.Tick());
    }

    [Fact]
    public void Under_another_policy_nothing_counts_and_under_another_text_timers_begin_anew()
    {
        var run = new Carried(Policy, 2);
        run.Metrics["tpm"] = 500;
        run.Tick();
        run.Restart(Policy + "\nx-note: edited");
        Assert.Equal(3, run.Tick());
        run.Restart(Policy.Replace("policy: p", "policy: q", StringComparison.Ordinal));
        Assert.Equal(4, run.Tick());
    }

    [Fact]
    public void Of_a_quiet_app_there_is_nothing_to_keep_and_nothing_new()
    {
        var run = new Carried(Policy, 4);
        run.Metrics["tpm"] = 30;
        run.Tick();
        var (view, mark) = (run.View, run.View.Mark(asked: false));
        Assert.True(view.Export(null, asked: false).IsPlain);
        for (var i = 0; i < 100; i++)
        {
            run.Tick();
            Assert.Equal(mark, run.View.Mark(asked: false));
        }

        // A busy one has news, and a document that says the same is told from one that does not.
        run.Metrics["tpm"] = 500;
        run.Tick();
        Assert.NotEqual(mark.Deeds, run.View.Mark(asked: true).Deeds);
        run.Tick();
        var memory = run.View.Export(null, asked: false);
        Assert.False(memory.IsPlain);
        Assert.True(memory.SaysTheSame(Copy(memory)));
        Assert.False(memory.SaysTheSame(memory with { Instances = 9 }));
        Assert.False(memory.SaysTheSame(memory with { Changes = [] }));
        Assert.True(memory.SaysTheSame(memory.AsOf(memory.At.AddHours(1))));
        Assert.Equal(memory.At.AddHours(1), memory.AsOf(memory.At.AddHours(1)).Highest[^1].At);
    }

    [Fact]
    public void A_document_that_cannot_be_what_was_written_is_told()
    {
        var run = new Carried(Policy, 2);
        run.Metrics["tpm"] = 500;
        run.Tick();
        run.Tick();
        var memory = run.View.Export("made then", asked: true);
        Assert.True(memory.IsSound);
        var at = memory.At;
        foreach (var damaged in (StoredMemory[])
            [
                memory with { Version = 2 }, memory with { App = "" }, memory with { At = default },
                memory with { Instances = -1 }, memory with { Max = -1 }, memory with { Asked = new StoredCountChange(at, -1, 2) },
                memory with { Changes = [new StoredCount(at, 1), new StoredCount(at.AddSeconds(-1), 1)] },
                memory with { Highest = [new StoredCount(at, -1)] }, memory with { Rules = [new StoredRule(-1, null, null, 0)] },
                memory with { Changes = [null!] },
            ])
        {
            Assert.False(damaged.IsSound);
        }
    }

    private static DecisionEngine Successor(DecisionEngine engine, PolicySet policies, IEnumerable<string> apps)
    {
        var stored = apps.Where(app => engine.Memory(app) is not null)
            .ToDictionary(app => app, app => Copy(engine.Memory(app)!.Value.Export(null, asked: true)));
        var successor = new DecisionEngine();
        successor.Use(policies);
        successor.UseMemory(stored.GetValueOrDefault);
        return successor;
    }

    private static StoredMemory Copy(StoredMemory memory) =>
        JsonSerializer.Deserialize<StoredMemory>(JsonSerializer.Serialize(memory))!;

    private static void Same(Decision expected, Decision actual, string where)
    {
        Assert.True((expected.To, expected.Rule, expected.Reason) == (actual.To, actual.Rule, actual.Reason),
            $"{where}\n{expected.To} {expected.Reason}\n{actual.To} {actual.Reason}");
        Assert.True(expected.Adjustments.SequenceEqual(actual.Adjustments), where);
    }

    /// <summary>One app, whose engine is replaced by another process' now and then.</summary>
    private sealed class Carried
    {
        private DateTimeOffset _now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
        private DecisionEngine _engine = new();
        private TimeSpan _shift;
        private string _policy;
        private int _instances;

        public Carried(string policy, int instances)
        {
            _instances = instances;
            _policy = policy;
            Use(policy);
        }

        public FakeMetrics Metrics { get; } = new();

        public TimeSpan Jump { get; set; }

        public bool Applies { get; set; } = true;

        public MemoryView View => _engine.Memory("/search")!.Value;

        public void Use(string policy) => _engine.Use(Parse(_policy = policy));

        public void Pass(TimeSpan time) => _now += time;

        public void Restart(string? policy = null)
        {
            _engine = Successor(_engine, Parse(_policy = policy ?? _policy), ["/search"]);
            _shift += TimeSpan.FromDays(1);
        }

        public int Tick(int seconds = 5)
        {
            _now += TimeSpan.FromSeconds(seconds);
            var facts = new AppFacts("/search", _instances, _instances, 0, false, _now + Jump) { Steady = _now + _shift };
            var decision = _engine.Decide(new AppRef("/search", null), facts, Metrics)!;
            if (Applies) _instances = decision.To;
            return decision.To;
        }

        private static PolicySet Parse(string policy)
        {
            var file = PolicyParser.Parse("p.yml", policy);
            Assert.DoesNotContain(file.Problems, problem => problem.Severity == PolicySeverity.Error);
            return new PolicySet(file.Policies);
        }
    }
}
