using System.Globalization;
using System.Net.Http.Json;
using Docker.DotNet;
using Docker.DotNet.Models;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>The manager alone, over a real swarm: no scheduler, master or agent of ours.</summary>
public sealed class SwarmTests : IAsyncLifetime
{
    private const string Image = "lcm-swarm-busybox";

    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-e2e-swarm-").FullName;
    private readonly DockerProcess _docker = new(swarm: true);
    private DockerClient _engine = null!;

    public async ValueTask InitializeAsync()
    {
        await _docker.StartAsync();
        _engine = new DockerClientBuilder().WithEndpoint(_docker.Address).Build();
        await using var layer = await BusyboxLayer.MakeAsync();
        await _engine.Images.CreateImageAsync(
            new ImagesCreateParameters { FromSrc = "-", Repo = Image, Tag = "1" }, layer, new AuthConfig(),
            new Progress<JSONMessage>(), TestContext.Current.CancellationToken);
        await _engine.Swarm.InitSwarmAsync(new SwarmInitParameters
        {
            AdvertiseAddr = "127.0.0.1",
            ListenAddr = "127.0.0.1:2377"
        });
    }

    public async ValueTask DisposeAsync()
    {
        _engine?.Dispose();
        await _docker.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_service_of_a_real_swarm_is_scaled_out_and_in_by_policy()
    {
        var service = await _engine.Swarm.CreateServiceAsync(new ServiceCreateParameters
        {
            Service = new ServiceSpec
            {
                Name = "web",
                Mode = new ServiceMode { Replicated = new ReplicatedService { Replicas = 1 } },
                TaskTemplate = new TaskSpec
                {
                    ContainerSpec = new ContainerSpec
                    {
                        Image = Image + ":1",
                        Command = ["/bin/sleep", "100000"],
                        StopGracePeriod = TimeSpan.Zero
                    },
                    Networks = [new NetworkAttachmentConfig { Target = "host" }],
                },
            },
        });
        var rules = Directory.CreateDirectory(Path.Combine(_directory, "rules")).FullName;
        await File.WriteAllTextAsync(Path.Combine(rules, "web.yml"), """
            policy: web
            app: /web
            instances: { min: 1, max: 3 }
            metrics:
              jobs: { pushed: jobs }
            rules:
              - rule: much to do
                when: jobs > 10 * instances
                then: { add: 1 }
              - rule: little to do
                when: jobs <= 10 * (instances - 1)
                then: { remove: 1 }
            scaleIn: { stabilization: 0s }
            """, TestContext.Current.CancellationToken);
        var port = Server.FreePort();
        await using var lcm = LcmProcess.Start(_directory,
            "manager", "--port", port.ToString(CultureInfo.InvariantCulture), "--work-dir", Path.Combine(_directory, "work"),
            "--rules", rules,
            "--target", "swarm", "--target-address", _docker.Address.ToString(), "--tick", "500ms");
        using var manager = new HttpClient
        {
            BaseAddress = new Uri($"http://127.0.0.1:{port}"),
            Timeout = TimeSpan.FromSeconds(30)
        };

        await WithAsync(jobs: 25, running: 3);
        await WithAsync(jobs: 4, running: 1);

        var reasons = await manager.GetStringAsync("/v1/decisions?app=/web", TestContext.Current.CancellationToken);
        Assert.Contains("much to do: jobs 25 > 10 * instances 1, +1", reasons, StringComparison.Ordinal);
        var scaled = await _engine.Swarm.InspectServiceAsync(service.ID!, TestContext.Current.CancellationToken);
        Assert.Equal(["/bin/sleep", "100000"], scaled.Spec!.TaskTemplate!.ContainerSpec!.Command);

        async Task WithAsync(int jobs, int running) => await Eventually.TrueAsync(async () =>
        {
            using var pushed = await manager.PostAsJsonAsync("/v1/samples", new { app = "/web", metric = "jobs", value = jobs });
            var containers = await _engine.Containers.ListContainersAsync(new ContainersListParameters());
            return containers.Count == running;
        }, $"{running} containers with {jobs} jobs", more: () => lcm.Output);
    }
}
