using LifecycleManager.Primitives.Timing;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Leadership;

/// <summary>
/// An election for managers that may not reach what they scale. One that does not reach it stands only while nobody leads; one
/// that has given the lead up for this cause waits longer, so that another comes first. With each time in a row it keeps the lead
/// longer, so that the lead does not go round where no manager reaches the target.
/// </summary>
/// <param name="inner">The election.</param>
/// <param name="target">What must be reached.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Gets a line when it stands back.</param>
internal sealed class TargetAwareElection(ILeaderElection inner, IScalingTarget target, TimeProvider time,
    ILogger<TargetAwareElection> log)
    : ILeaderElection
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    /// <summary>How long nobody must have led before the manager that gave the lead up stands again: 5 s.</summary>
    private static readonly TimeSpan StandBackPeriod = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FirstGracePeriod = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan MaxGracePeriod = TimeSpan.FromMinutes(10);

    private int _givenUp;
    private bool _mustWait;

    /// <summary>
    /// How long the lead is kept while the target does not answer: 15 s, twice that with each time in a row, 10 min at most.
    /// </summary>
    public TimeSpan GracePeriod =>
        TimeSpan.FromTicks(Math.Min(MaxGracePeriod.Ticks, FirstGracePeriod.Ticks << Math.Min(_givenUp, 10)));

    /// <summary>The lead is given up, since the target cannot be reached.</summary>
    public void GiveUp() => (_givenUp, _mustWait) = (_givenUp + 1, true);

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
        var standBack = _mustWait ? StandBackPeriod : TimeSpan.Zero;
        _mustWait = false;
        var isLogged = false;
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
                if (time.GetElapsedTime(leaderless.Value) >= standBack) return;
            }

            if (!isLogged) log.LogWarning("This manager does not stand for election while another leads: {Problem}", problem);
            isLogged = true;
            await time.DelayAsync(PollInterval, cancellation);
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
