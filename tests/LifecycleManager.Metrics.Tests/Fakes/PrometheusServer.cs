using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using LifecycleManager.Metrics.Exposition;
using LifecycleManager.Testing;

namespace LifecycleManager.Metrics.Tests.Fakes;

/// <summary>A real Prometheus server of the test's own.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _directory;
    private readonly HttpClient _http;

    private PrometheusServer(Process process, string directory, int port)
    {
        (_process, _directory) = (process, directory);
        Url = new Uri($"http://127.0.0.1:{port}");
        _http = new HttpClient { BaseAddress = Url };
    }

    public Uri Url { get; }

    /// <summary>Starts one; its scrape configuration in YAML below <c>scrape_configs</c>.</summary>
    /// <param name="scrapeConfigs">The configuration.</param>
    /// <param name="history">OpenMetrics text whose samples it has from the start.</param>
    public static async Task<PrometheusServer> StartAsync(string scrapeConfigs, string? history = null)
    {
        var executable = Server.Executable("prometheus");
        var directory = Directory.CreateTempSubdirectory("lcm-prometheus-").FullName;
        await File.WriteAllTextAsync(Path.Combine(directory, "prometheus.yml"),
            $"global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n{scrapeConfigs}");
        var data = Path.Combine(directory, "data");
        if (history is not null)
        {
            var file = Path.Combine(directory, "history.txt");
            await File.WriteAllTextAsync(file, history);
            using var promtool = Process.Start(
                new ProcessStartInfo(Server.Executable("promtool"), ["tsdb", "create-blocks-from", "openmetrics", file, data])
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                })!;
            var said = await promtool.StandardError.ReadToEndAsync();
            await promtool.WaitForExitAsync();
            Assert.True(promtool.ExitCode == 0, said);
        }

        var port = Server.FreePort();
        var process = Process.Start(new ProcessStartInfo(executable,
        [
            $"--config.file={Path.Combine(directory, "prometheus.yml")}", $"--storage.tsdb.path={data}",
            $"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
        ])
        { RedirectStandardError = true })!;
        process.BeginErrorReadLine();
        var server = new PrometheusServer(process, directory, port);
        await Eventually.TrueAsync(async () => (await server._http.GetAsync("/-/ready")).IsSuccessStatusCode);
        return server;
    }

    /// <summary>
    /// Evaluates an expression: values by labels, in the form <c>name{a=b|c=d}</c> without those that scraping adds.
    /// </summary>
    public async Task<Dictionary<string, double>> QueryAsync(string expression, long? milliseconds = null)
    {
        var time = milliseconds is { } at ? string.Create(CultureInfo.InvariantCulture, $"&time={at / 1000.0:0.000}") : "";
        using var document =
            JsonDocument.Parse(await _http.GetStringAsync($"/api/v1/query?query={Uri.EscapeDataString(expression)}{time}"));
        var values = new Dictionary<string, double>();
        foreach (var element in document.RootElement.GetProperty("data").GetProperty("result").EnumerateArray())
        {
            var labels = element.GetProperty("metric").EnumerateObject()
                .ToDictionary(label => label.Name, label => label.Value.GetString()!);
            Assert.True(ExpositionNumber.TryParse(
                Encoding.UTF8.GetBytes(element.GetProperty("value")[1].GetString()!), out var value));
            values[Name(labels.GetValueOrDefault("__name__", ""),
                labels.Where(label => label.Key is not ("__name__" or "instance" or "job")))] = value;
        }

        return values;
    }

    public static string Name(string metric, IEnumerable<KeyValuePair<string, string>> labels) =>
        $"{metric}{{{string.Join('|', labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}"))}}}";

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
