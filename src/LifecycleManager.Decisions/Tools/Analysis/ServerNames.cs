using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Decisions.Tools.Analysis;

/// <summary>Whether the servers that metrics are read of are among those that the operator has named.</summary>
internal static class ServerNames
{
    private const string Code = "unknown-server";

    /// <summary>The findings of the metrics of one policy or schedule.</summary>
    /// <param name="metrics">The metrics.</param>
    /// <param name="servers">The servers that there are.</param>
    public static IEnumerable<PolicyProblem> Check(IEnumerable<PolicyMetric> metrics, IReadOnlyCollection<NamedSource> servers)
    {
        foreach (var metric in metrics.Where(metric => metric.Query.HasServer))
        {
            var source = metric.Query.Source;
            var (kind, names) = (SourceWords.KindOf(source),
                servers.Where(server => server.Source == source).Select(server => server.Name).ToList());
            if (metric.Query.From?.Server is { } name)
            {
                // The options of the manager may give the one of this name.
                if (names.Contains(name) || (name == SourceWords.DefaultServer && MayBeOption(source))) continue;
                yield return Problem(metric.ServerPlace ?? metric.Place, PolicySeverity.Error,
                    $"there is no {kind} server '{name}'",
                    names.Count == 0 ? "none is named" : NearestName.Suggest(name, names));
            }
            else if (names.Count != 1 && !names.Contains(SourceWords.DefaultServer))
            {
                yield return Problem(metric.Place, MayBeOption(source) ? PolicySeverity.Warning : PolicySeverity.Error,
                    names.Count == 0 ? $"the metric '{metric.Name}' needs a {kind} server, and none is named"
                        : $"the metric '{metric.Name}' says not which {kind} server it is of",
                    names.Count > 0 ? $"server: {string.Join(", ", names)}"
                        : MayBeOption(source) ? $"name one there, or by --{kind}" : "name one there");
            }
        }
    }

    private static bool MayBeOption(MetricSource source) => source is MetricSource.PromQl or MetricSource.RabbitMq;

    private static PolicyProblem Problem(SourcePlace place, PolicySeverity severity, string message, string? suggestion) =>
        new(place.File, place.Line, place.Column, severity, message, suggestion, Code);
}
