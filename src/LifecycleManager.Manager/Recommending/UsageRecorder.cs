using LifecycleManager.Decisions.Recommending;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Metrics.Sources;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Recommending;

/// <summary>
/// Learns what the instances of all apps use, whether or not a policy governs them, and says what they should ask for; changes
/// nothing. Runs beside the evaluation, for one term. What it has learnt is stored each ten minutes: a failover costs those.
/// </summary>
internal sealed class UsageRecorder(
    IStateStore store, IScalingTarget target, ContainerUsages usages, Fence fence, Recommender recommender, TimeProvider time,
    ILogger<UsageRecorder> log)
{
    /// <summary>Of so many apps the usage is kept: some 20 MB, and half a kilobyte an instance.</summary>
    public const int MaxApps = 5_000;

    /// <summary>Between two samples of an instance: a minute.</summary>
    public static readonly TimeSpan BetweenTurns = TimeSpan.FromMinutes(1);

    /// <summary>Between two writes of an app.</summary>
    public static readonly TimeSpan BetweenWrites = TimeSpan.FromMinutes(10);

    /// <summary>Between two looks for instances that have ended for want of memory.</summary>
    public static readonly TimeSpan BetweenEnds = TimeSpan.FromMinutes(5);

    /// <summary>An app that is not listed and was not measured for so long is forgotten: 8 days.</summary>
    public static readonly TimeSpan Expiry = TimeSpan.FromDays(8);

    /// <summary>By so much samples may be ahead of the clock before it counts as set back.</summary>
    private static readonly TimeSpan MaxAhead = TimeSpan.FromHours(1);

    /// <summary>Documents a write: small enough for every store's largest batch.</summary>
    private const int Batch = 16;

    // Readers are the API's; what is written below is written by one loop.
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SampledApp> _apps = new(StringComparer.Ordinal);
    private readonly HashSet<string> _undeleted = new(StringComparer.Ordinal);
    private readonly HashSet<string> _leftOut = new(StringComparer.Ordinal);
    private StoredUsages? _stored;
    private IReadOnlyList<ScalableApp>? _listed;
    private long? _writtenAt;
    private long? _endsAt;
    private string? _endsProblem;
    private bool _hasFailed;

    /// <summary>Takes in the target's apps.</summary>
    /// <param name="apps">All of them.</param>
    /// <param name="gone">Those of which the target says that they are gone: a later one of that name is another.</param>
    public void See(IReadOnlyList<ScalableApp> apps, IReadOnlyCollection<string> gone)
    {
        lock (_lock)
        {
            _listed = apps;
            foreach (var app in gone) Forget(app);
        }
    }

    /// <summary>Learns until cancelled.</summary>
    public async Task RunAsync(LoopReport report, CancellationToken cancellation)
    {
        usages.Want(true);
        try
        {
            while (true)
            {
                report.BeginTurn();
                await TurnAsync(cancellation);
                report.EndTurn();
                await time.DelayAsync(BetweenTurns, cancellation);
            }
        }
        finally
        {
            usages.Want(false);
        }
    }

    /// <summary>
    /// Takes what was measured, and stores what has changed when it is time. A store that does not answer is asked again: nothing
    /// is written before all is read.
    /// </summary>
    public async Task TurnAsync(CancellationToken cancellation)
    {
        try
        {
            if (_stored is null) await LoadAsync(cancellation);
            Sample();
            await ReadEndsAsync(cancellation);
            await WriteAsync(cancellation);
            _hasFailed = false;
        }
        catch (Exception e) when (e.IsStoreFailure())
        {
            if (!_hasFailed) log.LogWarning("The usage of apps cannot be read or stored yet: {Reason}", e.Message);
            _hasFailed = true;
        }
    }

    /// <summary>What apps should ask for, as of now.</summary>
    /// <param name="app">The one app; null for all.</param>
    public Recommendations Recommend(string? app)
    {
        lock (_lock)
        {
            var sizes = (_listed ?? []).Where(one => !one.Deleting && (app is null || one.Id == app))
                .OrderBy(one => one.Id, StringComparer.Ordinal).Select(Size).ToList();
            var problem = usages.Problem ?? (_listed is null ? "the apps have not been read yet"
                : _stored is null ? "what is stored of the usage of apps has not been read yet" : _endsProblem);
            return new Recommendations(
                time.GetUtcNow(), sizes, problem, _leftOut.Count,
                [.. (_stored?.Refused.Keys.ToArray() ?? []).Order(StringComparer.Ordinal)])
            {
                IsListed = _listed is not null,
            };
        }
    }

    private AppSize Size(ScalableApp app)
    {
        var usage = _apps.GetValueOrDefault(app.Id)?.Usage;
        return new AppSize(
            app.Id, app.Instances, SizeAdvice.Of(usage, app.Cpus, app.Memory, app.Instances, recommender),
            usage?.First, usage?.Last, usage?.Samples ?? 0, usage?.Confidence ?? 0);
    }

    private async Task LoadAsync(CancellationToken cancellation)
    {
        var stored = await StoredUsages.ReadAsync(store, log, cancellation);
        lock (_lock)
        {
            // What was gone before it was read stays so.
            foreach (var (app, usage) in stored.ByApp.Where(one => !_undeleted.Contains(StoredUsages.Key(one.Key))))
                _apps[app] = new SampledApp(usage);
            _stored = stored;
        }
    }

    private void Sample()
    {
        var now = time.GetUtcNow();
        var taken = usages.Take();
        lock (_lock)
        {
            var listed = _listed?.Select(app => app.Id).ToHashSet(StringComparer.Ordinal);
            foreach (var (id, app) in _apps.ToArray())
            {
                if (listed?.Contains(id) == false && !(now - app.MeasuredAt <= Expiry)) Forget(id);
                else if (app.Usage.Last - now is { } ahead && ahead > MaxAhead) app.Usage.Age(ahead);
            }

            _leftOut.Clear();
            foreach (var measured in taken)
            {
                if (!_apps.TryGetValue(measured.App, out var app))
                {
                    if (_apps.Count >= MaxApps)
                    {
                        _leftOut.Add(measured.App);
                        continue;
                    }

                    _apps[measured.App] = app = new SampledApp(new AppUsage(measured.App));
                }

                app.Measured(measured, now);
            }
        }
    }

    /// <summary>What a target does not tell now is asked again: without it there is no step up, and no other harm.</summary>
    private async Task ReadEndsAsync(CancellationToken cancellation)
    {
        if (_endsAt is { } last && time.GetElapsedTime(last) < BetweenEnds) return;
        _endsAt = time.GetTimestamp();
        IReadOnlyList<MemoryEnd> ends;
        try
        {
            ends = await target.GetMemoryEndsAsync(cancellation);
            _endsProblem = null;
        }
        catch (TargetUnavailableException e)
        {
            // That the target is away is told by the evaluation, in the log too.
            _endsProblem = $"it is not known which instances ended for want of memory: {e.Message}";
            return;
        }

        var now = time.GetUtcNow();
        lock (_lock)
        {
            var asked = (_listed ?? []).ToDictionary(app => app.Id, app => app.Memory, StringComparer.Ordinal);
            foreach (var end in ends)
            {
                // Of what was never measured there is nothing to advise.
                if (asked.GetValueOrDefault(end.App) is not { } megabytes || !_apps.TryGetValue(end.App, out var app)) continue;
                if (app.Usage.AddMemoryEnd(end.Instance, megabytes * 1024 * 1024, end.At, now)) app.IsUnwritten = true;
            }
        }
    }

    private async Task WriteAsync(CancellationToken cancellation)
    {
        if (time.GetElapsedTime(_writtenAt ??= time.GetTimestamp()) < BetweenWrites) return;
        List<string> keys;
        List<SampledApp> apps;
        lock (_lock) (keys, apps) = ([.. _undeleted], [.. _apps.Values.Where(app => app.IsUnwritten)]);
        foreach (var chunk in keys.Chunk(Batch))
        {
            await store.WriteAsync([.. chunk.Select(key => StateWrite.Delete(key))], fence, cancellation);
            lock (_lock) _undeleted.ExceptWith(chunk);
        }

        foreach (var chunk in apps.Chunk(Batch))
        {
            List<StateWrite> writes;
            lock (_lock) writes = [.. chunk.Where(app => IsKept(app)).Select(app => StoredUsages.Write(app.Usage))];
            if (writes.Count > 0) await store.WriteAsync(writes, fence, cancellation);
            lock (_lock)
            {
                foreach (var app in chunk) app.IsUnwritten = false;
                foreach (var write in writes) _stored!.Refused.Remove(write.Key);
            }
        }

        _writtenAt = time.GetTimestamp();
    }

    private bool IsKept(SampledApp app) => _apps.GetValueOrDefault(app.Usage.App) == app;

    private void Forget(string app)
    {
        // Before all is read it is not known what is stored; a delete too many does no harm.
        if (_apps.Remove(app) || _stored is null) _undeleted.Add(StoredUsages.Key(app));
    }
}

/// <summary>What an app should ask for, and from what evidence.</summary>
/// <param name="App">The app's id.</param>
/// <param name="Instances">How many are asked for.</param>
/// <param name="Advice">The advice.</param>
/// <param name="First">When it was first measured; null where it never was.</param>
/// <param name="Last">When it was last measured.</param>
/// <param name="Samples">How often it was measured.</param>
/// <param name="Confidence">The days that the samples are worth.</param>
internal sealed record AppSize(
    string App, int Instances, SizeAdvice Advice, DateTimeOffset? First, DateTimeOffset? Last, long Samples, double Confidence);

/// <summary>What apps should ask for.</summary>
/// <param name="At">As of when.</param>
/// <param name="Apps">By id.</param>
/// <param name="Problem">Why there is less than there should be; null where all is well.</param>
/// <param name="LeftOut">So many apps more were measured than are kept.</param>
/// <param name="SetAside">The keys of what is stored and cannot be used.</param>
internal sealed record Recommendations(
    DateTimeOffset At, IReadOnlyList<AppSize> Apps, string? Problem, int LeftOut, IReadOnlyList<string> SetAside)
{
    /// <summary>Whether the apps have been read: before, none is no fact.</summary>
    public required bool IsListed { get; init; }
}
