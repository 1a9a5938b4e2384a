using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tests.Engine.Islands;

/// <summary>
/// Several apps on a clock of their own. An app <c>/shop/web</c> wants what its metric <c>web</c> says; decisions are carried out
/// unless told otherwise.
/// </summary>
internal sealed class Shop
{
    private readonly SortedDictionary<string, (AppRef App, int Instances, int Waiting)> _apps = new(StringComparer.Ordinal);
    private readonly string _documents;
    private string _policies = "";

    /// <param name="documents">Coordinations and budgets.</param>
    public Shop(string documents) => _documents = documents;

    public DecisionEngine Engine { get; } = new();

    public FakeMetrics Metrics { get; } = new();

    public DateTimeOffset Now { get; set; } = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    public bool Applies { get; set; } = true;

    public bool Reverses { get; set; }

    public Dictionary<string, Exception> Faults { get; } = [];

    public int this[string name]
    {
        get => _apps["/shop/" + name].Instances;
        set => _apps["/shop/" + name] = _apps["/shop/" + name] with { Instances = value };
    }

    /// <summary>An app whose policy sets its count to its metric.</summary>
    public Shop Add(string name, int instances, int min = 1, int max = 20, int priority = 0, string more = "", double cpus = 1,
        string limit = "none", string? price = null, string scaleIn = "{ stabilization: 0s }", params string[] dependencies)
    {
        AddFree(name, instances, priority, cpus, price, dependencies);
        _policies += $$"""
            policy: {{name}}
            app: /shop/{{name}}
            instances: { min: {{min}}, max: {{max}} }
            scaleOut: { limit: {{limit}} }
            scaleIn: {{scaleIn}}
            metrics: { load: { actuator: {{name}} } }
            rules:
              - { rule: own, when: load >= 0, then: { set: load } }
            {{more}}
            ---

            """;
        Metrics[name] = instances;
        return this;
    }

    /// <summary>An app without a policy.</summary>
    public Shop AddFree(
        string name, int instances, int priority = 0, double cpus = 1, string? price = null, params string[] dependencies)
    {
        var app = new AppRef("/shop/" + name, price is null ? null : new Dictionary<string, string> { ["lcm.price"] = price })
        {
            Priority = priority,
            Cpus = cpus,
            Dependencies = [.. dependencies.Select(id => "/shop/" + id)],
        };
        _apps.Add(app.Id, (app, instances, 0));
        return this;
    }

    public Shop Load()
    {
        var file = PolicyParser.Parse("shop.yml", _policies + _documents);
        Assert.Equal([], file.Problems.Where(problem => problem.Severity == PolicySeverity.Error)
            .Select(problem => problem.ToString()));
        Engine.Use(new PolicySet(file.Policies) { Coordinations = file.Coordinations, Budgets = file.Budgets });
        return this;
    }

    public void Wait(string name, int waiting) => _apps["/shop/" + name] = _apps["/shop/" + name] with { Waiting = waiting };

    public void Remove(string name) => _apps.Remove("/shop/" + name);

    /// <summary>One tick; the counts after it, in the order of the names: <c>api 4, web 8</c>.</summary>
    public string Tick(int seconds = 5)
    {
        var decisions = Decide(seconds);
        foreach (var (id, decision) in decisions)
        {
            if (Applies && !decision.DryRun) this[id["/shop/".Length..]] = decision.To;
        }

        return string.Join(", ", _apps.Values.Select(app => $"{app.App.Id["/shop/".Length..]} {app.Instances}"));
    }

    /// <summary>One tick, of which nothing is carried out.</summary>
    /// <param name="seconds">How long after the last.</param>
    /// <param name="only">The apps that are given; all where none are named.</param>
    public Dictionary<string, Decision> Decide(int seconds = 5, params string[] only)
    {
        Now += TimeSpan.FromSeconds(seconds);
        var decisions = new Dictionary<string, Decision>();
        Faults.Clear();
        var apps = _apps.Values.Where(app => only.Length == 0 || only.Contains(app.App.Id["/shop/".Length..]))
            .Select(app => (app.App, new AppFacts(app.App.Id, app.Instances, app.Instances - app.Waiting, app.Waiting, false, Now)
            {
                Waiting = app.Waiting,
            }));
        Engine.Know([.. _apps.Values.Select(app => app.App)]);
        Engine.DecideAll(Reverses ? apps.Reverse() : apps, Metrics, (app, decision, fault) =>
        {
            if (decision is not null) decisions.Add(app.Id, decision);
            else Faults.Add(app.Id, fault!);
        });
        return decisions;
    }
}
