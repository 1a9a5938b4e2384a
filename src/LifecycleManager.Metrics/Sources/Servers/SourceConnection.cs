using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Sources.Servers;

/// <summary>
/// The connection, or the pool of them, to one server. It is used by many questions at once, so many as the server is to have;
/// once another has taken its place it ends with the last of them.
/// </summary>
/// <param name="server">The server.</param>
/// <param name="material">What it rests on: <see cref="SourceServer.Material"/>.</param>
internal abstract class SourceConnection(SourceServer server, string[] material) : IDisposable
{
    private readonly Lock _lock = new();
    private int _users;
    private bool _isReplaced;

    /// <summary>The server.</summary>
    public SourceServer Server => server;

    /// <summary>Who asks waits for its turn here.</summary>
    public SemaphoreSlim Turns { get; } = new(server.Concurrency);

    /// <summary>Makes one for a server, which connects when it is first used.</summary>
    public static SourceConnection Create(SourceServer server, string[] material, CollectorOptions options) =>
        server.Source switch
        {
            MetricSource.Redis => new RedisConnection(server, material, options),
            MetricSource.Postgres => new PostgresConnection(server, material, options),
            MetricSource.Kafka => new KafkaConnection(server, material, options),
            _ => new HttpConnection(server, material, options),
        };

    /// <summary>Whether it is what these settings and files give.</summary>
    public bool IsOf(SourceServer other, string[] files) =>
        server.Digest == other.Digest && material.AsSpan().SequenceEqual(files);

    /// <summary>Somebody uses it, until <see cref="Leave"/>.</summary>
    public void Use()
    {
        lock (_lock) _users++;
    }

    /// <summary>Somebody has used it.</summary>
    public void Leave() => End(users: -1, isReplaced: false);

    /// <summary>Nobody will use it any more who does not already.</summary>
    public void Dispose() => End(users: 0, isReplaced: true);

    /// <summary>Closes what is open.</summary>
    protected abstract void Close();

    private void End(int users, bool isReplaced)
    {
        bool isOver;
        lock (_lock)
        {
            var before = _isReplaced && _users == 0;
            _users += users;
            _isReplaced |= isReplaced;
            isOver = !before && _isReplaced && _users == 0;
        }

        if (isOver) Close();
    }
}
