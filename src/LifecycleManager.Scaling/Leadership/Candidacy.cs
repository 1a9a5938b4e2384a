using LifecycleManager.Primitives.Timing;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scaling.Leadership;

/// <summary>
/// An election in which who does not reach the target stands back while another may: it stands only once nobody leads. Who has
/// given the lead up for want of the target waits longer, so that another comes first; and each time in a row longer until it
/// gives the lead up again, so that a lead which nobody can use does not go round.
/// </summary>
/// <param name="inner">The election.</param>
/// <param name="target">What must be reached.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of standing back.</param>
internal sealed class Candidacy(ILeaderElection inner, IScalingTarget target, TimeProvider time, ILogger<Candidacy> log)
    : ILeaderElection
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>So long nobody must have led before it stands again that has just given the lead up: 5 s.</summary>
    private static readonly TimeSpan Courtesy = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan MaxPatience = TimeSpan.FromMinutes(10);

    private int _givenUp;
    private bool _mustWait;

    /// <summary>
    /// How long the lead is kept while the target does not answer: 15 s, twice that with each time in a row, 10 min at most.
    /// </summary>
    public TimeSpan Patience => TimeSpan.FromTicks(Math.Min(MaxPatience.Ticks, FirstPatience.Ticks << Math.Min(_givenUp, 10)));

    /// <summary>The lead was given up for want of the target.</summary>
    public void GaveUp() => (_givenUp, _mustWait) = (_givenUp + 1, true);

    /// <inheritdoc />
    public async Task<ILeadership> StandAsync(string name, string address, CancellationToken cancellation = default)
    {
        await WaitAsync(name, cancellation);
        return await inner.StandAsync(name, address, cancellation);
    }

    /// <inheritdoc />
    public Task<string?> LeaderAsync(string name, CancellationToken cancellation = default) =>
        inner.LeaderAsync(name, cancellation);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task WaitAsync(string name, CancellationToken cancellation)
    {
        var courtesy = _mustWait ? Courtesy : TimeSpan.Zero;
        _mustWait = false;
        var isTold = false;
        long? leaderless = null;
        while (true)
        {
            if (await ProblemAsync(cancellation) is not { } problem)
            {
                _givenUp = 0;
                return;
            }

            if (await inner.LeaderAsync(name, cancellation) is not null)
            {
                leaderless = null;
            }
            else
            {
                leaderless ??= time.GetTimestamp();
                if (time.GetElapsedTime(leaderless.Value) >= courtesy) return;
            }

            if (!isTold) log.LogWarning("This manager does not stand for the lead while another may: {Problem}", problem);
            isTold = true;
            await time.DelayAsync(Period, cancellation);
        }
    }

    private async Task<string?> ProblemAsync(CancellationToken cancellation)
    {
        try
        {
            await target.GetAppsAsync(cancellation);
            return null;
        }
        catch (TargetUnavailableException e)
        {
            return e.Message;
        }
    }
}
