using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LifecycleManager.Testing;

namespace LifecycleManager.Scheduler.Tests.Fakes;

/// <summary>
/// The calls of one client of another make, recorded, to be made anew: what differs each time (ids, versions) is bound where it
/// is first seen in an answer, and put into the later calls.
/// </summary>
internal sealed partial class RecordedCalls(string client)
{
    private const string Id = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
    private const string Time = @"\d{4}-\d\d-\d\dT[0-9:.]+Z";
    private const string Folder = "tests/LifecycleManager.Scheduler.Tests/Api/Recorded";

    private readonly Dictionary<string, string> _bound = [];
    private readonly List<string> _answers = [];
    private readonly IReadOnlyList<JsonObject> _lines =
    [
        .. File.ReadLines(Repository.Path($"{Folder}/clients.jsonl")).Select(line => JsonNode.Parse(line)!.AsObject())
            .Where(line => ((string?)line["client"] ?? Regex.Replace((string)line["id"]!, @"-\d+$", "")) == client),
    ];

    private static readonly Dictionary<string, string> Shapes = File.ReadLines(Repository.Path($"{Folder}/client-shapes.jsonl"))
        .Select(line => JsonNode.Parse(line)!).ToDictionary(line => (string)line["shape"]!, line => (string)line["of"]!);

    /// <summary>The calls in their order.</summary>
    public IEnumerable<JsonObject> Calls => _lines.Where(line => line.ContainsKey("id"));

    /// <summary>The request of a call, as the client would make it now.</summary>
    public HttpRequestMessage Request(JsonObject call)
    {
        var request = call["request"]!;
        var method = (string)request["method"]!;
        var path = Bind(((string)request["path"]!).Replace("/service/marathon", "", StringComparison.Ordinal));
        var query = (string?)request["query"] is { } stated ? "?" + Bind(stated) : "";
        var message = new HttpRequestMessage(new HttpMethod(method), new Uri(path + query, UriKind.Relative));
        var body = request["json"] switch
        {
            null => null,
            JsonValue text when text.TryGetValue<string>(out var plain) => plain,
            var json => json.ToJsonString(),
        };
        if (body is not null) message.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Bind(body, isBody: true)));
        var isChange = method is "POST" or "PUT";
        var headers = request["headers"] ?? _lines.FirstOrDefault(line =>
            (string?)line["for"] == (isChange ? "POST and PUT" : "other methods"))?["default_headers"];
        foreach (var (name, value) in headers?.AsObject() ?? [])
        {
            // The test reads no gzip; what a client without a cluster's login has as a secret says nothing here.
            if (name is "accept-encoding" or "authorization") continue;
            if (!message.Headers.TryAddWithoutValidation(name, (string)value!) && message.Content is { } content)
                content.Headers.ContentType = MediaTypeHeaderValue.Parse((string)value!);
        }

        return message;
    }

    /// <summary>What is missing of an answer that the client needs; the answer's own ids are bound.</summary>
    public IReadOnlyList<string> Missing(JsonObject call, HttpResponseMessage answer, string text)
    {
        _answers.Add(text);
        var recorded = call["response"]!;
        foreach (var (name, value) in recorded["headers"]?.AsObject() ?? [])
            if (answer.Headers.TryGetValues(name, out var found)) Match((string)value!, found.First());
        if ((string?)recorded["shape"] is { } shape) return new RecordedShape(Shapes[shape]).Missing(JsonNode.Parse(text)!);
        if (recorded["json"] is { } json && (int)recorded["status"]! < 400) Match(json, JsonNode.Parse(text));
        return [];
    }

    private void Match(JsonNode? recorded, JsonNode? found)
    {
        if (recorded is JsonObject fields)
            foreach (var (name, value) in fields) Match(value, (found as JsonObject)?[name]);
        else if (recorded is JsonArray items)
            for (var index = 0; index < items.Count; index++)
                Match(items[index], (found as JsonArray)?.ElementAtOrDefault(index));
        else if (recorded is JsonValue value && value.TryGetValue<string>(out var text) && found is JsonValue
            && ((JsonValue)found).TryGetValue<string>(out var actual)) Match(text, actual);
    }

    private void Match(string recorded, string found)
    {
        var names = Placeholder().Matches(recorded).Select(match => match.Value).ToList();
        if (names.Count == 0) return;
        var pattern = $"^{Placeholder().Replace(Regex.Escape(recorded).Replace(@"\{", "{", StringComparison.Ordinal), "(.+)")}$";
        var match = Regex.Match(found, pattern);
        for (var index = 0; match.Success && index < names.Count; index++)
            _bound.TryAdd(names[index], match.Groups[index + 1].Value);
    }

    private string Bind(string text, bool isBody = false) => Placeholder().Replace(text, match =>
    {
        if (_bound.TryGetValue(match.Value, out var known)) return known;

        // Seen in an answer of which the shape alone is recorded: by what stands around it there, the last answer first.
        var isTime = match.Value.StartsWith("{time", StringComparison.Ordinal);
        var found = WordBefore().Match(text[..match.Index]);
        var (key, word) = (found.Groups[1].Value, found.Groups[2].Value);
        var before = (key.Length > 0 ? $"\"{key}\":\\s*\"" : "") + Regex.Escape(word);
        var after = Regex.Escape(WordAfter().Match(text[(match.Index + match.Length)..]).Value);
        var pattern = new Regex($"{before}({(isTime ? Time : Id)}){after}");
        foreach (var answer in Enumerable.Reverse(_answers))
        {
            var seen = pattern.Matches(answer).Select(one => one.Groups[1].Value)
                .FirstOrDefault(one => !_bound.ContainsValue(one));
            if (seen is not null) return _bound[match.Value] = seen;
        }

        // What only answers have comes back in bodies, and is as good as any there.
        return isBody ? _bound[match.Value] = isTime
            ? "2026-11-28T12:00:00.000Z" : Guid.NewGuid().ToString("D")
            : throw new InvalidOperationException($"{match.Value} is nowhere: {text}");
    });

    [GeneratedRegex(@"\{(?:id|time|uuid)\d+\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex("""(?:"([A-Za-z]+)":\s*")?([A-Za-z_.-]*)$""")]
    private static partial Regex WordBefore();

    [GeneratedRegex(@"^[A-Za-z0-9_.-]*")]
    private static partial Regex WordAfter();
}
