using LifecycleManager.Discovery.Eureka;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Discovery.Tests.Eureka;

public sealed class EurekaRegistrarTests : IDisposable
{
    private static readonly App Shop = new()
    {
        Id = "/web/shop",
        Labels = new Dictionary<string, string> { ["lcm.eureka"] = "true", ["lcm.eureka.metadata.zone"] = "eu" },
        HealthChecks = [new AppHealthCheck { Protocol = "MESOS_HTTP", Path = "/health", PortIndex = 0 }],
    };

    private readonly FakeTimeProvider _time = new();
    private readonly FakeApps _apps = new();
    private readonly RecordingLog _log = new();

    public void Dispose() => _log.Dispose();

    [Fact]
    public async Task What_serves_is_registered_renewed_and_cancelled()
    {
        await using var eureka = await FakeEureka.StartAsync();
        using var registrar = Registrar(new Uri($"http://127.0.0.1:{Server.FreePort()}/eureka"), eureka.Url);
        await registrar.StartAsync(default);
        _apps.Apps = [Shop, Shop with { Id = "/web/quiet", Labels = new Dictionary<string, string>(), Tasks = [Task("quiet")] }];
        await UntilAsync(() => _apps.Reads > 2);
        Assert.Empty(eureka.Instances);

        _apps.Apps = [Shop with { Tasks = [Task("t1")] }];
        await UntilAsync(() => !eureka.Instances.IsEmpty);
        var instance = Assert.Single(eureka.Instances).Value;
        Assert.Equal(("SHOP", "t1", "UP"),
            ((string)instance["app"]!, (string)instance["instanceId"]!, (string)instance["status"]!));
        Assert.Equal((31_000L, "h1", "10.0.0.1"),
            ((long)instance["port"]!["$"]!, (string)instance["hostName"]!, (string)instance["ipAddr"]!));
        Assert.Equal("eu", (string?)instance["metadata"]!["zone"]);
        Assert.EndsWith("/health", (string?)instance["healthCheckUrl"], StringComparison.Ordinal);
        await UntilAsync(() => eureka.Renewals > 0);

        eureka.Instances.Clear();
        await UntilAsync(() => !eureka.Instances.IsEmpty);
        _apps.Apps = [Shop];
        await UntilAsync(() => eureka.Instances.IsEmpty);
        await registrar.StopAsync(default);
    }

    [Fact]
    public async Task A_scheduler_that_leads_no_more_cancels_nothing_and_registers_anew_when_it_leads_again()
    {
        await using var eureka = await FakeEureka.StartAsync();
        using var registrar = Registrar(eureka.Url);
        await registrar.StartAsync(default);
        _apps.Apps = [Shop with { Tasks = [Task("t1")] }];
        await UntilAsync(() => !eureka.Instances.IsEmpty);

        _apps.Apps = null;
        var reads = _apps.Reads;
        await UntilAsync(() => _apps.Reads > reads + 2);
        Assert.Single(eureka.Instances);

        eureka.Instances.Clear();
        _apps.Apps = [Shop with { Tasks = [Task("t1")] }];
        await UntilAsync(() => !eureka.Instances.IsEmpty);
        await registrar.StopAsync(default);
    }

    [Fact]
    public async Task Eureka_says_of_an_instance_what_is_known_from_its_start_to_its_end()
    {
        await using var eureka = await FakeEureka.StartAsync();
        using var registrar = Registrar(eureka.Url);
        await registrar.StartAsync(default);
        var task = Task("t1");
        foreach (var (shown, status) in new (AppTask, string)[]
        {
            (task with { Started = false, HealthCheckResults = null }, "STARTING"),
            (task, "UP"),
            (task with { HealthCheckResults = [new HealthCheckResult { Alive = false }] }, "DOWN"),
            (task, "UP"),
            (task with { State = "TASK_UNREACHABLE" }, "DOWN"),
            (task, "UP"),
            (task with { State = "TASK_KILLING" }, "OUT_OF_SERVICE"),
        })
        {
            Runs(shown);
            await UntilAsync(() => eureka.StatusOf("t1") == status);
        }

        Assert.DoesNotContain(eureka.Calls, call => call.StartsWith("DELETE", StringComparison.Ordinal));
        Runs();
        await UntilAsync(() => eureka.Instances.IsEmpty);

        // One that stands by in a blue-green deployment is not there at all, nor is one that is not up.
        Runs(Task("t2") with { InService = false }, Task("t3") with { State = "TASK_STAGING" }, Task("t4"));
        await UntilAsync(() => eureka.StatusOf("t4") == "UP");
        Assert.Single(eureka.Instances);
        await registrar.StopAsync(default);
    }

    [Fact]
    public async Task What_an_operator_has_overridden_stays_so_whatever_the_checks_say()
    {
        await using var eureka = await FakeEureka.StartAsync();
        using var registrar = Registrar(eureka.Url);
        await registrar.StartAsync(default);
        Runs(Task("t1"));
        await UntilAsync(() => eureka.StatusOf("t1") == "UP");
        using var operating = new HttpClient { BaseAddress = eureka.Url };
        (await operating.PutAsync("apps/SHOP/t1/status?value=OUT_OF_SERVICE", null)).EnsureSuccessStatusCode();

        Runs(Task("t1") with { HealthCheckResults = [new HealthCheckResult { Alive = false }] });
        await UntilAsync(() => eureka.StatusOf("t1") == "DOWN");
        var renewals = eureka.Renewals;
        Runs(Task("t1"));
        await UntilAsync(() => eureka.StatusOf("t1") == "OUT_OF_SERVICE" && eureka.Renewals > renewals);
        await registrar.StopAsync(default);
    }

