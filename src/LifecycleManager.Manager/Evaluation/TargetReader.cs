using LifecycleManager.Manager.Observability;
using LifecycleManager.Scaling.Targets;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>
/// Reads the target's apps. An app that was listed and no longer is was deleted where the target says so of this very app; else
/// the list lacks it, which is no fact about the app, until it has been so for long. One read at a time.
/// </summary>
/// <param name="target">The target.</param>
/// <param name="acceptance">An app that the list has lacked for so long is taken for gone.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Gets a list that lacks apps.</param>
internal sealed class TargetReader(IScalingTarget target, TimeSpan acceptance, TimeProvider time, ILogger log)
{
    /// <summary>So many apps are asked about after one read; the others after the next.</summary>
    public const int MaxAsked = 256;

    private const int MaxParallelCalls = 8;

    private Dictionary<string, DateTimeOffset> _unlisted = new(StringComparer.Ordinal);
    private HashSet<string> _listed = new(StringComparer.Ordinal);

    /// <summary>Reads once; what goes wrong is told with the answer.</summary>
    public async Task<EvaluationInput.AppsRead> ReadAsync(Moment begun, CancellationToken cancellation)
    {
        var clock = time.GetTimestamp();
        using var span = Tracing.Read();
        try
        {
            var apps = await target.GetAppsAsync(cancellation);
            var listed = apps.Select(app => app.Id).ToHashSet(StringComparer.Ordinal);
            var unlisted = _listed.Concat(_unlisted.Keys).Where(app => !listed.Contains(app))
                .ToDictionary(app => app, app => _unlisted.GetValueOrDefault(app, begun.Steady), StringComparer.Ordinal);
            var gone = await AskAsync([.. unlisted.Keys.Take(MaxAsked)], cancellation);
            gone.AddRange(unlisted.Where(app => begun.Steady - app.Value >= acceptance).Select(app => app.Key).Except(gone));
            foreach (var app in gone) unlisted.Remove(app);
            if (unlisted.Count > 0 && _unlisted.Count == 0)
            {
                log.LogWarning("{Target} does not list {Count} apps that it had, and does not say that they are gone, as {App}",
                    target.Description, unlisted.Count, unlisted.First().Key);
            }

            (_listed, _unlisted) = (listed, unlisted);
            return new EvaluationInput.AppsRead(
                new TargetFacts(apps, begun, time.GetElapsedTime(clock))
                {
                    Unlisted = unlisted.Keys.ToHashSet(StringComparer.Ordinal),
                    Gone = gone,
                },
                null, null);
        }
        catch (TargetUnavailableException e)
        {
            return new EvaluationInput.AppsRead(null, e.Message, null);
        }
        catch (Exception e)
        {
            return new EvaluationInput.AppsRead(null, e.Message, e);
        }
    }

    /// <summary>Those of some apps that the target says are gone.</summary>
    private async Task<List<string>> AskAsync(IReadOnlyCollection<string> apps, CancellationToken cancellation)
    {
        var gone = new List<string>();
        await Parallel.ForEachAsync(
            apps,
            new ParallelOptions { MaxDegreeOfParallelism = MaxParallelCalls, CancellationToken = cancellation },
            async (app, token) =>
            {
                try
                {
                    if (!await target.IsGoneAsync(app, token)) return;
                    lock (gone) gone.Add(app);
                }
                catch (TargetUnavailableException)
                {
                    // It is asked again after the next read.
                }
            });
        return gone;
    }
}
