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
            Filters = new Dictionary<string, IDictionary<string, bool>> { ["ancestor"] = new Dictionary<string, bool> { [image] = true } },
        })).Select(container => container.ID).Order(StringComparer.Ordinal),
    ];

    public void Dispose() => _client.Dispose();
}
