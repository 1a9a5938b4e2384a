using System.Text.Json;
using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Storage;
using LifecycleManager.Storage.Leading;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Leadership;

/// <summary>Runs a term whenever this master is elected.</summary>
internal sealed partial class MasterService : BackgroundService
{
    /// <summary>The election's name.</summary>
    public const string Election = "master";

    private readonly MasterTermServices _services;

    private static readonly TimeSpan AnnounceAgain = TimeSpan.FromSeconds(2);
    private readonly IStateStore _store;
    private readonly ILeaderAnnouncer? _announcer;
    private readonly LeadershipService _leadership;
    private readonly string _address;
    private readonly CancellationToken _stopping;
    private volatile MasterTerm? _term;
    private volatile bool _stands;

    public MasterService(
        MasterOptions options, IStateStore store, ILeaderElection election, IEnumerable<IAllocator> allocators,
        MasterMetrics metrics,
        RoleHealth health, TimeProvider time, IHostApplicationLifetime lifetime, ILoggerFactory loggers)
    {
        var log = loggers.CreateLogger("LifecycleManager.Master");
        var known = allocators.ToList();
        var allocator = known.LastOrDefault(allocator => allocator.Name == options.Allocator)
            ?? throw new ArgumentException(
                $"allocator '{options.Allocator}' is not known; there are: {string.Join(", ", known.Select(allocator => allocator.Name))}");
        _services = new MasterTermServices(options, allocator, metrics, health, time, log);
        _store = store;
        _announcer = election as ILeaderAnnouncer;
        _address = options.Address.ToString().TrimEnd('/');
        _leadership = new LeadershipService(election, Election, _address, health, time, log);
        health.State = () => State;

        // The server waits for its answers before it stops: unending ones must end first.
        _stopping = lifetime.ApplicationStopping;
    }

    /// <summary>The term of this master, or null while it does not lead.</summary>
    public MasterTerm? Current => _term is { HasEnded: false } term ? term : null;

    /// <summary>What the master does, for people.</summary>
    private string State => Current is { } term ? term.State : _leadership.IsLeading || !_stands ? "starting" : "standing by";

    /// <summary>The leader's address, or null while there is none. A short while old at most.</summary>
    public async Task<string?> LeaderAsync(CancellationToken cancellation)
    {
        if (Current is not null) return _address;

        // Elected, and not at work yet, or not any more: nobody is to be sent here.
        var leader = await _leadership.LeaderAsync(cancellation);
        return leader == _address ? null : leader;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _leadership.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stops = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, _stopping);
        _stands = true;
        await _leadership.RunAsync(LeadAsync, stops.Token);
    }

    // The term does not depend on it: who looks elsewhere for its master finds it all the same.
    private async Task AnnounceAsync(ILeadership leadership, MasterTerm term)
    {
        if (_announcer is null) return;
        var info = JsonSerializer.SerializeToUtf8Bytes(
            MasterInfos.Of(term.Core.MasterId, _services.Options.Address), MesosJson.Default.MasterInfo);
        while (!term.HasEnded)
        {
            try
            {
                await _announcer.AnnounceAsync(leadership, MasterInfo.NodePrefix, info, term.Ended);
                return;
            }
            catch (OperationCanceledException) when (term.HasEnded)
            {
                return;
            }
            catch (Exception e)
            {
                LogNotAnnounced(_services.Log, e.Message);
                await Task.Delay(AnnounceAgain, _services.Time, term.Ended)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Mesos' clients cannot find this master in ZooKeeper yet: {Reason}")]
    private static partial void LogNotAnnounced(ILogger log, string reason);

    private async Task LeadAsync(ILeadership leadership, CancellationToken cancellation)
    {
        await using var term = await MasterTerm.BeginAsync(_services, _store, leadership.Fence, cancellation);
        try
        {
            _leadership.Working();
            _term = term;
            var announcing = AnnounceAsync(leadership, term);
            await term.RunAsync();
            await announcing;
        }
        finally
        {
            _term = null;
        }
    }
}
