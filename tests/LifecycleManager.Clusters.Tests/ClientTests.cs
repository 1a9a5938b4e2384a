using LifecycleManager.Clusters.Http;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Clusters.Tests;

/// <summary>A client against a server whose answers the test states.</summary>
public abstract class ClientTests : IAsyncLifetime
{
    private readonly List<ServiceProvider> _services = [];

    /// <summary>A directory of the test's own.</summary>
    protected string Folder { get; } = Directory.CreateTempSubdirectory("lcm-cluster-").FullName;

    /// <summary>The orchestrator.</summary>
    protected FakeServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await FakeServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var services in _services) await services.DisposeAsync();
        await Server.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>An HTTP client, as whoever uses the room makes it.</summary>
    protected HttpClient Http(Func<ClusterConnection, ClusterConnection>? configure = null)
    {
        var connection = new ClusterConnection
        {
            Address = Server.Address,
            AttemptTimeout = TimeSpan.FromSeconds(3),
            CallTimeout = TimeSpan.FromSeconds(10),
        };
        var services = new ServiceCollection();
        services.AddHttpClient("cluster").ConnectTo(configure?.Invoke(connection) ?? connection);
        _services.Add(services.BuildServiceProvider());
        return _services[^1].GetRequiredService<IHttpClientFactory>().CreateClient("cluster");
    }

    /// <summary>A call fails in one way.</summary>
    protected static async Task FailsAsync(ClusterFault fault, Func<Task> call) =>
        Assert.Equal(fault, (await Assert.ThrowsAsync<ClusterException>(call)).Fault);

    /// <summary>A file with a text.</summary>
    protected string Write(string name, string content)
    {
        var file = Path.Combine(Folder, name);
        File.WriteAllText(file, content);
        return file;
    }
}
