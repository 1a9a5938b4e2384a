using Docker.DotNet;
using Docker.DotNet.Models;
using LifecycleManager.Agent.Containerizers.Docker;
using LifecycleManager.Agent.Garbage;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Agent.Tests.Garbage;

public sealed class ImageCollectorTests(Busybox busybox)
{
    [Fact]
    public async Task Only_pulled_images_that_nobody_uses_go()
    {
        var docker = await busybox.DockerAsync();
        using var directory = new TemporaryDirectory();
        var time = new FakeTimeProvider();
        using var engine = new DockerEngine(
            new AgentOptions { WorkDirectory = directory.Path, Docker = Server.Docker() }, time,
            NullLogger<DockerEngine>.Instance);
        var collector = new ImageCollector(directory.Path, engine, time, NullLogger.Instance);
        string[] images = [.. new[] { "old", "used", "young", "strange" }
            .Select(name => $"lcm-agent-tests:{name}-{Guid.NewGuid():N}")];
        foreach (var image in images)
        {
            await docker.Images.TagImageAsync(
                busybox.Image, new ImageTagParameters { RepositoryName = image.Split(':')[0], Tag = image.Split(':')[1] },
                CancellationToken.None);
        }

        collector.Pulled(images[0]);
        collector.Pulled(images[1]);
        time.Advance(TimeSpan.FromHours(2));
        collector.Pulled(images[2]);
        collector.Used(images[3]);
        // What was pulled is known after a restart, too.
        collector = new ImageCollector(directory.Path, engine, time, NullLogger.Instance);

        await collector.CollectAsync(TimeSpan.FromHours(1), new HashSet<string> { images[1] }, CancellationToken.None);

        await Assert.ThrowsAsync<DockerImageNotFoundException>(() =>
            docker.Images.InspectImageAsync(images[0], CancellationToken.None));
        foreach (var image in images[1..])
        {
            await docker.Images.InspectImageAsync(image, CancellationToken.None);
            await docker.Images.DeleteImageAsync(image, new ImageDeleteParameters(), CancellationToken.None);
        }
    }
}
