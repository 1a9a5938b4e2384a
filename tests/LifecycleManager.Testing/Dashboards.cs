using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LifecycleManager.Testing;

/// <summary>A query of a dashboard.</summary>
/// <param name="Where">The file and the panel, variable or annotation.</param>
/// <param name="Expression">PromQL, its variables filled in.</param>
public sealed record DashboardQuery(string Where, string Expression);

/// <summary>The Grafana dashboards of the repository.</summary>
public static partial class Dashboards
{
    /// <summary>The files, by name.</summary>
    public static IReadOnlyList<(string File, JsonNode Json)> Files { get; } =
        [.. Directory.GetFiles(Repository.Path("dashboards"), "*.json").Order(StringComparer.Ordinal)
            .Select(path => (Path.GetFileName(path), JsonNode.Parse(File.ReadAllText(path))!))];

    /// <summary>All that dashboards ask: of panels, variables and annotations. Variables stand for all there is.</summary>
    /// <param name="range">The range of rates and increases: <c>1m</c>.</param>
    public static IEnumerable<DashboardQuery> Queries(string range) =>
        Raw().Select(query => query with
        {
            Expression = VariableOfLabel().Replace(
                query.Expression.Replace("$__rate_interval", range, StringComparison.Ordinal)
                    .Replace("$__range", range, StringComparison.Ordinal),
                ".*"),
        });

    /// <summary>The same, as the files have it.</summary>
    public static IEnumerable<DashboardQuery> Raw()
    {
        foreach (var (file, json) in Files)
        {
            foreach (var panel in json["panels"]!.AsArray())
            {
                foreach (var target in panel!["targets"]?.AsArray() ?? [])
                    yield return new DashboardQuery($"{file}: {panel["title"]}", (string)target!["expr"]!);
            }

            foreach (var variable in json["templating"]!["list"]!.AsArray())
            {
                if ((string?)variable!["definition"] is { } definition)
                    yield return new DashboardQuery($"{file}: ${variable["name"]}", LabelValues().Replace(definition, "$1"));
            }

            foreach (var annotation in json["annotations"]!["list"]!.AsArray())
                yield return new DashboardQuery($"{file}: {annotation!["name"]}", (string)annotation["expr"]!);
        }
    }

    [GeneratedRegex(@"\$(cluster|job|app)\b")]
    private static partial Regex VariableOfLabel();

    [GeneratedRegex(@"^label_values\((.+), \w+\)$")]
    private static partial Regex LabelValues();
}
