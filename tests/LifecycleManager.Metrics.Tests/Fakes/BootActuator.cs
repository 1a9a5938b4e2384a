using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Metrics.Tests.Fakes;

/// <summary>
/// An actuator of Boot 2 and later over meters that a test gives it: adds up what tags do not tell apart, tells the tags that are
/// left, splits one parameter at commas, and answers 404 without a body. Held against the recordings of the real ones.
/// </summary>
internal sealed partial class BootActuator : IAsyncDisposable
{
    private readonly HttpServer _server;

    private BootActuator(HttpServer server) => _server = server;

    public int Port => _server.Port;

    /// <summary>Path and query of every request.</summary>
    public IReadOnlyCollection<string> Requests => _server.Requests;

    public List<Meter> Meters { get; } = [];

    /// <summary>Statuses that stand in for the true answer, by a part of the path and query.</summary>
    public Dictionary<string, int> Refusals { get; } = [];

    /// <summary>Whether the list of names is refused.</summary>
    public bool RefusesList { get; set; }

    public static async Task<BootActuator> StartAsync(params Meter[] meters)
    {
        var actuator = new BootActuator(await HttpServer.StartAsync());
        actuator.Meters.AddRange(meters);
        actuator._server.Handler = actuator.AnswerAsync;
        return actuator;
    }

    /// <summary>The requests that a real service had counted, by its own Prometheus text.</summary>
    public static IEnumerable<Meter> RequestsOf(string boot) =>
        from line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", $"prometheus-{boot}-s2.txt"))
        where line.StartsWith("http_server_requests_seconds_count{", StringComparison.Ordinal)
        let tags = Label().Matches(line).ToDictionary(label => label.Groups[1].Value, label => label.Groups[2].Value)
        select new Meter("http.server.requests", tags,
            [("COUNT", double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture)), ("MAX", 0.5)]);

    /// <summary>The status and body that a path and query is answered with.</summary>
    public (int Status, string Body) Answer(string path, IReadOnlyList<string> tags)
    {
        if (Refusals.FirstOrDefault(refusal => (path + string.Join('&', tags)).Contains(refusal.Key, StringComparison.Ordinal))
            is { Value: > 0 and var status }) return (status, "");
        const string Root = "/actuator/metrics";
        if (path == Root && RefusesList) return (500, "");
        if (path == Root)
            return (200, JsonSerializer.Serialize(new { names = Meters.Select(meter => meter.Name).Distinct().Order() }));
        if (!path.StartsWith(Root + "/", StringComparison.Ordinal)) return (404, "");
        var wanted = tags.Count == 1 ? tags[0].Split(',') : [.. tags];
        if (wanted.Any(tag => tag.Length > 0 && !tag.Contains(':'))) return (400, "{}");
        var pairs = wanted.Where(tag => tag.Length > 0).Select(tag => tag.Split(':', 2)).ToList();
        var found = Meters.Where(meter => meter.Name == path[(Root.Length + 1)..]
            && pairs.All(pair => meter.Tags.GetValueOrDefault(pair[0]) == pair[1])).ToList();
        if (found.Count == 0) return (404, "");
        return (200, JsonSerializer.Serialize(new
        {
            name = found[0].Name,
            measurements = found.SelectMany(meter => meter.Measurements).GroupBy(one => one.Statistic).Select(group => new
            {
                statistic = group.Key,
                value = group.Key == "MAX" ? group.Max(one => one.Value) : group.Sum(one => one.Value),
            }),
            availableTags = found.SelectMany(meter => meter.Tags).Where(tag => !pairs.Exists(pair => pair[0] == tag.Key))
                .GroupBy(tag => tag.Key).Select(tag => new { tag = tag.Key, values = tag.Select(one => one.Value).Distinct() }),
        }));
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var (status, body) = Answer(context.Request.Path.Value!, [.. context.Request.Query["tag"].OfType<string>()]);
        context.Response.StatusCode = status;
        if (body.Length == 0) return;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body));
    }

    [GeneratedRegex("(\\w+)=\"([^\"]*)\"")]
    private static partial Regex Label();

    /// <summary>One meter.</summary>
    public sealed record Meter(string Name, Dictionary<string, string> Tags, (string Statistic, double Value)[] Measurements);
}
