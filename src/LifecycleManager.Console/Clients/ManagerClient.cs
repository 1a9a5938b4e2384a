using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using LifecycleManager.Console.Charts;

namespace LifecycleManager.Console.Clients;

/// <summary>What the console asks of the manager, as one caller.</summary>
/// <param name="client">A client of the manager.</param>
public sealed class ManagerClient(HttpClient client)
{
    private const int StreamBuffer = 4096;

    /// <summary>The newest decisions, newest first.</summary>
    /// <param name="app">Of an app; null for all.</param>
    /// <param name="limit">So many at most.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="outcome">What became of them; empty for anything.</param>
    /// <param name="since">Of then or later; null without a beginning.</param>
    /// <param name="until">Of before then; null without an end.</param>
    public async Task<IReadOnlyList<DecisionRow>> DecisionsAsync(
        string? app, int limit, CancellationToken cancellation, string outcome = "", DateTimeOffset? since = null,
        DateTimeOffset? until = null)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"v1/decisions?limit={limit}")
            + (app is null ? "" : "&app=" + Uri.EscapeDataString(app))
            + (outcome.Length == 0 ? "" : "&outcome=" + Uri.EscapeDataString(outcome))
            + (since is { } from ? $"&since={from.UtcDateTime:yyyy-MM-ddTHH:mm:ss}Z" : "")
            + (until is { } to ? $"&until={to.UtcDateTime:yyyy-MM-ddTHH:mm:ss}Z" : "");
        return [.. List(await GetAsync(path, cancellation), "decisions").Select(decision => new DecisionRow(
            Text(decision, "id"), Time(decision, "at"), Text(decision, "app"), Text(decision, "policy"),
            TextOrNone(decision, "rule"),
            Number(decision, "from"),
            Number(decision, "to"), Text(decision, "reason"), Text(decision, "outcome"),
            IsTrue(decision, "dryRun"), TextOrNone(decision, "outcomeReason")))];
    }

    /// <summary>Calls <paramref name="told"/> with whatever comes of the stream of decisions, until it ends.</summary>
    public async Task FollowDecisionsAsync(Action told, CancellationToken cancellation)
    {
        using var answer = await client.GetAsync(
            "v1/decisions/stream", HttpCompletionOption.ResponseHeadersRead, cancellation);
        answer.EnsureSuccessStatusCode();
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[StreamBuffer];

        // What was decided is read by a call of its own: here it counts that something was.
        while (await stream.ReadAsync(buffer, cancellation) > 0) told();
    }

    /// <summary>The apps that policies govern, by id.</summary>
    public async Task<IReadOnlyDictionary<string, GovernedRow>> GovernedAsync(CancellationToken cancellation) =>
        List(await GetAsync("v1/apps", cancellation), "apps").Select(Governed)
            .ToDictionary(app => app.App, StringComparer.Ordinal);

    /// <summary>Counts and metrics of an app since an instant, as far as the manager remembers them.</summary>
    public async Task<MetricTable> HistoryAsync(string app, DateTimeOffset since, CancellationToken cancellation)
    {
        using var answer = await client.GetAsync(
            $"v1/history?app={Uri.EscapeDataString(app)}&since={Instant(since)}", cancellation);
        var text = await answer.Content.ReadAsStringAsync(cancellation);
        if (!answer.IsSuccessStatusCode) throw new HttpRequestException(CallProblems.Said((int)answer.StatusCode, text));
        try
        {
            return MetricTable.Parse(text);
        }
        catch (FormatException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    /// <summary>Why an app's count is what it is, or was at an instant; null where no policy governs it now.</summary>
    /// <exception cref="HttpRequestException">Nothing is known of that instant: it says since when something is.</exception>
    public async Task<ExplanationRow?> ExplainAsync(string app, CancellationToken cancellation, DateTimeOffset? at = null)
    {
        using var answer = await client.GetAsync(
            $"v1/apps/{app.Trim('/')}/explain{(at is { } then ? "?at=" + Instant(then) : "")}", cancellation);
        if (at is null && answer.StatusCode == System.Net.HttpStatusCode.NotFound) return null;
        if (at is not null && !answer.IsSuccessStatusCode)
        {
            throw new HttpRequestException(await CallProblems.SaidAsync(answer, cancellation));
        }

        answer.EnsureSuccessStatusCode();
        var explained = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation);
        return new ExplanationRow(
            Text(explained, "summary"), Governed(Field(explained, "app")),
            explained.TryGetProperty("opinions", out var opinions) && opinions.ValueKind == JsonValueKind.Array
                ? [.. opinions.EnumerateArray().Select(opinion => new Opinion(
                    Text(opinion, "rule"), Text(opinion, "verdict"), NumberOrNone(opinion, "count"), Text(opinion, "reason")))]
                : [],
            [.. List(explained, "metrics").Select(metric => new MetricRow(
                Text(metric, "metric"),
                metric.TryGetProperty("value", out var value) && value.ValueKind == JsonValueKind.Number
                    ? value.GetDouble() : null,
                [.. List(metric, "thresholds").Select(threshold => threshold.GetDouble())], TextOrNone(metric, "missing")))]);
    }

    /// <summary>Asks for a change; null where it was done, else why not.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path.</param>
    /// <param name="body">The body; null for none.</param>
    /// <param name="cancellation">Gives up: it may have been done all the same.</param>
    public Task<string?> ChangeAsync(HttpMethod method, string path, object? body, CancellationToken cancellation) =>
        RoleChange.AskAsync(client, "manager", method, path,
            body is null ? null : JsonSerializer.SerializeToUtf8Bytes(body, JsonSerializerOptions.Web), cancellation);

    /// <summary>The policies and budgets in force, and what is wrong with their files.</summary>
    public async Task<PolicyPage> PoliciesAsync(CancellationToken cancellation)
    {
        var answer = await GetAsync("v1/policies", cancellation);
        return new PolicyPage(
            [.. List(answer, "policies").Select(policy => new PolicyRow(
                Text(policy, "name"), Text(policy, "app"), Text(policy, "file"), Number(policy, "min"), Number(policy, "max"),
                [.. List(policy, "findings").Select(finding => Text(finding, "message"))], Text(policy, "state"),
                Text(policy, "place"), IsTrue(policy, "dryRun"), [.. List(policy, "apps").Select(app => app.ToString())]))],
            [.. List(answer, "budgets").SelectMany(Budget)],
            [.. List(answer, "files").SelectMany(file => List(file, "problems"), (file, problem) =>
                $"{Text(file, "file")}:{Text(problem, "line")}:{Text(problem, "column")}: "
                + $"{Text(problem, "severity")}: {Text(problem, "message")}")],
            TextOrNone(answer, "digest"), TextOrNone(answer, "leaderDigest"));
    }

    /// <summary>The scraped targets.</summary>
    public async Task<IReadOnlyList<TargetRow>> TargetsAsync(CancellationToken cancellation) =>
        [.. List(await GetAsync("v1/targets", cancellation), "targets").Select(target => new TargetRow(
            TextOrNone(target, "app"), TextOrNone(target, "instance"), TextOrNone(target, "address"), Text(target, "state"),
            TextOrNone(target, "lastError")))];

    /// <summary>A row for each thing that a budget limits.</summary>
    private static IEnumerable<BudgetRow> Budget(JsonElement budget)
    {
        var used = budget.TryGetProperty("used", out var known) ? known : (JsonElement?)null;
        foreach (var (field, unit) in ((string, string)[])
            [("instances", "instances"), ("cpus", "cpus"), ("memory", "MB"), ("cost", "an hour")])
        {
            if (budget.TryGetProperty(field, out var allowed))
            {
                yield return new BudgetRow(Text(budget, "name"), Text(budget, "apps"), unit, allowed.GetDouble(),
                    used is { } uses && uses.TryGetProperty(field, out var amount) ? amount.GetDouble() : null);
            }
        }
    }

    private static GovernedRow Governed(JsonElement app) => new(
        Text(app, "app"), Text(app, "policy"), NumberOrNone(app, "desired"), NumberOrNone(app, "min"), NumberOrNone(app, "max"),
        IsTrue(app, "dryRun"), TextOrNone(app, "reason"), IsTrue(app, "metricsMissing"),
        Held(app, "override") is { } set
            ? new OverrideRow(Number(set, "instances"), TextOrNone(set, "reason"), TextOrNone(set, "by"), Time(set, "until"))
            : null,
        Held(app, "paused") is { } paused
            ? new PauseRow(
                TextOrNone(paused, "app"), Text(paused, "what"), TextOrNone(paused, "reason"), Time(paused, "since"),
                paused.TryGetProperty("until", out var until) && until.ValueKind == JsonValueKind.String
                    ? until.GetDateTimeOffset() : null)
            : null,
        Held(app, "stopped") is not null);

    private static JsonElement? Held(JsonElement of, string name) =>
        of.TryGetProperty(name, out var held) && held.ValueKind == JsonValueKind.Object ? held : null;

    private static string Instant(DateTimeOffset at) =>
        Uri.EscapeDataString(at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));

    private async Task<JsonElement> GetAsync(string path, CancellationToken cancellation)
    {
        using var answer = await client.GetAsync(path, cancellation);
        return answer.IsSuccessStatusCode
            ? await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation)
            : throw new HttpRequestException(await CallProblems.SaidAsync(answer, cancellation));
    }

    private static JsonElement.ArrayEnumerator List(JsonElement answer, string name) => answer.GetProperty(name).EnumerateArray();

    // A field that every answer has and this one has not is another make's, or a mistake of ours: said, not shown as nothing.
    private static string Text(JsonElement element, string name) => Field(element, name).ToString();

    private static string TextOrNone(JsonElement element, string name) => element.TryGetProperty(name, out var value)
        ? value.ToString() : "";

    private static bool IsTrue(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static int? NumberOrNone(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32() : null;

    private static int Number(JsonElement element, string name) => Field(element, name).GetInt32();

    private static DateTimeOffset Time(JsonElement element, string name) => Field(element, name).GetDateTimeOffset();

    private static JsonElement Field(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? value
        : throw new JsonException($"the manager's answer has no field '{name}'");
}
