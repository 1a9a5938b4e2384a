using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using LifecycleManager.Decisions.CSharp;
using LifecycleManager.Decisions.CSharp.Running;
using LifecycleManager.Decisions.CSharp.Sources;
using LifecycleManager.Rules;

namespace LifecycleManager.Benchmarks.Limits;

/// <summary>What rules in C# cost: compiling them, 100 reloads, and a round of an island of 50 apps with 5 rules.</summary>
internal sealed class CSharpRulesLimits : IDisposable
{
    private const int Apps = 50;
    private const int Rules = 5;

    private readonly RuleBuilder _builder = new(TimeProvider.System);
    private readonly App[] _apps = [.. Enumerable.Range(0, Apps).Select(i => new App
    {
        Id = $"/shop/a{i}", Instances = i % 7, Wanted = i % 9,
        Readings = new Dictionary<string, double?> { ["cpu"] = i / 50.0 },
    })];

    /// <summary>How long the first compilation takes, with all that is loaded for it.</summary>
    public TimeSpan Begin()
    {
        var began = Stopwatch.GetTimestamp();
        Reload(-1);
        return Stopwatch.GetElapsedTime(began);
    }

    /// <summary>Reloads, each of another text, and each run once.</summary>
    /// <returns>How long one takes, and how much larger the process and its heap are after.</returns>
    public (TimeSpan Each, long Process, long Heap) Reloads(int times)
    {
        for (var i = 0; i < 10; i++) Reload(i);
        var (process, heap) = Memory();
        var began = Stopwatch.GetTimestamp();
        for (var i = 10; i < 10 + times; i++) Reload(i);
        var took = Stopwatch.GetElapsedTime(began);
        var (processAfter, heapAfter) = Memory();
        return (took / times, processAfter - process, heapAfter - heap);
    }

    /// <summary>An island, kept.</summary>
    public IslandRules Island() => Build(-1).For(_apps.Select(app => (app.Target, app.Id)));

    /// <summary>One decision of two rounds.</summary>
    public int Decide(IslandRules island)
    {
        var turn = island.Begin(DateTimeOffset.UnixEpoch);
        return turn.Run(_apps, new([])).Outputs.Count + turn.Run(_apps, new([])).Outputs.Count;
    }

    /// <inheritdoc />
    public void Dispose() => _builder.Dispose();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Reload(int version)
    {
        var rules = Build(version);
        Decide(rules.For(_apps.Select(app => (app.Target, app.Id))));
        rules.Unload();
    }

    private CSharpRuleSet Build(int version)
    {
        var (rules, problems) = _builder.Build([new RuleFile("rules/shop.cs", Encoding.UTF8.GetBytes(Text(version)))]);
        return rules ?? throw new InvalidOperationException(string.Join('\n', problems));
    }

    private static string Text(int version) => "using LifecycleManager.Rules; using NRules.Fluent.Dsl;"
        + string.Concat(Enumerable.Range(0, Rules).Select(i => string.Create(CultureInfo.InvariantCulture, $$"""

        [Apps("/shop/*", Group = "all")]
        public sealed class Rule{{i}} : Rule
        {
            public override void Define()
            {
                App one = default!, two = default!;
                When()
                    .Match(() => one, app => app.Id == "/shop/a{{i}}", app => app["cpu"] < {{i + 1}}.{{version + 1}})
                    .Match(() => two, app => app.Wanted > one.Wanted + 5);
                Then().Yield(_ => new AtLeast(one, two.Wanted, $"{two.Id} wants {two.Wanted}"));
            }
        }
        """)));

    private static (long Process, long Heap) Memory()
    {
        for (var i = 0; i < 10; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        using var process = Process.GetCurrentProcess();
        return (process.PrivateMemorySize64, GC.GetTotalMemory(forceFullCollection: true));
    }
}
