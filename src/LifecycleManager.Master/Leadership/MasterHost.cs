using System.Text.Json;
using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Registry;
using LifecycleManager.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Leadership;

/// <summary>Stands for election, leads while elected, and stands again.</summary>
internal sealed class MasterHost : BackgroundService
{
    /// <summary>The election's name.</summary>
    public const string Election = "master";

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeaderAge = TimeSpan.FromMilliseconds(250);

    private readonly MasterOptions _options;
    private readonly IStateStore _store;
    private readonly ILeaderElection _election;
    private readonly IAllocator _allocator;
    private readonly MasterMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _log;
    private readonly CancellationToken _stopping;
    private volatile Term? _term;
    private readonly Lock _asking = new();
    private (Task<string?> Answer, long At)? _leader;

    public MasterHost(
        MasterOptions options, IStateStore store, ILeaderElection election, IEnumerable<IAllocator> allocators, MasterMetrics metrics,
        TimeProvider time, IHostApplicationLifetime lifetime, ILoggerFactory loggers)
    {
        _options = options;
        _store = store;
        _election = election;
        _metrics = metrics;
        _time = time;
        _loggers = loggers;
        _log = loggers.CreateLogger("LifecycleManager.Master");
        var known = allocators.ToList();
        _allocator = known.LastOrDefault(allocator => allocator.Name == options.Allocator)
            ?? throw new ArgumentException(
                $"allocator '{options.Allocator}' is not known; there are: {string.Join(", ", known.Select(allocator => allocator.Name))}");

        // The server waits for its answers before it stops: unending ones must end first.
        _stopping = lifetime.ApplicationStopping;
        _stopping.Register(() => _term?.End());
    }

    /// <summary>The term of this master, or null while it does not lead.</summary>
    public Term? Current => _term is { HasEnded: false } term ? term : null;

    /// <summary>The leader's address, or null while there is none. A short while old at most.</summary>
    public Task<string?> LeaderAsync(CancellationToken cancellation)
    {
        if (Current is not null) return Task.FromResult<string?>(_options.Address.ToString().TrimEnd('/'));

        // One question at a time: after a leader's death thousands ask at once, and the election needs the store itself.
        Task<string?> answer;
        lock (_asking)
        {
            if (_leader is not { } known || (known.Answer.IsCompleted && _time.GetElapsedTime(known.At) >= LeaderAge))
            {
                _leader = known = (AskLeaderAsync(), _time.GetTimestamp());
            }

            answer = known.Answer;
        }

        return answer.WaitAsync(cancellation);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stops = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, _stopping);
        while (!stops.IsCancellationRequested)
        {
            try
            {
                await using var leadership = await _election.StandAsync(Election, _options.Address.ToString().TrimEnd('/'), stops.Token);
                await LeadAsync(leadership, stops.Token);
            }
            catch (OperationCanceledException) when (stops.IsCancellationRequested)
            {
                return;
            }
            catch (Exception problem)
            {
                _log.LogError(problem, "The term has ended; standing again in {Delay}", Retry);
                await Task.Delay(Retry, _time, stops.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<string?> AskLeaderAsync()
    {
        try
        {
            return await _election.LeaderAsync(Election, _stopping);
        }
        catch (Exception problem) when (problem is StateUnavailableException or OperationCanceledException or ObjectDisposedException)
        {
            return null;
        }
    }

    private async Task LeadAsync(ILeadership leadership, CancellationToken stops)
    {
        await using var term = new Term(_options, _store, leadership.Fence, _allocator, _metrics, _time, _loggers);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(stops, leadership.Lost, term.Ended);

        // At once and on the thread that loses it: nothing is sent by a master that may no longer be the leader.
        await using var lost = leadership.Lost.Register(term.End);
        await term.RecoverAsync(ends.Token);
        _term = term;
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, ends.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            _term = null;
            lock (_asking) _leader = null;
        }

        if (stops.IsCancellationRequested) return;
        if (leadership.Lost.IsCancellationRequested) _log.LogWarning("Another master may lead now");
        if (term.Failure is { } failure) throw new InvalidOperationException("The registry refused a write", failure);
    }
}
