using System.Globalization;
using LifecycleManager.Testing;

namespace LifecycleManager.Benchmarks.Scheduling;

/// <summary>A real <c>lcm scheduler</c>.</summary>
internal sealed class SchedulerProcess : IAsyncDisposable
{
    private readonly LcmProcess _process;

    private SchedulerProcess(LcmProcess process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    /// <summary>Its resident memory in MB.</summary>
    public double Memory => Of("VmRSS:");

    /// <summary>The most it ever was.</summary>
    public double MemoryPeak => Of("VmHWM:");

    /// <summary>Starts one on a state and waits until it leads.</summary>
    public static async Task<SchedulerProcess> StartAsync(string directory, string state, Uri? master = null)
    {
        var port = Server.FreePort();
        var process = LcmProcess.Start(directory,
        [
            "scheduler", "--port", port.ToString(CultureInfo.InvariantCulture), "--work-dir", Path.Combine(directory, "work"),
            "--state", state,
            "--log-level", "warning", "--master", (master ?? new Uri($"http://127.0.0.1:{Server.FreePort()}")).ToString(),
        ]);
        var scheduler = new SchedulerProcess(process, new Uri($"http://127.0.0.1:{port}"));
        using var client = new HttpClient { BaseAddress = scheduler.Address, Timeout = TimeSpan.FromMinutes(1) };
        for (var tries = 0; ; tries++)
        {
            try
            {
                using var answer = await client.GetAsync("/v2/groups/none/versions");
                if ((int)answer.StatusCode < 500) return scheduler;
            }
            catch (HttpRequestException)
            {
                // Not yet.
            }

            if (process.HasExited || tries == 1_200)
                throw new InvalidOperationException($"the scheduler does not lead:\n{process.Output}");
            await Task.Delay(100);
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private double Of(string name) => double.Parse(
        File.ReadAllLines($"/proc/{_process.Id}/status").First(line => line.StartsWith(name, StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
}
