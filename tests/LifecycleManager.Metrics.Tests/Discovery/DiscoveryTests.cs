using LifecycleManager.Metrics.Discovery;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Tests.Discovery;

public sealed class DiscoveryTests : IDisposable
{
    private static readonly MetricQuery Load =
        new() { Source = MetricSource.Prometheus, Selector = "load", Across = Aggregation.Sum };
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lcm-file-sd-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Files_and_static_lists_are_targets_beside_the_scheduler_s_and_follow_changes()
    {
        await using var server =
            await HttpServer.StartAsync("text/plain", new() { ["/metrics"] = "load 1\n", ["/deep"] = "load 10\n" });
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").Task("/a", "one", server.Port);
        var file = Path.Combine(_directory.FullName, "targets.json");
        await File.WriteAllTextAsync(file, """
            [{"targets": ["127.0.0.1:PORT", "localhost:PORT"], "labels": {"app": "/a", "__metrics_path__": "/deep"}}]
            """.Replace("PORT", $"{server.Port}", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        await using var collector = await CollectorUnderTest.StartAsync(scheduler, options => options with
        {
            TargetFiles = [Path.Combine(_directory.FullName, "*.json"), Path.Combine(_directory.FullName, "*.yml")],
            StaticTargets = [new TargetGroup(
            [$"127.0.0.1:{server.Port}"], new Dictionary<string, string> { ["app"] = "/static" })],
        });
        collector.Demand(("/a", Load), ("/static", Load));
        // The scheduler's task and the file's first address are one instance; localhost is another. Until the scheduler has been
        // read, the file's path holds for both.
        await collector.ReadAsync("/a", Load, reading => reading is { Reporting: 2, Instances: 2, Value: 11 });
        Assert.Equal(1, (await collector.ReadAsync("/static", Load)).Value);

        // A bad file keeps its last good targets and says what is wrong.
        await File.WriteAllTextAsync(
            file, "[{\"targets\": [\"nowhere\"], \"labels\": {\"app\": \"/a\"}}]", TestContext.Current.CancellationToken);
        await collector.DownAsync("targets.json: targets: 'nowhere' is not host:port", "file");
        Assert.Equal(2, collector.Collector.Read("/a", Load, DateTimeOffset.UtcNow).Instances);

        File.Delete(file);
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "more.yml"), $"""
            - targets:
                - '127.0.0.2:{server.Port}'
              labels:
                app: /a
            """, TestContext.Current.CancellationToken);
        await collector.ReadAsync("/a", Load, reading => reading.Instances == 2
            && collector.TargetsAsync().Result.Targets.Any(target => target.Instance == $"more.yml:/a@127.0.0.2:{server.Port}"));
    }

    [Fact]
    public async Task Without_a_scheduler_the_other_sources_are_enough_and_nobody_is_asked_in_vain()
    {
        await using var server = await HttpServer.StartAsync("text/plain", new() { ["/metrics"] = "load 3\n" });
        await using var scheduler = await FakeScheduler.StartAsync();
        await using var collector = await CollectorUnderTest.StartAsync(scheduler, options => options with
        {
            Scheduler = null,
            StaticTargets = [new TargetGroup([$"127.0.0.1:{server.Port}"],
                new Dictionary<string, string> { ["app"] = "/static" })],
        });
        collector.Demand(("/static", Load), ("/unknown", Load));
        Assert.Equal(3, (await collector.ReadAsync("/static", Load)).Value);
        Assert.Equal("no target of /unknown is known",
            (await collector.ReadAsync("/unknown", Load, reading => reading.Missing!.Contains("/unknown"))).Missing);
        Assert.Null((await collector.TargetsAsync()).Scheduler);
    }

    [Theory]
    [InlineData("a.json", "{}", "a list of target groups is needed")]
    [InlineData("a.json", "[{\"targets\": [],}]", "a.json: malformed JSON at line 1, byte 17")]
    [InlineData("a.json", "[{\"labels\": {}}]", "[0].targets: a list of addresses is needed")]
    [InlineData("a.json", "[{\"targets\": [\"a:1\"]}]", "labels.app: an absolute app id is needed")]
    [InlineData("a.json", "[{\"targets\": [\"a:1\"], \"labels\": {\"app\": \"/a\", \"__scheme__\": \"ftp\"}}]",
        "labels.__scheme__: 'ftp'")]
    [InlineData("a.yml", "- targets: [a:1\n", "a.yml:2:1: ")]
    [InlineData("a.yml", "- - - - - - - - - - - - - - - - - - a\n", "line 1: nested too deeply")]
    [InlineData("a.json", "[{\"targets\": [\"a:1\"], \"labels\": {\"app\": \"/a\", \"app\": \"/b\"}}]", "malformed")]
    [InlineData("a.yml", "targets: []", "a list of target groups is needed")]
    [InlineData("a.yml", "- targets:\n  - {a: 1}\n", "line 2: a text is needed")]
    public void A_malformed_file_is_refused_with_its_place(string name, string text, string message)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, text);
        Assert.Contains(message, Assert.Throws<FormatException>(() => FileTargets.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_named_pipe_is_refused_and_never_opened()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("needs named pipes");
        var path = Path.Combine(_directory.FullName, "a.json");
        NamedPipe.Make(path);
        Assert.Contains("no regular file", Assert.Throws<FormatException>(() => FileTargets.Read(path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instances_registered_with_eureka_are_targets_of_the_apps_that_stand_for_their_name()
    {
        await using var server = await HttpServer.StartAsync("application/json",
            new() { ["/manage/metrics"] = """{"gauge.servo.tpm": 5}""" });
        // One application and one instance without brackets, as old servers write them.
        await using var eureka = await HttpServer.StartAsync("application/json", new()
        {
            ["/eureka/apps"] = """
                {"applications": {"versions__delta": "1", "application": {"name": "SEARCH-SERVICE", "instance": {
                  "instanceId": "h:search-service:1", "hostName": "nowhere.invalid", "ipAddr": "127.0.0.1", "status": "UP",
                  "port": {"$": 1, "@enabled": "true"}, "securePort": {"$": 443, "@enabled": "false"},
                  "leaseInfo": {"serviceUpTimestamp": 1500000000000},
                  "metadata": {"management.port": "PORT", "management.context-path": "/manage"}}}}}
                """.Replace("PORT", $"{server.Port}", StringComparison.Ordinal),
        });
        await using var scheduler = (await FakeScheduler.StartAsync())
            .App("/search", new() { ["lcm.metrics.eureka"] = "search-service" });
        await using var collector =
            await CollectorUnderTest.StartAsync(scheduler, options => options with { Eureka = new Uri(eureka.Url, "eureka") });
        var tpm = new MetricQuery { Source = MetricSource.Actuator, Selector = "gauge.servo.tpm" };
        collector.Demand(("/search", tpm));
        Assert.Equal(5, (await collector.ReadAsync("/search", tpm)).Value);
        var instances = new List<InstanceReading>();
        collector.Collector.ReadInstances("/search", tpm, DateTimeOffset.UtcNow, instances);
        Assert.Equal(new InstanceReading("eureka:h:search-service:1@/search", 5, true, null), Assert.Single(instances));
    }
}
