using LifecycleManager.Runtime.Reconnecting;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Scheduler.State;
using LifecycleManager.Storage;
using LifecycleManager.Storage.Leading;
using Microsoft.Extensions.Logging;
using Polly;

namespace LifecycleManager.Scheduler.Leadership;

/// <summary>
/// Leads while elected, one term after another. A store that refuses writes ends the term but not the lead, since no other
/// candidate could do more: what is stored is still shown, changes are refused with the cause, and the next term begins once the
/// store works.
/// </summary>
internal sealed partial class SchedulerLeadership : IDisposable
{
    private const string Election = "scheduler";
    private static readonly TimeSpan FirstProbe = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxProbeInterval = TimeSpan.FromSeconds(1);

    private readonly TermServices _with;
    private readonly LeadershipService _service;
    private readonly SchedulerHealth _health;
    private readonly ILogger _log;
    private readonly ResiliencePipeline _probing;
    private volatile SchedulerTerm? _term;
    private volatile SchedulerSnapshot? _shown;
    private volatile SchedulerSnapshot _idle = Idle(null);

    public SchedulerLeadership(TermServices with, ILeaderElection election)
    {
        _with = with;
        _log = with.Loggers.CreateLogger<SchedulerLeadership>();
        _service = new LeadershipService(
            election, Election, with.Options.Address.GetLeftPart(UriPartial.Authority), with.Health, with.Time, _log);
        _health = new SchedulerHealth(with.Health, with.Options, with.Time);
        _probing = Reconnect.Pipeline(
            FirstProbe, MaxProbeInterval, with.Time, new Random(with.Random.Next()), failed: (problem, _, _) =>
                Refused(problem.Message),
            repeats: problem => problem is StateUnavailableException or WriteOutcomeUnknownException or TimeoutException);
    }

    /// <summary>Why the last term ended by a defect, until another has lasted; null where all is well.</summary>
    public string? Failure => _service.Failure;

    /// <summary>What the term shows; without one, only who leads.</summary>
    public SchedulerSnapshot Snapshot
    {
        get
        {
            if (_shown is { } shown) return shown;
            var (idle, leader) = (_idle, _service.LastKnownLeader);
            return idle.Leader.Address == leader ? idle : _idle = Idle(leader);
        }
    }

    /// <summary>How many calls of the term wait until the master takes them.</summary>
    public int WaitingCalls => _term?.WaitingCalls ?? 0;

    /// <summary>Stands, leads and stands again, until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation)
    {
        _health.IsStanding = true;
        return _service.RunAsync(LeadAsync, cancellation);
    }

    /// <summary>Tells the term something that nobody waits for.</summary>
    public void Tell(SchedulerInput input) => _term?.Tell(input);

    /// <summary>Puts a request to the term.</summary>
    /// <exception cref="NotLeaderException">Another scheduler leads, or none.</exception>
    /// <exception cref="StoreRefusedException">The store takes no writes; nothing is changed.</exception>
    public Task<T> AskAsync<T>(Request<T> request, CancellationToken cancellation)
    {
        if (_term is { } term) return term.AskAsync(request, cancellation);
        return Task.FromException<T>(_health.StoreProblem is { } problem
            ? new StoreRefusedException(problem) : new NotLeaderException(Snapshot.Leader.Address, Failure));
    }

    /// <summary>Gives the lead up.</summary>
    /// <exception cref="NotLeaderException">Another scheduler leads, or none.</exception>
    public async Task AbdicateAsync()
    {
        if (!await _service.AbdicateAsync()) throw new NotLeaderException(Snapshot.Leader.Address);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _service.Dispose();
        _health.Dispose();
    }

    private async Task LeadAsync(ILeadership leadership, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                try
                {
                    await RunTermAsync(leadership.Fence, cancellation);
                }
                catch (StoreRefusedException e)
                {
                    await StoreWorksAsync(e, leadership.Fence, cancellation);
                }
            }
        }
        finally
        {
            _with.Metrics.Clear();
            _health.StoreProblem = null;
            Show(null);
        }
    }

    private async Task RunTermAsync(Fence fence, CancellationToken cancellation)
    {
        try
        {
            var term = await SchedulerTerm.LoadAsync(_with, fence, Show, cancellation);
            _service.Working();
            _term = term;
            await term.RunAsync(cancellation);
        }
        catch (StateUnavailableException e)
        {
            throw new StoreRefusedException(e.Message, e);
        }
        finally
        {
            _term = null;
            _with.Metrics.Disconnected();

            // Only what was stored has ever been shown; the conversation with the master has ended with the term.
            if (_shown is { } shown)
                Show(shown with { Framework = new FrameworkStatus(shown.Framework.FrameworkId, false, null) });
        }
    }

    /// <summary>Waits until the store takes a write.</summary>
    private async Task StoreWorksAsync(StoreRefusedException refusal, Fence fence, CancellationToken cancellation)
    {
        Refused(refusal.Message);
        LogRefused(_log, refusal.Message);

        // A write that may still come to its end must not change what the next term has read.
        await refusal.Unfinished.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _probing.ExecuteAsync(
            async token => await StateLoader.ProbeAsync(_with.Store, fence, token)
            .WaitAsync(SchedulerTerm.WriteLimit, _with.Time, token), cancellation);
        _health.StoreProblem = null;
        LogTaken(_log);
    }

    private void Refused(string problem) => _health.StoreProblem = $"the state cannot be stored: {problem}";

    private void Show(SchedulerSnapshot? snapshot)
    {
        _shown = snapshot;
        _health.Show(snapshot);
    }

    private static SchedulerSnapshot Idle(string? leader) => new()
    {
        Root = GroupDefinition.Empty,
        Apps = new Dictionary<AppId, AppStatus>(),
        Instances = new Dictionary<string, Instance>(),
        Deployments = [],
        Queue = [],
        Framework = new FrameworkStatus(null, false, null),
        Leader = new LeaderStatus(false, leader, null),
    };

    [LoggerMessage(LogLevel.Error, "The state cannot be stored: {Reason}. Changes are refused until it can")]
    private static partial void LogRefused(ILogger log, string reason);

    [LoggerMessage(LogLevel.Information, "The state can be stored again; the scheduler continues from what is stored")]
    private static partial void LogTaken(ILogger log);
}
