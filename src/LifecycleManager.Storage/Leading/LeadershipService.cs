using LifecycleManager.Primitives.Timing;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Runtime.Loops;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Storage.Leading;

/// <summary>
/// Stands for election, leads while elected, and stands again: the one way in which a role leads. What fails while it leads ends
/// the term; the <see cref="Supervisor"/> says when this candidate stands again.
/// </summary>
public sealed partial class LeadershipService : IDisposable
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeaderAge = TimeSpan.FromMilliseconds(250);

    private readonly ILeaderElection _election;
    private readonly string _name;
    private readonly string _address;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Supervisor _supervisor;
    private readonly Lock _asking = new();
    private (Task<string?> Answer, long At)? _asked;
    private volatile ILeadership? _leadership;
    private volatile CancellationTokenSource? _abdication;
    private volatile string? _leader;

    /// <summary>A candidate that does not stand yet.</summary>
    /// <param name="election">The election.</param>
    /// <param name="name">Its name: <c>master</c>.</param>
    /// <param name="address">How others reach this candidate, <c>http://host:port</c>.</param>
    /// <param name="health">Where the failure of a term shows.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told of terms that fail and leads that are lost.</param>
    public LeadershipService(ILeaderElection election, string name, string address, RoleHealth health, TimeProvider time,
        ILogger log)
    {
        (_election, _name, _address, _time, _log) = (election, name, address, time, log);
        _supervisor = new Supervisor($"the {name}'s term", time, health, log);
    }

    /// <summary>This candidate leads, by all it knows.</summary>
    public bool IsLeading => Fence is not null;

    /// <summary>To be passed with writes; null while this candidate does not lead.</summary>
    public Fence? Fence => _leadership is { Lost.IsCancellationRequested: false } leadership ? leadership.Fence : null;

    /// <summary>
    /// The leader's address as it was last seen, this one's own while it leads; null where nobody leads, or nobody is known.
    /// </summary>
    public string? LastKnownLeader => IsLeading ? _address : _leader;

    /// <summary>Why the last term failed, until another has lasted; null where all is well.</summary>
    public string? Failure => _supervisor.Failure;

    /// <summary>
    /// The leader's address, a quarter of a second old at most; null while there is none or the store does not answer.
    /// </summary>
    public Task<string?> LeaderAsync(CancellationToken cancellation)
    {
        if (IsLeading) return Task.FromResult<string?>(_address);

        // One question at a time: after a leader's death thousands ask at once, and the election needs the store itself.
        Task<string?> answer;
        lock (_asking)
        {
            if (_asked is not { } known || (known.Answer.IsCompleted && _time.GetElapsedTime(known.At) >= LeaderAge))
                _asked = known = (AskAsync(), _time.GetTimestamp());
            answer = known.Answer;
        }

        return answer.WaitAsync(cancellation);
    }

    /// <summary>Stands, leads, and stands again, until cancelled.</summary>
    /// <param name="lead">
    /// Runs a term; its token is cancelled when the lead is lost, given up, or this is cancelled. It tells by
    /// <see cref="Working"/> when it has read what is stored and begins its work.
    /// </param>
    /// <param name="cancellation">Withdraws, or gives the lead up.</param>
    public Task RunAsync(Func<ILeadership, CancellationToken, Task> lead, CancellationToken cancellation) =>
        _supervisor.RunAsync(token => LeadAsync(lead, token), cancellation);

    /// <summary>The term has read what is stored and works: from now on counts whether it lasts.</summary>
    public void Working() => _supervisor.Working();

    /// <summary>Gives the lead up, so that another candidate is elected, or this one again.</summary>
    /// <returns>False where this candidate does not lead.</returns>
    public async Task<bool> AbdicateAsync()
    {
        if (_abdication is not { } abdication || !IsLeading) return false;
        try
        {
            await abdication.CancelAsync();
            return true;
        }
        catch (ObjectDisposedException)
        {
            // The term has ended at this very moment.
            return false;
        }
    }

    /// <inheritdoc />
    public void Dispose() => _supervisor.Dispose();

    private async Task LeadAsync(Func<ILeadership, CancellationToken, Task> lead, CancellationToken cancellation)
    {
        await using var leadership = await StandAsync(cancellation);
        using var abdication = new CancellationTokenSource();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation, leadership.Lost, abdication.Token);
        try
        {
            (_leadership, _abdication) = (leadership, abdication);
            await lead(leadership, ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // Stopped, deposed or given up.
        }
        catch (FencedException)
        {
            // Deposed: the store knew it first.
        }
        finally
        {
            (_leadership, _abdication) = (null, null);
            lock (_asking) _asked = null;
        }

        if (cancellation.IsCancellationRequested) return;
        if (abdication.IsCancellationRequested) LogGivenUp(_log, _name);
        else LogLost(_log, _name);
    }

    private async Task<ILeadership> StandAsync(CancellationToken cancellation)
    {
        using var looking = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var look = LookAsync(looking.Token);
        try
        {
            return await _election.StandAsync(_name, _address, cancellation);
        }
        finally
        {
            await looking.CancelAsync();
            await look;
        }
    }

    /// <summary>Keeps <see cref="LastKnownLeader"/> while standing by.</summary>
    private async Task LookAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                _leader = await LeaderAsync(cancellation);

                // Another one does the work now.
                if (_leader is { } leader && leader != _address) _supervisor.Excuse();
                await _time.DelayAsync(LookPeriod, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }

    private async Task<string?> AskAsync()
    {
        try
        {
            return await _election.LeaderAsync(_name, CancellationToken.None);
        }
        catch (Exception e) when (e is StateUnavailableException or OperationCanceledException or ObjectDisposedException)
        {
            LogUnknown(_log, _name, e.Message);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Warning, "The lead of the {Name} election was given up on request")]
    private static partial void LogGivenUp(ILogger log, string name);

    [LoggerMessage(LogLevel.Warning, "The lead of the {Name} election is lost; another may lead now")]
    private static partial void LogLost(ILogger log, string name);

    [LoggerMessage(LogLevel.Debug, "The leader of the {Name} election is not known: {Reason}")]
    private static partial void LogUnknown(ILogger log, string name, string reason);
}
