using BenchmarkDotNet.Attributes;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;
using RulesEngine.Models;

namespace LifecycleManager.Benchmarks.Decisions;

/// <summary>
/// 10,000 apps with 5 rules each, all of them holding: the tick of a quiet cluster. The promise is under 50 ms on one core
/// without any allocation; the rules alone at least ten times as fast as the RulesEngine package on the same five conditions.
/// </summary>
[MemoryDiagnoser]
public class DecisionBenchmarks
{
    private const int Apps = 10_000;

    private const string Policies = """
        policy: all
        app: /apps/*
        instances: { min: 1, max: 20 }
        metrics:
          tpm: { actuator: gauge.servo.tpm, across: sum }
          cpu: { actuator: system.cpu.usage }
          rps: { prometheus: requests_total, rate: 1m, across: sum }
        rules:
          - { rule: too many, when: tpm > 10 * instances and healthy == instances, for: 30s, then: { add: 1 } }
          - { rule: too few, when: instances > 1 and tpm < 8 * (instances - 1), for: 2m, then: { remove: 1 } }
          - { rule: hot, when: cpu > 90% or cpu / healthy > 50%, then: { add: 50% } }
          - { rule: busy, when: rps > 100 * instances and not (staged > 0), then: { add: 2 } }
          - { rule: slack, when: rps < 1 and cpu < 5% and time >= 22:00, then: { min: 2 } }
        """;

    private readonly DecisionEngine _engine = new(new BuiltInRuleEngine());
    private readonly Reader _reader = new();
    private readonly IRuleSession _session = new BuiltInRuleEngine().Compile(PolicySet.Empty);
    private readonly RuleTick _tick = new();
    private Policy _policy = null!;
    private RuleOpinion[] _opinions = [];
    private (Interval[] Slots, RuleState[] States)[] _states = [];
    private AppRef[] _apps = [];
    private DateTimeOffset _now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private RulesEngine.RulesEngine _other = null!;
    private Input[] _inputs = [];

    /// <summary>One app's numbers, as the RulesEngine package takes them.</summary>
    public sealed record Input(double Tpm, double Cpu, double Rps, double Instances, double Healthy, double Staged, double Time);

    /// <summary>Makes the apps, and lets each have its first tick.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _policy = PolicyParser.Parse("bench.yml", Policies).Policies[0];
        _engine.Use(new PolicySet([_policy]));
        _opinions = new RuleOpinion[_policy.RuleArray.Length];
        Interval[] slots = [3, 3, 0, 1, 20, 43200, .. _policy.Reads.Select(read =>
            read.Text switch { "tpm" => (Interval)25, "cpu" => 0.4, _ => 200 })];
        _states = [.. Enumerable.Range(0, Apps).Select(_ => ((Interval[])slots.Clone(), new RuleState[_opinions.Length]))];
        _apps = [.. Enumerable.Range(0, Apps).Select(i => new AppRef($"/apps/{i}", null))];
        Tick();
        _inputs = [.. Enumerable.Range(0, Apps).Select(_ => new Input(25, 0.4, 200, 3, 3, 0, 43200))];
        string[] conditions =
        [
            "app.Tpm > 10 * app.Instances && app.Healthy == app.Instances",
            "app.Instances > 1 && app.Tpm < 8 * (app.Instances - 1)",
            "app.Cpu > 0.9 || app.Cpu / app.Healthy > 0.5",
            "app.Rps > 100 * app.Instances && !(app.Staged > 0)",
            "app.Rps < 1 && app.Cpu < 0.05 && app.Time >= 79200",
        ];
        var workflow = new Workflow
        {
            WorkflowName = "all",
            Rules = [.. conditions.Select((condition, i) =>
                new RulesEngine.Models.Rule { RuleName = $"r{i}", Expression = condition,
                    RuleExpressionType = RuleExpressionType.LambdaExpression })],
        };
        _other = new RulesEngine.RulesEngine([workflow]);
        _ = _other.ExecuteAllRulesAsync("all", new RuleParameter("app", _inputs[0])).AsTask().GetAwaiter().GetResult();
    }

    /// <summary>One tick: read, evaluate, combine, temper; nothing changes.</summary>
    [Benchmark(Baseline = true)]
    public int Tick()
    {
        _now += TimeSpan.FromSeconds(5);
        var changes = 0;
        foreach (var app in _apps)
        {
            if (_engine.Decide(app, new AppFacts(app.Id, 3, 3, 0, false, _now), _reader)!.Kind != DecisionKind.Hold) changes++;
        }

        return changes;
    }

    /// <summary>The rules alone, on numbers that are there, as the RulesEngine package has them below.</summary>
    [Benchmark]
    public int RulesAlone()
    {
        _now += TimeSpan.FromSeconds(5);
        var held = 0;
        foreach (var (slots, states) in _states)
        {
            _tick.Facts = new AppFacts("/apps/0", 3, 3, 0, false, _now);
            (_tick.Previous, _tick.Slots, _tick.States) = (_now, slots, states);
            _session.Evaluate(_policy, _tick, _opinions);
            foreach (ref readonly var opinion in _opinions.AsSpan())
            {
                if (opinion.Verdict == RuleVerdict.Count) held++;
            }
        }

        return held;
    }

    /// <summary>The conditions alone in the RulesEngine package.</summary>
    [Benchmark]
    public async Task<int> RulesEnginePackage()
    {
        var held = 0;
        foreach (var input in _inputs)
        {
            foreach (var result in await _other.ExecuteAllRulesAsync("all", new RuleParameter("app", input))
                .ConfigureAwait(false))
            {
                if (result.IsSuccess) held++;
            }
        }

        return held;
    }

    private sealed class Reader : IMetricReader
    {
        public MetricReading Read(string appId, MetricQuery query, DateTimeOffset now) => new(
            query.Source == MetricSource.Prometheus ? 200 : query.Across == Aggregation.Sum ? 25 : 0.4, null, 3, 3, now);

        public void ReadInstances(string appId, MetricQuery query, DateTimeOffset now, ICollection<InstanceReading> into)
        {
        }
    }
}
