using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using LifecycleManager.Testing;

namespace BrownField.Tests;

/// <summary>The program itself, ended as an agent ends it.</summary>
public sealed partial class StoppingTests
{
    private static readonly CancellationToken Stop = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Told_to_stop_it_is_not_ready_first_serves_on_and_fails_no_request()
    {
        using var process = Start("--service", "search", "--boot", "both", "--port", "0", "--drain", "700ms");
        var url = Address().Match((await process.StandardOutput.ReadLineAsync(Stop))!).Value;
        using var http = new HttpClient { BaseAddress = new Uri(url) };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/admin/health", Stop)).StatusCode);

        // Clients that go on as long as the instance calls itself ready, over kept-alive connections.
        var answers = new List<HttpStatusCode>();
        var notReady = false;
        var client = Task.Run(async () =>
        {
            while (!notReady) answers.Add((await http.GetAsync("/search?origin=NYC", Stop)).StatusCode);
            for (var i = 0; i < 5; i++) answers.Add((await http.GetAsync("/search?origin=NYC", Stop)).StatusCode);
        }, Stop);
        using (var kill = Process.Start("kill", ["-TERM", $"{process.Id}"])) await kill.WaitForExitAsync(Stop);
        HttpResponseMessage health;
        do health = await http.GetAsync("/admin/health", Stop);
        while (health.StatusCode == HttpStatusCode.OK);
        notReady = true;
        await client;
        await process.WaitForExitAsync(Stop);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        Assert.Contains("OUT_OF_SERVICE", await health.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        Assert.True(health.Headers.ConnectionClose);
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer));
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public async Task A_port_in_use_is_one_clear_line_and_exit_code_1()
    {
        await using var there = await Service.SearchAsync(BootShape.One);
        using var process = Start("--service", "search", "--port", $"{there.Url.Port}");

        var error = await process.StandardError.ReadToEndAsync(Stop);
        await process.WaitForExitAsync(Stop);

        Assert.Equal(1, process.ExitCode);
        Assert.Equal($"brownfield: Failed to bind to address http://127.0.0.1:{there.Url.Port}: address already in use.",
            error.Trim());
    }

    private static Process Start(params string[] args) => Process.Start(new ProcessStartInfo(
        Server.Executable("dotnet"), [Path.Combine(AppContext.BaseDirectory, "BrownField.dll"), .. args])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    [GeneratedRegex(@"http://\S+")]
    private static partial Regex Address();
}
