using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>
/// Ctrl-C and SIGTERM at any moment of a start: a clean end, with the code that the README names, and nothing left over.
/// </summary>
public sealed class SignalTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
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
        var random = new Random(role.Length);
        var begun = 0;
        for (var moment = 0; moment < 30; moment += 6)
        {
            // Several at a time: the moments are what counts.
            var ended = await Task.WhenAll(Enumerable.Range(moment, 6)
                .Select(one => EndAsync(role, one, random.NextDouble(), interrupt: one % 2 == 0)));
            begun += ended.Count(hadBegun => hadBegun);
        }

        Assert.True(begun >= 10, $"{begun} of 30 starts had begun");
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

    private async Task<bool> EndAsync(string role, int moment, double part, bool interrupt)
    {
        string[] ports = role == "up"
            ? ["--master-port", "0", "--agent-port", "0", "--scheduler-port", "0", "--manager-port", "0"]
            : ["--port", "0"];
        await using var lcm = LcmProcess.Start(_directory,
            [role, "--work-dir", Path.Combine(_directory, $"{role}-{moment}"), .. ports]);

        // From the program's first breath until all is up; the moments are spread over that whole time, busy machine or not.
        await Task.Delay(TimeSpan.FromSeconds(2.5 * (moment + part) / 30));
        var code = interrupt ? await lcm.InterruptAsync(Patience) : await lcm.TerminateAsync(Patience);

        // Before the program itself has begun, the signal is the system's affair.
        var hadBegun = code is 0;
        Assert.True(hadBegun || code is 128 + 2 or 128 + 15, $"{role} at moment {moment}: exit code {code}\n{lcm.Output}");
        Assert.DoesNotContain("nhandled exception", lcm.Output, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("   at ", lcm.Output, StringComparison.Ordinal);
        return hadBegun;
    }
}
