using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.CSharp.Tests;

/// <summary>Rules in C# in the decision engine, beside policies and coordinations.</summary>
public sealed class CodeRulesTests : IDisposable
{
    private const string Files = """
        policy: web
        app: /shop/web
        instances: { min: 1, max: 20 }
        scaleOut: { limit: none }
        scaleIn: { stabilization: 0s }
        metrics: { load: { actuator: load } }
        rules: [ { rule: own, when: load >= 0, then: { set: load } } ]
        ---
        policy: behind
        app: [ /shop/api, /shop/db ]
        instances: { min: 1, max: 20 }
        scaleOut: { limit: none }
        scaleIn: { stabilization: 0s }
        rules: [ { rule: least, when: instances > 1, then: { set: 1 } } ]
        ---
        coordination: shop
        apps: { api: /shop/api, db: /shop/db }
        rules: [ { rule: the database follows, when: api.wanted > db.wanted, then: { db: { atLeast: api.wanted } } } ]
        """;

    private static readonly string Follows = Over("Follows", "web.Wanted > 2 * api.Wanted", """
        new AtLeast(api, web.Wanted / 2, "the api is behind")
        """);

    private readonly RuleBuilder _builder = new(TimeProvider.System);
    private readonly DecisionEngine _engine = new();
    private readonly Load _load = new();
    private readonly Dictionary<string, int> _counts = new()
    {
        ["/shop/web"] = 2,
        ["/shop/api"] = 1,
        ["/shop/db"] = 1,
    };

    private DateTimeOffset _now = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    public CodeRulesTests()
    {
        var file = PolicyParser.Parse("shop.yml", Files);
        Assert.Empty(file.Problems);
        _engine.Use(new PolicySet(file.Policies) { Coordinations = file.Coordinations });
    }

    public void Dispose() => _builder.Dispose();

    [Fact]
    public void A_chain_goes_through_rules_in_c_sharp_and_those_of_files_in_one_tick()
    {
        _engine.UseCode(RuleSources.Build(_builder, Follows).Code);
        Assert.Equal("/shop/api 1, /shop/db 1, /shop/web 2", Tick());
        _load.Value = 12;
        var decision = Decide()["/shop/db"];
        Assert.Equal(6, decision.To);
        Assert.Equal(
            ["/shop/web wants 12", "/shop/api at least 6", "/shop/db at least 6"],
            decision.Chain.Select(link => $"{link.App} {link.Effect}"));
        Assert.StartsWith("the api is behind (/shop/web (", decision.Chain[1].Why, StringComparison.Ordinal);
        Assert.Equal("/shop/api 6, /shop/db 6, /shop/web 12", Tick());
        _load.Value = 2;
        Assert.Equal("/shop/api 1, /shop/db 1, /shop/web 2", Tick());
    }

    [Fact]
    public void What_is_unknown_in_a_rule_keeps_its_apps_from_shrinking()
    {
        _engine.UseCode(RuleSources.Build(_builder, Over("Busy", "web[\"load\"] > 10", "new AtLeast(api, 5, \"busy\")")).Code);
        _load.Value = 12;
        Assert.Equal("/shop/api 5, /shop/db 5, /shop/web 12", Tick());
        _load.Value = double.NaN;
        Assert.Equal("/shop/api 5, /shop/db 5, /shop/web 12", Tick());
        Assert.Contains("no scale-in while that is unknown", Decide()["/shop/api"].Reason, StringComparison.Ordinal);
        _load.Value = 3;
        Assert.Equal("/shop/api 1, /shop/db 1, /shop/web 3", Tick());
    }

    [Fact]
    public void A_rule_that_throws_holds_its_island_by_name_until_it_works()
    {
        _engine.UseCode(RuleSources.Build(_builder,
            Over("Broken", "web.Wanted > 5", "new AtLeast(api, int.Parse(web.Id), \"never\")")).Code);
        Assert.Equal("/shop/api 1, /shop/db 1, /shop/web 2", Tick());
        _load.Value = 8;
        var faults = new List<string>();
        Assert.Empty(Decide(faults));
        Assert.Equal(3, faults.Count);
        Assert.All(faults, fault => Assert.Contains("the rule 'Broken'", fault, StringComparison.Ordinal));
        _load.Value = 3;
        Assert.Equal("/shop/api 1, /shop/db 1, /shop/web 3", Tick());
    }

    [Fact]
    public void Another_version_takes_the_place_of_the_one_before_and_none_ends_it()
    {
        _load.Value = 12;
        _engine.UseCode(RuleSources.Build(_builder, Follows).Code);
        Assert.Equal("/shop/api 6, /shop/db 6, /shop/web 12", Tick());
        _engine.UseCode(RuleSources.Build(_builder, Over("Follows", "web.Wanted > api.Wanted",
            "new AtLeast(api, web.Wanted, \"closer\")")).Code);
        Assert.Equal("/shop/api 12, /shop/db 12, /shop/web 12", Tick());
        _engine.UseCode(null);
        Assert.Equal("/shop/api 1, /shop/db 1, /shop/web 12", Tick());
    }

    private static string Over(string name, string when, string then) => $$"""
        [Name("{{name}}")]
        [Apps("/shop/web", "/shop/api")]
        public sealed class {{name}}Rule : Rule
        {
            public override void Define()
            {
                App web = default!, api = default!;
                When()
                    .Match(() => web, app => app.Id == "/shop/web")
                    .Match(() => api, app => app.Id == "/shop/api", api => {{when}});
                Then().Yield(_ => {{then}});
            }
        }
        """;

    private string Tick()
    {
        foreach (var (app, decision) in Decide()) _counts[app] = decision.To;
        return string.Join(", ", _counts.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"{pair.Key} {pair.Value}"));
    }

    private Dictionary<string, Decision> Decide(List<string>? faults = null)
    {
        _now += TimeSpan.FromSeconds(5);
        _engine.Know([.. _counts.Keys.Select(id => new AppRef(id, null))]);
        var decided = new Dictionary<string, Decision>();
        _engine.DecideAll(
            _counts.Select(pair => (
                new AppRef(pair.Key, null), new AppFacts(pair.Key, pair.Value, pair.Value, 0, false, _now) { Waiting = 0 })),
            _load, (app, decision, fault) =>
            {
                if (decision is not null) decided.Add(app.Id, decision);
                else (faults ?? throw fault!).Add(fault!.Message);
            });
        return decided;
    }

    private sealed class Load : IMetricReader
    {
        public double Value { get; set; } = 2;

        public MetricReading Read(string appId, MetricQuery query, DateTimeOffset now) =>
            double.IsNaN(Value) ? MetricReading.Unknown("no sample") : new MetricReading(Value, null, 1, 1, now);

        public void ReadInstances(string appId, MetricQuery query, DateTimeOffset now, ICollection<InstanceReading> into)
        {
        }
    }
}
