using LifecycleManager.Agent;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Reconnecting;

namespace LifecycleManager.Benchmarks.Cluster;

/// <summary>
/// Simulated agents that stay registered as real ones do: each with connections of its own, trying the masters in turn.
/// </summary>
internal sealed class AgentFleet : IAsyncDisposable
{
    private static readonly AgentOptions Defaults = new() { WorkDirectory = "" };
    private readonly IReadOnlyList<Uri> _masters;
    private readonly List<HttpClient> _clients = [];
    private readonly List<SimulatedAgent> _agents = [];
    private readonly List<Task> _running = [];
    private readonly CancellationTokenSource _ends = new();
    private readonly SemaphoreSlim _atOnce = new(64);

    public AgentFleet(int count, IReadOnlyList<Uri> masters)
    {
        _masters = masters;
        for (var i = 0; i < count; i++)
        {
            var client = new HttpClient(new SocketsHttpHandler
            {
                UseProxy = false,
                UseCookies = false,
                PooledConnectionLifetime = TimeSpan.FromMinutes(5)
            })
            {
                Timeout = Timeout.InfiniteTimeSpan,
            };
            _clients.Add(client);
            _agents.Add(new SimulatedAgent(client, new AgentInfo
            {
                Hostname = $"10.{i >> 16}.{(i >> 8) & 255}.{i & 255}",
                Port = 5051,
                Resources =
                [
                    Resource.OfScalar("cpus", 16), Resource.OfScalar("mem", 65536), Resource.OfScalar("disk", 500_000),
                    Resource.OfRanges("ports", new ValueRange(31000, 32000)),
                ],
                Attributes = [new AgentAttribute { Name = "rack", Type = ResourceType.Text, Text = new Text($"r{i % 40}") }],
            }));
        }
    }

    /// <summary>How many are registered at a master now.</summary>
    public int RegisteredAt(Uri master) =>
        _agents.Count(agent => agent.IsConnected && agent.Info.Id is not null && agent.Master == master);

    /// <summary>PINGs that came.</summary>
    public int Pings => _agents.Sum(agent => agent.Events.Count(e => e.Type == AgentEventType.Ping));

    public void Start() => _running.AddRange(_agents.Select(agent => Task.Run(() => StayAsync(agent))));

    public async ValueTask DisposeAsync()
    {
        await _ends.CancelAsync();
        await Task.WhenAll(_agents.Select(agent => agent.DisposeAsync().AsTask()));
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var client in _clients) client.Dispose();
        _ends.Dispose();
        _atOnce.Dispose();
    }

    private async Task StayAsync(SimulatedAgent agent)
    {
        var next = 0;

        // Each attempt asks every master once, and the pauses are a real agent's.
        var reconnect = Reconnect.Pipeline(Defaults.RegistrationBackoff, Defaults.MaxRegistrationBackoff, TimeProvider.System,
            new Random());
        while (!_ends.IsCancellationRequested)
        {
            try
            {
                await reconnect.ExecuteAsync(async _ => next = await RegisterAsync(agent, next), _ends.Token);
                await agent.Connection.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await Task.Delay(Defaults.RegistrationBackoff * Random.Shared.NextDouble(), _ends.Token);
            }
            catch (OperationCanceledException) when (_ends.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Asks each master once, until one registers the agent.</summary>
    /// <returns>The one to begin with the next time.</returns>
    private async Task<int> RegisterAsync(SimulatedAgent agent, int first)
    {
        for (var i = 0; ; i++)
        {
            agent.Master = _masters[(first + i) % _masters.Count];
            try
            {
                await RegisterAsync(agent);
                return (first + i + 1) % _masters.Count;
            }
            catch (HttpRequestException) when (i + 1 < _masters.Count)
            {
                // Another one may lead.
            }
        }
    }

    private async Task RegisterAsync(SimulatedAgent agent)
    {
        // Connections are opened some at a time: a listener's queue is short, and its overflow is not what is measured.
        await _atOnce.WaitAsync(_ends.Token);
        try
        {
            await agent.RegisterAsync();
        }
        finally
        {
            _atOnce.Release();
        }
    }
}
