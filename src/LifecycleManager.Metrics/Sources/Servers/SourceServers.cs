using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Runtime;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Metrics.Sources.Servers;

/// <summary>
/// The servers that are asked for metrics: those of the options, and those of a file, which is read again when it changes. A file
/// that is wrong is refused whole, and the last good version stays. For any number of threads.
/// </summary>
internal sealed class SourceServers : IDisposable
{
    private readonly CollectorOptions _options;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private readonly Dictionary<(MetricSource, string), SourceConnection> _connections = [];
    private readonly List<SourceServer> _ofOptions = [];
    private IReadOnlyList<SourceServer> _servers = [];
    private FileStamp? _stamp;
    private readonly ITimer? _poll;
    private volatile string? _problem;
    private bool _disposed;

    public SourceServers(CollectorOptions options, CredentialStore credentials, TimeProvider time, ILogger log)
    {
        (_options, _log) = (options, log);
        Add(MetricSource.PromQl, options.Prometheus);
        Add(MetricSource.RabbitMq, options.RabbitMq);
        // Each question looks too; a file that is wrong is told also while there is none.
        if (options.SourcesFile is not null) _poll = time.CreateTimer(_ => Look(), null, TimeSpan.Zero, options.Interval);

        void Add(MetricSource source, Uri? url)
        {
            if (url is null) return;
            var kind = SourceWords.KindOf(source);
            _ofOptions.Add(new SourceServer
            {
                Source = source,
                Name = SourceWords.DefaultServer,
                Url = url,
                Digest = url.ToString(),
                Authorization = () => credentials.For(kind),
                CredentialHint = $"--metrics-credentials {kind}=USER@FILE",
            }.Named());
        }
    }

    /// <summary>
    /// What is wrong with the file, with its place, while the servers that it named before stay in force; null where nothing is.
    /// </summary>
    public string? Problem => _problem;

    /// <summary>
    /// The connection to a server, for a question: <see cref="Return"/> it. Of several servers of a kind, whoever names none is
    /// given the options' one, else the one named <c>default</c>, else the only one.
    /// </summary>
    /// <exception cref="ScrapeException">There is no such server, or a file that it rests on cannot be read.</exception>
    public SourceConnection Rent(MetricSource source, string? name)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Refresh();
            var server = Find(source, name);
            var material = server.Material();
            var key = (source, server.Name);
            if (!_connections.TryGetValue(key, out var connection) || !connection.IsOf(server, material))
            {
                var replacement = SourceConnection.Create(server, material, _options);
                connection?.Dispose();
                _connections[key] = connection = replacement;
            }

            connection.Use();
            return connection;
        }
    }

    /// <summary>A question has its answer, or none.</summary>
    public static void Return(SourceConnection connection) => connection.Leave();

    public void Dispose()
    {
        _poll?.Dispose();
        lock (_lock)
        {
            _disposed = true;
            foreach (var connection in _connections.Values) connection.Dispose();
            _connections.Clear();
        }
    }

    /// <summary>Looks whether the file has changed, unless somebody does so already.</summary>
    private void Look()
    {
        if (!_lock.TryEnter()) return;
        try
        {
            if (!_disposed) Refresh();
        }
        catch (Exception e)
        {
            // On a timer's thread it would end the process.
            _problem = $"{_options.SourcesFile}: it cannot be looked at: {e.Message}";
        }
        finally
        {
            _lock.Exit();
        }
    }

    private SourceServer Find(MetricSource source, string? name)
    {
        var kind = SourceWords.KindOf(source);
        var known = _ofOptions.Concat(_servers).Where(server => server.Source == source).ToList();
        var found = name is not null || known.Count > 1
            ? known.Find(server => server.Name == (name ?? SourceWords.DefaultServer))
            : known.FirstOrDefault();
        if (found is not null) return found;
        var names = known.Select(server => server.Name).ToList();
        throw new ScrapeException(FailureReason.Configuration, (name, names.Count) switch
        {
            (_, 0) => $"no {kind} server is named in {_options.SourcesFile ?? "--sources"}{Because()}",
            (null, _) => $"there are several {kind} servers: say 'server' in the policy ({string.Join(", ", names)})",
            _ => $"no {kind} server is named '{name}' in {_options.SourcesFile ?? "--sources"}"
                + $" ({NearestName.Suggest(name, names) ?? "name one there"}){Because()}",
        });

        string Because() => _problem is null ? "" : $"; {_problem}";
    }

    private void Refresh()
    {
        if (_options.SourcesFile is not { } path) return;
        FileStamp? stamp = null;
        try
        {
            stamp = FileStamp.Of(RegularFile.Find(path));
            if (stamp is not null && stamp == _stamp) return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The reader says so.
        }

        var (servers, problems) = SourcesReader.ReadFile(path);
        _stamp = stamp;
        var taken = problems.Count > 0 ? null : servers.FirstOrDefault(
            server => _ofOptions.Exists(other => other.Source == server.Source && other.Name == server.Name));
        var problem = taken is not null
            ? $"{path}: the {SourceWords.KindOf(taken.Source)} server '{taken.Name}' is that of the options: name it otherwise"
            : problems.Count > 0 ? string.Join("; ", problems.Take(3)) : null;
        if (problem is not null)
        {
            if (problem != _problem) _log.LogWarning("The servers of {File} stay as they were: {Problem}", path, problem);
        }
        else
        {
            if (_problem is not null) _log.LogInformation("The servers of {File} are read again", path);
            _servers = servers;
            Drop();
        }

        _problem = problem;
    }

    /// <summary>Ends the connections to servers that are not named any more.</summary>
    private void Drop()
    {
        var named = _ofOptions.Concat(_servers).Select(server => (server.Source, server.Name)).ToHashSet();
        foreach (var gone in _connections.Keys.Where(key => !named.Contains(key)).ToList())
        {
            _connections[gone].Dispose();
            _connections.Remove(gone);
        }
    }
}
