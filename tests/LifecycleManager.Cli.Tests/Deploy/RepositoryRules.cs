namespace LifecycleManager.Cli.Tests.Deploy;

/// <summary>A recording or alert rule of the repository.</summary>
/// <param name="Name">The recorded series, or the alert.</param>
/// <param name="IsAlert">Whether it is an alert.</param>
/// <param name="Expression">PromQL.</param>
/// <param name="Rule">The whole rule.</param>
internal sealed record RepositoryRule(string Name, bool IsAlert, string Expression, Dictionary<object, object> Rule);

/// <summary>The rules for Prometheus in <c>dashboards/rules</c>.</summary>
internal static class RepositoryRules
{
    /// <summary>The files, in the order of their names.</summary>
    public static IReadOnlyList<string> Files { get; } =
        [.. Directory.GetFiles(Repository.Path("dashboards/rules"), "*.yml").Order(StringComparer.Ordinal)];

    /// <summary>All rules.</summary>
    public static IEnumerable<RepositoryRule> All() =>
        from file in Files
        from @group in (List<object>)RepositoryYaml.Yaml(Path.GetRelativePath(Repository.Root, file))["groups"]
        from rule in ((List<object>)((Dictionary<object, object>)@group)["rules"]).Cast<Dictionary<object, object>>()
        select new RepositoryRule(
            rule.Text("alert") ?? rule.Text("record")!, rule.ContainsKey("alert"), rule.Text("expr")!, rule);
}
