using System.Text.RegularExpressions;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>The first thing a newcomer sees.</summary>
public sealed partial class DemoTests
{
    [Fact]
    public async Task The_demo_shows_a_scale_out_and_a_scale_in_with_their_reasons_on_processes() =>
        await RunAsync("unix:///nowhere/docker.sock");

    [Fact]
    public async Task The_demo_shows_a_scale_out_and_a_scale_in_with_their_reasons_on_containers() =>
        await RunAsync(Server.Docker().ToString());

    private static async Task RunAsync(string docker)
    {
        var directory = Directory.CreateTempSubdirectory("lcm-e2e-demo-");
        await using (var lcm = LcmProcess.StartProgram("LifecycleManager.Demo.dll", directory.FullName,
            new Dictionary<string, string>(),
            ["--stop-tasks", "--docker", docker, "--master-port", "0", "--agent-port", "0", "--scheduler-port", "0",
                "--manager-port", "0"]))
        {
            await Eventually.TrueAsync(() => lcm.HasExited || ScaleIn().IsMatch(lcm.Output), "a scale-in",
                TimeSpan.FromMinutes(4), () => lcm.Output);

            Assert.Matches(ScaleOut(), lcm.Output);
            Assert.Matches(ScaleIn(), lcm.Output);
            await Eventually.TrueAsync(() => lcm.Output.Contains("the end:", StringComparison.Ordinal),
                "the load's end", more: () => lcm.Output);
            Assert.Matches(NoneFailed(), lcm.Output[lcm.Output.IndexOf("the end:", StringComparison.Ordinal)..]);
            Assert.Equal(0, await lcm.InterruptAsync(TimeSpan.FromMinutes(2)));
        }

        directory.Delete(recursive: true);
    }

    [GeneratedRegex(@"scale out +/brownfield/search 1 -> 2: too many transactions: tpm \d")]
    private static partial Regex ScaleOut();

    [GeneratedRegex(@"^the end: [1-9]\d* searches were answered, 0 failed")]
    private static partial Regex NoneFailed();

    [GeneratedRegex(@"scale in +/brownfield/search \d -> \d: too few transactions: ")]
    private static partial Regex ScaleIn();
}
