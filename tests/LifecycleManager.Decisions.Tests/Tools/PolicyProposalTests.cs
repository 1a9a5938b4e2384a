using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Metrics;
using LifecycleManager.Metrics.Tests.Fakes;

namespace LifecycleManager.Decisions.Tests.Tools;

/// <summary>What is proposed for running services, whose answers are those of real ones.</summary>
public sealed class PolicyProposalTests
{
    private const string App = "/shop/web";

    [Fact]
    public async Task A_service_of_boot_1_gets_a_policy_of_what_it_tells_with_present_values()
    {
        await using var service = await SpringRecording.Of("1.5").ServeAsync("A-metrics-s2");
        var (code, policy, _) = await ProposeAsync(service.Port);
        Assert.Equal(0, code);
        Assert.Contains("#   process-cpu (actuator): cpu 100%\n", policy, StringComparison.Ordinal);
        Assert.Contains("#   requests (actuator): rps 0\n", policy, StringComparison.Ordinal);
        Assert.Contains("#   latency (actuator): slowest 0.124 s\n", policy, StringComparison.Ordinal);
        Assert.Contains("#   heap (actuator): used 21.386 MB, most 162 MB\n", policy, StringComparison.Ordinal);
        Assert.Contains("--kind requests | latency | heap\n", policy, StringComparison.Ordinal);
        Assert.Contains("#   target (container): cpu, load: container statistics come from the master's "
            + "agents, and no master", policy, StringComparison.Ordinal);
        Assert.Contains("#   rabbitmq, step, zero: the name of a queue is needed", policy, StringComparison.Ordinal);
        Assert.Contains("cpu: { actuator: process.cpu.usage, window: 1m }", policy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2.7")]
    [InlineData("3.5")]
    [InlineData("4.0")]
    public async Task A_service_with_prometheus_text_gets_one_too(string boot)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Data", $"prometheus-{boot}-s2.txt"),
            TestContext.Current.CancellationToken);
        await using var service = await HttpServer.StartAsync(async context =>
        {
            if (context.Request.Path != "/actuator/prometheus")
            {
                context.Response.StatusCode = 404;
                return;
            }

            context.Response.ContentType = "text/plain; version=0.0.4";
            await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, text);
        });
        var (code, policy, _) = await ProposeAsync(service.Port);
        Assert.Equal(0, code);
        Assert.Matches("#   process-cpu \\(Prometheus text of Micrometer\\): cpu [0-9.]+%\n", policy);
        Assert.Matches("#   heap \\(Prometheus text of Micrometer\\): used [0-9.]+ MB, most [0-9.]+ [MG]B\n", policy);
        Assert.Contains("#   requests (Prometheus text of Micrometer): rps 0\n", policy, StringComparison.Ordinal);
        Assert.Contains("cpu: { prometheus: process_cpu_usage, window: 1m }", policy, StringComparison.Ordinal);
        Assert.Contains("#   heap (actuator): used, most: ", policy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_nothing_is_told_the_reasons_are_and_nothing_is_written()
    {
        await using var service = await HttpServer.StartAsync(context =>
        {
            context.Response.StatusCode = 401;
            return Task.CompletedTask;
        });
        var (code, policy, error) = await ProposeAsync(service.Port);
        Assert.Equal((1, ""), (code, policy));
        Assert.StartsWith("nothing of /shop/web can be measured:\n", error, StringComparison.Ordinal);
        Assert.Contains("  requests (actuator): rps: ", error, StringComparison.Ordinal);
        Assert.Contains("401", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_app_that_is_not_there_is_said_to_be_so()
    {
        await using var scheduler = await FakeScheduler.StartAsync();
        var proposal = new PolicyProposal(App);
        var readings = await MetricsProbe.ReadAsync(new CollectorOptions { Scheduler = scheduler.Server.Url },
            proposal.Demands, TimeSpan.FromSeconds(2), TimeProvider.System, TestContext.Current.CancellationToken);
        using var error = new StringWriter { NewLine = "\n" };
        Assert.Equal(1, proposal.Write(readings, DateTimeOffset.UtcNow, null, TextWriter.Null, error));
        Assert.Contains("latency (actuator): slowest: the scheduler has no app /shop/web\n", error.ToString(),
            StringComparison.Ordinal);
    }

    /// <summary>Looks at a service of one instance; what is written has the form of fmt, and no finding.</summary>
    private static async Task<(int Code, string Policy, string Error)> ProposeAsync(int port)
    {
        await using var scheduler = await FakeScheduler.StartAsync();
        scheduler.App(App).Task(App, "one", port);
        var proposal = new PolicyProposal(App);
        // As long as it takes on a busy machine: of what is not there nobody can tell that it will not come.
        var readings = await MetricsProbe.ReadAsync(new CollectorOptions { Scheduler = scheduler.Server.Url },
            proposal.Demands, TimeSpan.FromSeconds(12), TimeProvider.System, TestContext.Current.CancellationToken);
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = proposal.Write(readings, new DateTimeOffset(2026, 11, 30, 8, 0, 0, TimeSpan.Zero), null, output, error);
        if (code != 0) return (code, output.ToString(), error.ToString());
        Assert.Empty(PolicyCheck.Check("p.yml", output.ToString()));
        var directory = Directory.CreateTempSubdirectory("proposal").FullName;
        try
        {
            var file = Path.Combine(directory, "p.yml");
            await File.WriteAllTextAsync(file, output.ToString());
            if (PolicyFmt.Run([file], check: true, TextWriter.Null, TextWriter.Null) != 0)
            {
                PolicyFmt.Run([file], check: false, TextWriter.Null, TextWriter.Null);
                Assert.Equal(await File.ReadAllTextAsync(file), output.ToString());
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }

        return (code, output.ToString(), error.ToString());
    }
}
