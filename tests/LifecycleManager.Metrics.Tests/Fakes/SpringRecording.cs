using System.Text;
using System.Text.Json;

namespace LifecycleManager.Metrics.Tests.Fakes;

/// <summary>What a real Spring Boot's actuator answered, by the recording's ids.</summary>
internal sealed class SpringRecording
{
    private readonly Dictionary<string, Line> _lines;

    private SpringRecording(string boot) => _lines = File
        .ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", $"actuator-{boot}.jsonl"))
        .Select(line => JsonDocument.Parse(line).RootElement)
        .Select(line => (Id: line.GetProperty("id").GetString()!, Request: line.GetProperty("request"),
            Response: line.GetProperty("response")))
        .ToDictionary(line => line.Id, line => new Line(
            line.Request.GetProperty("path").GetString()!, line.Response.GetProperty("status").GetInt32(),
            line.Response.GetProperty("headers").EnumerateObject().Where(header =>
                header.Name.Equals("content-type", StringComparison.OrdinalIgnoreCase)).Select(header => header.Value.GetString())
                .FirstOrDefault() ?? "",
            line.Response.TryGetProperty("body", out var body) ? body.GetString() : null));

    /// <summary>One answer.</summary>
    public Line this[string id] => _lines[id];

    public IEnumerable<string> Ids => _lines.Keys;

    public static SpringRecording Of(string boot) => new(boot);

    /// <summary>Serves the answers with these ids by their paths; of two with one path the last. All else is 404.</summary>
    public Task<HttpServer> ServeAsync(params string[] ids)
    {
        var answers = new Dictionary<string, Line>();
        foreach (var id in ids) answers[Uri.UnescapeDataString(this[id].Path)] = this[id];
        return HttpServer.StartAsync(async context =>
        {
            var path = Uri.UnescapeDataString(context.Request.Path + context.Request.QueryString);
            if (!answers.TryGetValue(path, out var line))
            {
                context.Response.StatusCode = 404;
                return;
            }

            context.Response.StatusCode = line.Status;
            if (line.Type.Length > 0) context.Response.ContentType = line.Type;
            if (line.Body is { Length: > 0 } body) await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body));
        });
    }

    /// <summary>A recorded answer.</summary>
    public sealed record Line(string Path, int Status, string Type, string? Body);
}