    [Fact]
    public async Task A_scheduler_that_begins_to_lead_takes_nothing_back_that_it_has_yet_to_see()
    {
        await using var eureka = await FakeEureka.StartAsync();
        using var first = Registrar(eureka.Url);
        await first.StartAsync(default);
        Runs(Task("t1"));
        await UntilAsync(() => eureka.StatusOf("t1") == "UP");
        await first.StopAsync(default);
        eureka.Calls.Clear();

        var renewals = eureka.Renewals;
        Runs(Task("t1") with { HealthCheckResults = null });
        using var second = Registrar(eureka.Url);
        await second.StartAsync(default);
        await UntilAsync(() => eureka.Renewals > renewals + 1);
        Assert.Empty(eureka.Calls);
        Assert.Equal("UP", eureka.StatusOf("t1"));
        await second.StopAsync(default);
    }

    [Fact]
    public async Task It_logs_in_and_says_what_is_missing_and_never_the_secret()
    {
        await using var eureka = await FakeEureka.StartAsync();
        eureka.Login = "Basic b3BzOnMzY3JldA==";
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "wrong\n");
        using var registrar = Registrar(new EurekaCredential("ops", file), eureka.Url);
        await registrar.StartAsync(default);
        Runs(Task("t1"));
        await UntilAsync(() => _log.Lines.Any(line => line.Contains("--eureka-credentials", StringComparison.Ordinal)));
        Assert.Empty(eureka.Instances);

        // The file is read again.
        await File.WriteAllTextAsync(file, "s3cret\n");
        await UntilAsync(() => eureka.StatusOf("t1") == "UP");
        Assert.DoesNotContain(_log.Lines, line => line.Contains("s3cret", StringComparison.Ordinal)
            || line.Contains("wrong", StringComparison.Ordinal));
        await registrar.StopAsync(default);
        File.Delete(file);
        Assert.Throws<ArgumentException>(() => new ServiceCollection().AddEurekaRegistrar(
            new EurekaOptions { Servers = [new Uri("http://ops:s3cret@e:8761/eureka")] }));
    }

    [Fact]
    public async Task An_app_that_cannot_be_registered_as_it_asks_is_said_once_with_the_reason()
    {
        await using var eureka = await FakeEureka.StartAsync();
        using var registrar = Registrar(eureka.Url);
        await registrar.StartAsync(default);
        App Of(string id, string port) => Shop with
        {
            Id = id,
            Labels = new Dictionary<string, string> { ["lcm.eureka"] = "true", ["lcm.eureka.port"] = port },
            Tasks = [Task("of " + id)],
        };
        _apps.Apps = [Of("/a", "7"), Of("/b", "first"), Shop with { Tasks = [Task("t1")] }];
        await UntilAsync(() => eureka.Renewals > 1);
        Assert.Single(eureka.Instances);
        Assert.Single(_log.Lines, line => line.Contains("/a asks", StringComparison.Ordinal)
            && line.Contains("publish no port 7", StringComparison.Ordinal));
        Assert.Single(_log.Lines, line => line.Contains("/b asks", StringComparison.Ordinal)
            && line.Contains("'first', which is no index", StringComparison.Ordinal));
        await registrar.StopAsync(default);
    }

    [Fact]
    public void The_port_is_the_one_that_is_published_and_a_mapped_network_is_reached_at_its_host()
    {
        var app = Shop with
        {
            Labels = new Dictionary<string, string>
            {
                ["lcm.eureka.name"] = "Search",
                ["lcm.eureka.port"] = "2",
                ["lcm.eureka.secure"] = "true",
            },
            Networks = [new AppNetwork { Mode = "container/bridge" }],
            Container = new AppContainer
            {
                PortMappings = [new() { HostPort = 0 }, new() { ContainerPort = 81 }, new() { HostPort = 0 }],
            },
            Tasks = [Task("t1", 31_000, 31_001), Task("without that port", 31_000)],
        };

        var registration = Assert.Single(EurekaRegistration.Of([app])).Value;
        Assert.Equal(("SEARCH", 31_001, "h1", true, null),
            (registration.App, registration.Port, registration.Address, registration.IsSecure, registration.HealthPath));
    }

    private static AppTask Task(string id, params int[] ports) => new()
    {
        Id = id,
        AppId = "/web/shop",
        Host = "h1",
        Ports = ports is [] ? [31_000] : ports,
        Version = "2020-01-01T00:00:00.000Z",
        IpAddresses = [new TaskIpAddress("10.0.0.1", "IPv4")],
        State = "TASK_RUNNING",
        HealthCheckResults = [new HealthCheckResult { Alive = true }],
    };

    private EurekaRegistrar Registrar(params Uri[] servers) => Registrar(null, servers);

    private EurekaRegistrar Registrar(EurekaCredential? credential, params Uri[] servers) => new(
        _apps, new EurekaOptions { Servers = servers, Renewal = TimeSpan.FromSeconds(1), Credential = credential },
        new RoleHealth(_time), _time, new Logger<EurekaRegistrar>(_log));

    private void Runs(params AppTask[] tasks) => _apps.Apps = [Shop with { Tasks = tasks }];

    private Task UntilAsync(Func<bool> condition) => Eventually.TrueAsync(() =>
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        return condition();
    });

    private sealed class FakeApps : IServingApps
    {
        private int _reads;

        public int Reads => _reads;

        public IReadOnlyList<App>? Apps { get; set; } = [];

        public IReadOnlyList<App>? Read(Func<IReadOnlyDictionary<string, string>, bool> wanted)
        {
            Interlocked.Increment(ref _reads);
            return Apps?.Where(app => wanted(app.Labels!)).ToList();
        }
    }
}
