using System.Text;
using LifecycleManager.Decisions.CSharp.Running;
using LifecycleManager.Decisions.CSharp.Sources;
using LifecycleManager.Rules;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Decisions.CSharp.Tests;

/// <summary>Rules as authors write them, made short.</summary>
internal static class RuleSources
{
    public const string Usings = "using LifecycleManager.Rules; using NRules.Fluent.Dsl; using NRules.RuleModel;\n";

    /// <summary>A rule class over one app <c>app</c> and one <c>other</c>, and what else there is in it.</summary>
    public static string Rule(
        string name, string when = "", string then = "new AtLeast(app, 5, \"so\")", string apps = "\"/shop/web\"",
        string more = "") =>
        $$"""
        [Name("{{name}}")]
        [Apps({{apps}})]
        public sealed class {{name}}Rule : Rule
        {
            public override void Define()
            {
                App app = default!;
                When().Match(() => app{{(when.Length == 0 ? "" : ", " + when)}});
                Then().Yield(_ => {{then}});
            }
            {{more}}
        }
        """;

    public static RuleFile Source(string text, string path = "rules/shop.cs") => new(path, Encoding.UTF8.GetBytes(text));

    public static CSharpRuleSet Build(RuleBuilder builder, params string[] classes)
    {
        var (rules, problems) = builder.Build([Source(Usings + string.Join('\n', classes))]);
        Assert.Empty(problems);
        return rules!;
    }

    /// <summary>The problems of a source, as people read them.</summary>
    public static IReadOnlyList<string> Problems(params string[] classes)
    {
        using var builder = new RuleBuilder(TimeProvider.System);
        var (rules, problems) = builder.Build([Source(Usings + string.Join('\n', classes))]);
        Assert.Null(rules);
        return [.. problems.Select(problem => problem.ToString())];
    }

    public static RoundOutcome Run(this CSharpRuleSet rules, IReadOnlyList<App> apps, Cluster? cluster = null) =>
        rules.For(apps.Select(app => (app.Target, app.Id))).Begin(DateTimeOffset.UnixEpoch).Run(apps, cluster ?? new Cluster([]));

    public static App Web(int instances = 2, int? wanted = null, double? cpu = null) => new()
    {
        Id = "/shop/web",
        Instances = instances,
        Healthy = instances,
        Wanted = wanted ?? instances,
        Readings = new Dictionary<string, double?> { ["cpu"] = cpu },
    };

    public static App Api(int instances = 2, int? wanted = null) =>
        new() { Id = "/shop/api", Instances = instances, Healthy = instances, Wanted = wanted ?? instances };

    /// <summary>Runs what waits for a clock, and moves the clock on until it is done.</summary>
    public static async Task<T> PassAsync<T>(FakeTimeProvider time, TimeSpan by, Func<T> work)
    {
        var done = Task.Run(work);
        await Eventually.TrueAsync(() =>
        {
            if (!done.IsCompleted) time.Advance(by);
            return Task.FromResult(done.IsCompleted);
        });
        return await done;
    }
}
