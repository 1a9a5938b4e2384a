using Docker.DotNet;
using Docker.DotNet.Models;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests.Harness;

/// <summary>What <c>docker ps</c> shows.</summary>
internal sealed class Containers : IDisposable
{
    private readonly DockerClient _client = new DockerClientBuilder().WithEndpoint(Server.Docker()).Build();

    /// <summary>The ids of the running containers of an image.</summary>
    public async Task<IReadOnlyList<string>> RunningAsync(string image) =>
    [
        .. (await _client.Containers.ListContainersAsync(new ContainersListParameters
        {
            Filters = new Dictionary<string, IDictionary<string, bool>> { ["ancestor"] =
                new Dictionary<string, bool> { [image] = true } },
        })).Select(container => container.ID).Order(StringComparer.Ordinal),
    ];

    /// <summary>Makes an image of this machine's busybox, programs in /bin.</summary>
    public async Task MakeBusyboxAsync(string repository, string tag)
    {
        await using var layer = await BusyboxLayer.MakeAsync();
        await _client.Images.CreateImageAsync(
            new ImagesCreateParameters { FromSrc = "-", Repo = repository, Tag = tag }, layer, new AuthConfig(),
            new Progress<JSONMessage>());
    }

    public void Dispose() => _client.Dispose();
}
