using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests.Harness;

/// <summary>A Prometheus server of one test alone, that scrapes each second; skips the test where it is missing.</summary>
/// <param name="jobs">What it scrapes: ports on the loopback interface by job.</param>
internal sealed class PrometheusProcess(IReadOnlyDictionary<string, int[]> jobs) : ServerProcess("prometheus")
{
    private readonly string _executable = Server.Executable("prometheus");
    private readonly int _port = Server.FreePort();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>The samples that answer an expression, each with its labels.</summary>
    public async Task<IReadOnlyList<(IReadOnlyDictionary<string, string> Labels, double Value)>> QueryAsync(string expression) =>
        [.. (await GetAsync($"query?query={Uri.EscapeDataString(expression)}")).GetProperty("result").EnumerateArray()
            .Select(sample => (Labels(sample), Number(sample.GetProperty("value"))))];

    /// <summary>The one value of an expression; null while there is none, or more than one.</summary>
    public async Task<double?> ValueAsync(string expression) =>
        await QueryAsync(expression) is [var sample] ? sample.Value : null;

    /// <summary>All values of an expression since an instant, each half second.</summary>
    public async Task<IReadOnlyList<double>> RangeAsync(string expression, DateTimeOffset since)
    {
        static string Time(DateTimeOffset at) =>
            (at.ToUnixTimeMilliseconds() / 1000.0).ToString("0.000", CultureInfo.InvariantCulture);
        var data = await GetAsync(
            $"query_range?query={Uri.EscapeDataString(expression)}&step=0.5"
            + $"&start={Time(since)}&end={Time(DateTimeOffset.UtcNow)}");
        return [.. data.GetProperty("result").EnumerateArray()
            .SelectMany(series => series.GetProperty("values").EnumerateArray()).Select(Number)];
    }

    /// <summary>The rules that it evaluates: their names, expressions, and how that went last: <c>ok</c>.</summary>
    public async Task<IReadOnlyList<(string Name, string Expression, string Health)>> RulesAsync() =>
        [.. from @group in (await GetAsync("rules")).GetProperty("groups").EnumerateArray()
            from rule in @group.GetProperty("rules").EnumerateArray()
            select (rule.GetProperty("name").GetString()!, rule.GetProperty("query").GetString()!,
                rule.GetProperty("health").GetString()!)];

    /// <inheritdoc/>
    protected override ProcessStartInfo Command()
    {
        var file = Path.Combine(Directory, "prometheus.yml");
        File.WriteAllText(file, $$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
            rule_files: [ '{{Repository.Path("dashboards/rules/*.yml")}}' ]
            scrape_configs:
            {{string.Join('\n', jobs.Select(Job))}}

            """);
        return new ProcessStartInfo(_executable,
        [
            $"--config.file={file}", $"--storage.tsdb.path={Path.Combine(Directory, "data")}",
            $"--web.listen-address=127.0.0.1:{_port}", "--log.level=error",
        ]);
    }

    /// <inheritdoc/>
    protected override async Task<bool> AnswersAsync()
    {
        try
        {
            using var answer = await _http.GetAsync($"http://127.0.0.1:{_port}/-/ready");
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    protected override Task CleanAsync()
    {
        _http.Dispose();
        return Task.CompletedTask;
    }

    private static string Job(KeyValuePair<string, int[]> job) =>
        $"- {{ job_name: {job.Key}, static_configs: [ {{ labels: {{ cluster: test }}, targets: [ "
        + string.Join(", ", job.Value.Select(port => $"'127.0.0.1:{port}'")) + " ] } ] }";

    private static Dictionary<string, string> Labels(JsonElement sample) =>
        sample.GetProperty("metric").EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString()!);

    private static double Number(JsonElement pair) => double.Parse(
        pair[1].GetString()!.Replace("Inf", "Infinity", StringComparison.Ordinal), CultureInfo.InvariantCulture);

    private async Task<JsonElement> GetAsync(string path)
    {
        using var answer = await _http.GetAsync($"http://127.0.0.1:{_port}/api/v1/{path}");
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();

        // While a leader changes, what an expression joins may be there twice: whoever waits asks again.
        if (!answer.IsSuccessStatusCode) throw new HttpRequestException($"{path}: {body}");
        return body.GetProperty("data");
    }
}
