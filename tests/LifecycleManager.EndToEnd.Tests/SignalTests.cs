using System.Diagnostics;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>
/// Ctrl-C and SIGTERM at any moment of a start: a clean end, with the code that the README names, and nothing left over.
/// </summary>
public sealed class SignalTests : IDisposable
{
    private const int AtOnce = 4;
    private const int Moments = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-signals-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("master")]
    [InlineData("agent")]
    [InlineData("scheduler")]
    [InlineData("manager")]
    [InlineData("up")]
    public async Task A_role_ends_in_order_at_whatever_moment_it_is_asked_to(string role)
    {
        // Several at a time: the moments are what counts. The first are ended as they come up, and tell how long that takes here.
        var begin = Stopwatch.GetTimestamp();
        var start = TimeSpan.Zero;
        var ended = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(one => EndAsync(role, one, async lcm =>
        {
            await UpAsync(lcm);
            start = Stopwatch.GetElapsedTime(begin);
        })));
        Assert.All(ended, code => Assert.Equal(0, code));

        // From the program's first breath until all is up; the moments are spread over that whole time, busy machine or not.
        var random = new Random(role.Length);
        for (var moment = 0; moment < Moments; moment += AtOnce)
        {
            await Task.WhenAll(Enumerable.Range(moment, AtOnce).Select(one =>
            {
                var pause = start * (one + random.NextDouble()) / Moments;
                return EndAsync(role, AtOnce + one, _ => Task.Delay(pause));
            }));
        }
    }

    [Fact]
    public async Task A_tool_that_is_ended_by_a_signal_says_130()
    {
        // A listener that takes connections and never answers.
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        await using var lcm = LcmProcess.Start(_directory, "rebalance", "--scheduler", $"http://{silent.LocalEndpoint}");
        using var asked = await silent.AcceptTcpClientAsync(TestContext.Current.CancellationToken).AsTask()
            .WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(130, await lcm.InterruptAsync(Patience));
        Assert.Contains("ended by a signal", lcm.Output, StringComparison.Ordinal);
    }

    /// <summary>Starts a role, ends it when a moment has come, and gives its exit code.</summary>
    private async Task<int> EndAsync(string role, int one, Func<LcmProcess, Task> moment)
    {
        string[] ports = role == "up"
            ? ["--master-port", "0", "--agent-port", "0", "--scheduler-port", "0", "--manager-port", "0"]
            : ["--port", "0"];
        await using var lcm = LcmProcess.Start(_directory,
            [role, "--work-dir", Path.Combine(_directory, $"{role}-{one}"), .. ports]);
        await moment(lcm);
        var code = one % 2 == 0 ? await lcm.InterruptAsync(Patience) : await lcm.TerminateAsync(Patience);

        // Before the program itself has begun, the signal is the system's affair.
        Assert.True(code is 0 or 128 + 2 or 128 + 15, $"{role} at moment {one}: exit code {code}\n{lcm.Output}");
        Assert.False(
            lcm.Output.Contains("nhandled exception", StringComparison.OrdinalIgnoreCase)
            || lcm.Output.Contains("   at ", StringComparison.Ordinal),
            $"{role} at moment {one} ended with a stack trace\n{lcm.Output}");
        return code;
    }

    private static Task UpAsync(LcmProcess lcm) => Eventually.TrueAsync(
        () => lcm.Lines.Any(line => line.StartsWith("lcm: ", StringComparison.Ordinal)
            && line.Contains(" listens on ", StringComparison.Ordinal)
            || line.StartsWith("LifecycleManager is up ", StringComparison.Ordinal)), "its start", more: () => lcm.Output);
}
