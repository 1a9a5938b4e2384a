using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;

namespace LifecycleManager.Agent.Tests.Fakes;

/// <summary>A real agent process, which a test can kill without mercy.</summary>
public sealed class AgentProcess : IDisposable
{
    public const string Verb = "--run-agent";
    private readonly Process _process;

    private AgentProcess(Process process) => _process = process;

    public bool HasExited => _process.HasExited;

    public static AgentProcess Start(FakeMaster master, string directory, bool docker = false)
    {
        var kinds = docker ? "docker,process" : "process";
        var options = JsonSerializer.Serialize(new[] { master.Address.ToString(), directory, kinds });
        var start = new ProcessStartInfo(Environment.ProcessPath!, [Verb, options])
        {
            UseShellExecute = false,
            RedirectStandardInput = true
        };
        start.Environment["DOTNET_gcServer"] = "0";
        return new AgentProcess(Process.Start(start)!);
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _process.Dispose();
    }

    /// <summary>What the started process does.</summary>
    internal static async Task<int> RunAsync(string text)
    {
        var values = JsonSerializer.Deserialize<string[]>(text)!;
        var app = TestAgent.Build(
            new AgentOptions
            {
                WorkDirectory = values[1],
                Masters = [new Uri(values[0])],
                Hostname = "127.0.0.1",
                TaskAddress = IPAddress.Loopback,
                Resources = "cpus:2;mem:1024;disk:1024",
                Containerizers = values[2].Split(','),
                CgroupRoot = "lcm-tests",
                RegistrationBackoff = TimeSpan.FromMilliseconds(20),
                MaxRegistrationBackoff = TimeSpan.FromMilliseconds(200),
                UpdateRetry = TimeSpan.FromMilliseconds(300),
            },
            new ConcurrentLog());
        await app.StartAsync();
        // The input ends with the tests themselves, however they end.
        await Console.In.ReadToEndAsync();
        return 0;
    }
}
