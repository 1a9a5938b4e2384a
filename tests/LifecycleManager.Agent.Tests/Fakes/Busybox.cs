using Docker.DotNet;
using Docker.DotNet.Models;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Testing;

[assembly: AssemblyFixture(typeof(Busybox))]

namespace LifecycleManager.Agent.Tests.Fakes;

/// <summary>A small image of this machine's own busybox, loaded on first use and removed at the end.</summary>
public sealed class Busybox : IAsyncDisposable
{
    private readonly SemaphoreSlim _once = new(1);
    private DockerClient? _client;

    public string Image { get; } = $"lcm-agent-tests:{Guid.NewGuid():N}";

    /// <summary>The engine with the image, or skips.</summary>
    public async Task<IDockerClient> DockerAsync()
    {
        var address = Server.Docker();
        await _once.WaitAsync();
        try
        {
            if (_client is not null) return _client;
            var client = new DockerClientBuilder().WithEndpoint(address).Build();
            await using var layer = await BusyboxLayer.MakeAsync();
            await client.Images.CreateImageAsync(
                new ImagesCreateParameters
                {
                    FromSrc = "-",
                    Repo = Image.Split(':')[0],
                    Tag = Image.Split(':')[1],
                    Changes = ["LABEL lcm.agent.tests=1", "ENV PATH=/bin"],
                },
                layer, new AuthConfig(), new Progress<JSONMessage>(), CancellationToken.None);
            _client = client;
            return client;
        }
        finally
        {
            _once.Release();
        }
    }

    /// <summary>The containers of one task, also those that have ended.</summary>
    public async Task<IList<ContainerListResponse>> ContainersAsync(string task)
    {
        var client = await DockerAsync();
        return await client.Containers.ListContainersAsync(new ContainersListParameters
        {
            All = true,
            Filters = new Dictionary<string, IDictionary<string, bool>>
            {
                ["label"] =
                new Dictionary<string, bool> { [$"lcm.task={task}"] = true }
            },
        });
    }

    public async ValueTask DisposeAsync()
    {
        _once.Dispose();
        if (_client is null) return;
        // What a failed test has left goes with its image.
        var left = await _client.Containers.ListContainersAsync(new ContainersListParameters
        {
            All = true,
            Filters = new Dictionary<string, IDictionary<string, bool>>
            {
                ["ancestor"] =
                new Dictionary<string, bool> { [Image] = true }
            },
        });
        foreach (var container in left)
        {
            try
            {
                await _client.Containers.RemoveContainerAsync(container.ID,
                    new ContainerRemoveParameters { Force = true, RemoveVolumes = true });
            }
            catch (DockerApiException)
            {
                // It is just being removed.
            }
        }

        await _client.Images.DeleteImageAsync(Image, new ImageDeleteParameters { Force = true });
        _client.Dispose();
    }
}
