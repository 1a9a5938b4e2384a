using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Testing;

namespace LifecycleManager.Benchmarks.Cluster;

/// <summary>A real <c>lcm master</c> and what it takes of the machine.</summary>
internal sealed class MasterProcess : IAsyncDisposable
{
    // USER_HZ: Linux counts a process' time in hundredths of a second for everybody who asks.
    private const double Ticks = 100;
    private readonly LcmProcess _process;
    private readonly HttpClient _client;

    public MasterProcess(string directory, string state)
    {
        var port = Server.FreePort();
        Address = new Uri($"http://127.0.0.1:{port}");
        _client = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(10) };
        _process = LcmProcess.Start(directory,
        [
            "master", "--port", port.ToString(CultureInfo.InvariantCulture), "--work-dir", Path.Combine(directory, $"m{port}"),
            "--state", state, "--log-level", "warning",
        ]);
    }

    public Uri Address { get; }

    /// <summary>Seconds of cpu that it has used.</summary>
    public double Cpu
    {
        get
        {
            var stat = File.ReadAllText($"/proc/{_process.Id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (long.Parse(fields[11], CultureInfo.InvariantCulture)
                + long.Parse(fields[12], CultureInfo.InvariantCulture)) / Ticks;
        }
    }

    /// <summary>Its resident memory, now and at most, in MB.</summary>
    public (double Now, double Peak) Memory
    {
        get
        {
            var lines = File.ReadAllLines($"/proc/{_process.Id}/status");
            double Of(string name) => double.Parse(
                lines.First(line => line.StartsWith(name, StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
                CultureInfo.InvariantCulture) / 1024;
            return (Of("VmRSS:"), Of("VmHWM:"));
        }
    }

    /// <summary>Waits until it leads.</summary>
    public async Task LeadsAsync(TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        while (true)
        {
            if (_process.HasExited) throw new InvalidOperationException("the master has ended:\n" + _process.Output);
            try
            {
                if (await MetricAsync("master/elected") > 0) return;
            }
            catch (HttpRequestException)
            {
                // It starts.
            }

            await Task.Delay(20, patience.Token);
        }
    }

    /// <summary>Whether it answers, leading or not.</summary>
    public async Task<bool> AnswersAsync()
    {
        try
        {
            await MetricAsync("master/elected");
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>One of Mesos' metrics.</summary>
    public async Task<double> MetricAsync(string name) =>
        (await _client.GetFromJsonAsync<JsonObject>("/metrics/snapshot"))![name]?.GetValue<double>() ?? 0;

    /// <summary>The Prometheus metrics.</summary>
    public Task<string> MetricsAsync() => _client.GetStringAsync(new Uri("/metrics", UriKind.Relative));

    public Task KillAsync() => _process.KillAsync();

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _client.Dispose();
    }
}
