using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using LifecycleManager.Security;
using LifecycleManager.Testing;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>Clients that reset their connection in the middle of a body, at every route of every role that reads one.</summary>
public sealed class GoneClientsTests : IDisposable
{
    private static readonly string[] Types = ["application/json", "text/plain", "application/x-www-form-urlencoded"];

    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-gone-").FullName;

    public static TheoryData<string> Roles => [.. RunningRole.Names];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_client_that_goes_away_in_the_middle_of_its_body_is_no_defect(string role)
    {
        using var log = new ErrorLog();
        await using var running = await RunningRole.StartAsync(role, new AllowedHosts(), _directory, log);
        using var http = new HttpClient { BaseAddress = running.Address };
        await Eventually.TrueAsync(
            async () => !Regex.IsMatch(await http.GetStringAsync("/metrics"), $"(?m)^lcm_{role}_lead(er|ing) 0$"), "a lead");
        var read = 0;

        // The framework's own handlers keep the failure to themselves, and may leave a line in the log.
        foreach (var (method, path) in running.Routes.Where(route => route.Method is "POST" or "PUT" or "PATCH"
            && !route.Path.StartsWith("/_blazor", StringComparison.Ordinal)))
            foreach (var type in Types)
                if (await LeaveAsync(running.Address, method, path, type))
                    read++;

        // Each request has ended when the bytes of none are counted any more.
        await Eventually.TrueAsync(
            async () => Regex.IsMatch(await http.GetStringAsync("/metrics"), $"(?m)^lcm_{role}_request_body_bytes 0$"),
            "the end of all requests");
        Assert.True(!log.Lines.Any(), string.Join("\n", log.Lines));
        TestContext.Current.TestOutputHelper!.WriteLine($"{read} bodies are broken off");
        Assert.True(read > 0, "no route has read a body");
    }

    /// <summary>Whether the route has asked for the body; the connection is reset after the first byte of it.</summary>
    private static async Task<bool> LeaveAsync(Uri address, string method, string path, string type)
    {
        using var socket = await RawHttp.ConnectAsync(address);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"{method} {path} HTTP/1.1\r\nHost: {address.Authority}\r\nContent-Type: {type}\r\nContent-Length: 1000\r\n"
            + "Expect: 100-continue\r\n\r\n"), patience.Token);
        var status = await RawHttp.StatusAsync(socket, patience.Token);
        Assert.True(status > 0, $"{method} {path} is not answered");
        if (status != 100) return false;
        await socket.SendAsync("{"u8.ToArray(), patience.Token);
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        return true;
    }
}
