using System.Net;
using System.Net.Sockets;

namespace LifecycleManager.Cli.Tests.Commands.Operating;

/// <summary>A command that asks a role takes a moment: nothing of the roles is loaded for it.</summary>
public sealed class StartupTests
{
    [Theory]
    [InlineData("app", "list")]
    [InlineData("agent", "list")]
    [InlineData("events", null)]
    public async Task No_room_of_a_role_is_loaded(string command, string? below)
    {
        if (!OperatingSystem.IsLinux()) return;
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var address = $"http://{silent.LocalEndpoint}";
        string[] words = below is null ? [command] : [command, below];
        await using var lcm = LcmProcess.Start(Path.GetTempPath(),
            new Dictionary<string, string> { ["LCM_SCHEDULER"] = address, ["LCM_MASTER"] = address }, words);

        // Once it asks, all is loaded that it needs for that.
        using var asked = await silent.AcceptSocketAsync().WaitAsync(TimeSpan.FromSeconds(60));
        await asked.ReceiveAsync(new byte[1]);
        var loaded = (await File.ReadAllLinesAsync($"/proc/{lcm.Id}/maps")).Select(line => Path.GetFileName(line))
            .Where(name => name.EndsWith(".dll", StringComparison.Ordinal)).Distinct().ToList();
        Assert.Contains("lcm.dll", loaded);
        string[] allowed = ["Clients", "Primitives", "Protocol", "Runtime", "Security"];
        Assert.Empty(loaded.Where(name => name.StartsWith("LifecycleManager.", StringComparison.Ordinal))
            .Except(allowed.Select(room => $"LifecycleManager.{room}.dll")));
        Assert.DoesNotContain(loaded, name => name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)
            || name.StartsWith("Spectre", StringComparison.Ordinal));
        await lcm.KillAsync();
    }
}
