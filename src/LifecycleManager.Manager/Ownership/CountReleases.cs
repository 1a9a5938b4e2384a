using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Pausing;
using LifecycleManager.Manager.Stopping;
using LifecycleManager.Scaling.Execution;
using LifecycleManager.Scaling.Targets;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Ownership;

/// <summary>
/// Gives counts back at the target whose policy does not act any more: it has ended, is paused in both directions, only watches,
/// or governs the app no longer. What the target has on record is what counts, so that a release that failed is tried again, also
/// by a successor. Policies that are merely not known own what they own. While all changes are stopped nothing is given back. Of
/// one owner; the calls run beside it.
/// </summary>
/// <param name="target">What keeps the owners.</param>
/// <param name="policyOf">The policy that governs an app; null for none.</param>
/// <param name="stop">Whether people have stopped all changes.</param>
/// <param name="pauses">What users have paused.</param>
/// <param name="ended">What users have ended.</param>
/// <param name="ends">What else is known of the ends of policies.</param>
/// <param name="isDryRun">Whether the manager only watches: then it has given nothing, and gives nothing back.</param>
/// <param name="isScheduled">Whether a schedule sets an app's count now.</param>
/// <param name="log">Gets what is given back, and what is not.</param>
internal sealed class CountReleases(
    IScalingTarget target, Func<ScalableApp, Policy?> policyOf, StopSwitch stop, PauseStore pauses, EndedPolicies ended,
    IPolicyEnds ends, bool isDryRun, Func<string, bool> isScheduled, ILogger log)
{
    private const int Parallelism = 4;

    private volatile IReadOnlySet<string> _unknown = new HashSet<string>();
    private Task? _batch;
    private string? _failure;

    /// <summary>The owners at the target, as it names them, whose policies are not in force. For any thread.</summary>
    public IReadOnlySet<string> Unknown => _unknown;

    /// <summary>Completes with the calls under way; they end soon once they are cancelled.</summary>
    public Task Completion => _batch ?? Task.CompletedTask;

    /// <summary>Begins to give back what is to be given back now.</summary>
    /// <param name="apps">All apps, as they were read.</param>
    /// <param name="policies">The policies in force.</param>
    /// <param name="changes">The changes under way: what they are about is left for later.</param>
    /// <param name="read">When the apps were read.</param>
    /// <param name="cancellation">Cuts the calls off.</param>
    public void Begin(
        IReadOnlyList<ScalableApp> apps, PolicySet policies, ChangeQueue changes, DateTimeOffset read,
        CancellationToken cancellation)
    {
        if (_batch is { } batch)
        {
            // These apps may have been read before the last calls ended: the next read tells what came of them.
            if (batch.IsCompleted) _batch = null;
            return;
        }

        var owned = apps.Where(app => CountOwners.IsPolicy(app.CountOwner) && !isScheduled(app.Id)).ToList();
        var inForce = policies.Policies.Select(policy => CountOwners.Of(policy.Name)).ToHashSet(StringComparer.Ordinal);
        var endedByHand = ended.Entries.Select(entry => CountOwners.Of(entry.Policy)).ToHashSet(StringComparer.Ordinal);
        _unknown = owned.Select(app => app.CountOwner!).Where(owner => !inForce.Contains(owner))
            .ToHashSet(StringComparer.Ordinal);
        if (stop.Current is not null || isDryRun) return;
        var released = owned
            .Where(app => !changes.IsSettling(app.Id, read))
            .Select(app => (app.Id, Owner: app.CountOwner!, Why: WhyReleased(app, inForce, endedByHand)))
            .Where(app => app.Why is not null).ToList();
        if (released.Count > 0)
            _batch = Task.Run(() => ReleaseAsync(released!, cancellation), CancellationToken.None);
    }

    /// <summary>Why an app's count is given back; null where it stays with its owner.</summary>
    private string? WhyReleased(ScalableApp app, HashSet<string> inForce, HashSet<string> endedByHand)
    {
        var owner = app.CountOwner!;
        if (policyOf(app) is not { } policy || CountOwners.Of(policy.Name) != owner)
        {
            return inForce.Contains(owner) ? "it does not govern the app any more"
                : ends.AreKnown || endedByHand.Contains(owner) ? "it has ended" : null;
        }

        if (policy.DryRun) return "it only watches";
        return policy.Pause == Pause.All || pauses.IsPaused(app.Id) ? "it is paused" : null;
    }

    private async Task ReleaseAsync(IEnumerable<(string App, string Owner, string Why)> apps, CancellationToken cancellation)
    {
        try
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellation };
            await Parallel.ForEachAsync(apps, options, async (released, token) =>
            {
                // One that was stopped meanwhile is begun with a later tick.
                if (stop.Current is not null) return;
                var (app, owner, why) = released;
                var result = await target.ReleaseAsync(app, token);
                if (result.Status == ScaleStatus.Applied)
                {
                    log.LogInformation("{Owner} gives the count of {App} back: {Why}", owner, app, why);
                    _failure = null;
                }
                else if (result.Status != ScaleStatus.NotFound && _failure != result.Detail)
                {
                    _failure = result.Detail;
                    log.LogWarning("The count of {App} cannot be given back yet: {Reason}", app, result.Detail);
                }
            });
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            // What is still on record at the target is the next leader's to give back.
        }
        catch (Exception e)
        {
            log.LogError(e, "Counts could not be given back: {Reason}", e.Message);
        }
    }
}
