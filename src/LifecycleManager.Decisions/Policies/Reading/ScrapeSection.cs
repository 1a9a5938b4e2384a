using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>Reads <c>scrape</c>: where the metrics of the instances are, for all metrics of the policy.</summary>
internal sealed class ScrapeSection(ProblemSink problems)
{
    // Whose credentials these are, the operator says; an app must not be sent them.
    private static readonly string[] Reserved = ["prometheus", "rabbitmq", "eureka", "agents", "scheduler"];

    public ScrapeSettings? Read(MapReader policy)
    {
        if (policy.Sub("scrape", "'scrape'") is not { } map) return null;
        var settings = new ScrapeSettings
        {
            Path = map.Text("path"),
            Port = map.Integer("port", 0, 1000),
            Scheme = map.Text("scheme"),
            Credentials = map.Text("credentials"),
        };
        if (settings.Path is { } path) CheckPath(map.Find("path")!, path, problems);
        if (settings.Scheme is not (null or "http" or "https"))
        {
            problems.Error(map.Find("scheme")!, $"'scheme' must be http or https, not '{settings.Scheme}'", null, "type");
        }

        if (settings.Credentials is { } name)
        {
            if (Array.IndexOf(Reserved, name) >= 0)
            {
                problems.Error(map.Find("credentials")!, $"the credentials '{name}' are for {name} alone",
                    "name an entry of --metrics-credentials made for apps", "credentials");
            }
            else if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            {
                problems.Error(map.Find("credentials")!, $"'{name}' is not a name of credentials",
                    "letters, digits, '-', '_' and '.': an entry of --metrics-credentials", "credentials");
            }
        }

        map.Done();
        return settings;
    }

    public static void CheckPath(YamlNode node, string path, ProblemSink problems)
    {
        if (ScrapeSettings.ProblemOf(path) is { } problem)
            problems.Error(node, $"the path '{path}' {problem}", path.StartsWith('/') ? null : $"write /{path}", "path");
    }
}
