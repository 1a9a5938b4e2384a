using System.Diagnostics;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Benchmarks.Decisions;

/// <summary>
/// 10,000 apps with 5 rules each, under one policy or under 1,000. The promise, on one core: all facts changed 200 ms and 20 MB,
/// 1 % changed 5 ms, none changed 1 ms. As the manager does it: those are decided that have new readings, or of which time alone
/// may change what is decided. Decisions are carried out.
/// </summary>
[MemoryDiagnoser]
public class DecisionBenchmarks
{
    private const int Apps = 10_000;

    /// <summary>Bounds, three metrics and five rules.</summary>
    internal const string Body = """
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
          - { rule: slack, when: rps < 1 and cpu < 5% and staged == 0, then: { min: 2 } }
        """;

    /// <summary>What ties the apps of a policy together.</summary>
    private static string Tie(int policy) => $$"""
        coordination: c{{policy}}
        apps: { front: /{{policy}}/{{policy}}, all: '/{{policy}}/*' }
        rules:
          - rule: all follow
            when: front.wanted > 2 * all.wanted
            then: { all: { atLeast: front.wanted / 2 } }
          - rule: all make room
            when: cluster.waiting > 0 and all.priority < front.priority
            then: { all: { atMost: all.instances - 1 } }
          - rule: nothing behind a growing front shrinks
            when: front.wanted > front.instances
            then: { all: { hold: scaleIn } }
        ---
        budget: b{{policy}}
        apps: /{{policy}}/*
        instances: 400
        """;

    private readonly DecisionEngine _engine = new();
    private readonly Reader _reader = new();
    private readonly HashSet<string> _news = [];
    private AppRef[] _apps = [];
    private Dictionary<string, AppRef> _byId = [];
    private Dictionary<string, int> _counts = [];
    private int _turn = -1;
    private DateTimeOffset _now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>How many policies share the apps.</summary>
    [Params(1, 1000)]
    public int Policies { get; set; }

    /// <summary>Whether the apps of each policy are tied together by a coordination and a budget.</summary>
    public bool Coordinated { get; set; }

    /// <summary>How long the first decisions of all apps took: what a manager has before it that takes over.</summary>
    internal TimeSpan FirstTick { get; private set; }

    /// <summary>Makes the apps, and lets each have its first ticks.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var ties = Enumerable.Range(0, Coordinated ? Policies : 0)
            .Select(policy => PolicyParser.Parse($"{policy}.yml", Tie(policy))).ToList();
        _engine.Use(new PolicySet([.. Enumerable.Range(0, Policies).SelectMany(policy => PolicyParser.Parse($"{policy}.yml",
            $"policy: p{policy}\napp: /{policy}/*\n{Body}").Policies)])
        {
            Coordinations = [.. ties.SelectMany(tie => tie.Coordinations)],
            Budgets = [.. ties.SelectMany(tie => tie.Budgets)],
        });
        _apps = [.. Enumerable.Range(0, Apps).Select(i => new AppRef($"/{i % Policies}/{i}", null))];
        _byId = _apps.ToDictionary(app => app.Id);
        _counts = _apps.ToDictionary(app => app.Id, _ => 3);
        _engine.Know(_apps);
        var began = Stopwatch.GetTimestamp();
        AllChanged();
        FirstTick = Stopwatch.GetElapsedTime(began);
        for (var i = 1; i < 10; i++) AllChanged();
    }

    /// <summary>Another load at each app: conditions come and go.</summary>
    [Benchmark]
    public int AllChanged() => Tick(1);

    /// <summary>Another load at one app of a hundred.</summary>
    [Benchmark]
    public int OnePercentChanged() => Tick(100);

    /// <summary>No new reading at any app: whether time alone changes anything is all there is to ask.</summary>
    [Benchmark(Baseline = true)]
    public int NoneChanged() => Tick(int.MaxValue);

    /// <summary>New readings at each app, that say the same as before.</summary>
    [Benchmark]
    public int AllTheSame() => Tick(1, isOther: false);

    /// <summary>As many policies as there are, each with rules of its own: from the text to the first decision.</summary>
    public static int Load(int policies)
    {
        var engine = new DecisionEngine();
        engine.Use(new PolicySet([.. Enumerable.Range(0, policies).SelectMany(policy => PolicyParser.Parse($"{policy}.yml",
            $"policy: p{policy}\napp: /{policy}\n"
                + Body.Replace("cpu > 90%", $"cpu > {policy + 1}", StringComparison.Ordinal)).Policies)]));
        var apps = Enumerable.Range(0, policies).Select(i => (new AppRef($"/{i}", null),
            new AppFacts($"/{i}", 3, 3, 0, false, DateTimeOffset.UnixEpoch)));
        var reader = new Reader();
        for (var i = 0; i < policies; i++) reader.Change($"/{i}");
        var decided = 0;
        engine.DecideAll(apps, reader, (_, _, fault) => decided += fault is null ? 1 : throw fault);
        return decided;
    }

    private int Tick(int oneIn, bool isOther = true)
    {
        _now += TimeSpan.FromSeconds(5);
        var changes = 0;
        _turn++;
        _news.Clear();
        for (var i = _turn % Math.Min(oneIn, Apps); oneIn <= Apps && i < Apps; i += oneIn)
        {
            if (isOther) _reader.Change(_apps[i].Id);
            _news.Add(_apps[i].Id);
        }

        if (oneIn > 1) _news.UnionWith(_engine.DueBy(new Due(_now, _now)));
        _engine.DecideAll(_news.Select(Facts), _reader, (app, decision, fault) =>
        {
            if (fault is not null) throw fault;
            if (decision!.Kind != DecisionKind.Hold) changes++;
            _counts[app.Id] = decision.To;
        });
        return changes;
    }

    private (AppRef, AppFacts) Facts(string app) =>
        (_byId[app], new AppFacts(app, _counts[app], _counts[app], 0, false, _now));

    /// <summary>Every app's load, which goes through ten values in turn.</summary>
    internal sealed class Reader : IMetricReader
    {
        private readonly Dictionary<string, int> _loads = [];

        public void Change(string app) =>
            CollectionsMarshal.GetValueRefOrAddDefault(_loads, app, out _)++;

        public MetricReading Read(string appId, MetricQuery query, DateTimeOffset now)
        {
            var load = _loads[appId] % 10;
            var value = query.Source == MetricSource.Prometheus ? load * 60 : query.Across == Aggregation.Sum
                ? load * 6 : load / 10.0;
            return new MetricReading(value, null, 3, 3, now);
        }

        public void ReadInstances(string appId, MetricQuery query, DateTimeOffset now, ICollection<InstanceReading> into)
        {
        }
    }
}
