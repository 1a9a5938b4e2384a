using System.Globalization;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Scaling.Safety;

/// <summary>
/// Watches over all apps together, where a policy sees one. Of one owner, and without a clock: each call states the present, by a
/// clock that nobody sets.
/// </summary>
public sealed class SafetyGuard(SafetyOptions options)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Presence> _instances = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _lastAnswered = new(StringComparer.Ordinal);
    private readonly Queue<DateTimeOffset> _changes = new();
    private DateTimeOffset _stoppedUntil = DateTimeOffset.MinValue;
    private string _why = "";

    /// <summary>Why scale-in is stopped everywhere; null where it is not.</summary>
    public string? ScaleInStopped(DateTimeOffset now) => now < _stoppedUntil ? _why : null;

    /// <summary>An app was deleted, so that nothing of it is missing.</summary>
    public void Forget(string app)
    {
        _instances.Remove(app);
        _lastAnswered.Remove(app);
    }

    /// <summary>Takes in what runs; an app that is being deleted is no loss.</summary>
    public void ObserveInstances(IReadOnlyList<ScalableApp> apps, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(apps);
        var (expected, missing) = (0, 0);
        var seen = new HashSet<string>(apps.Count, StringComparer.Ordinal);
        foreach (var app in apps)
        {
            seen.Add(app.Id);
            if (app.Deleting)
            {
                Forget(app.Id);
                continue;
            }

            var known = _instances.GetValueOrDefault(app.Id);

            // What was asked to go is not missing, nor what a deployment replaces.
            var ran = Math.Min(Math.Max(known.Ran, app.Running), app.Instances);
            var since = app.Running >= ran || app.Deploying ? default : known.Since == default ? now : known.Since;
            if (since != default && now - since >= options.Acceptance) (ran, since) = (app.Running, default);
            _instances[app.Id] = new Presence(ran, since);
            expected += ran;
            if (since != default) missing += ran - app.Running;
        }

        foreach (var (app, known) in _instances.Where(entry => !seen.Contains(entry.Key)).ToList())
        {
            var since = known.GoneSince == default ? now : known.GoneSince;
            if (now - since >= options.Recovery)
            {
                _instances.Remove(app);
                continue;
            }

            _instances[app] = known with { GoneSince = since };
            expected += known.Ran;
            missing += known.Ran;
        }

        Judge(missing, expected, "instances that ran are missing", now);
    }

    /// <summary>Takes in of which apps the sources of the metrics answer, whether they have something to tell or not.</summary>
    /// <param name="asked">The apps whose sources were asked, and whether they answer.</param>
    /// <param name="now">The present.</param>
    public void ObserveMetrics(IEnumerable<(string App, bool Answers)> asked, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(asked);
        var (expected, missing) = (0, 0);
        foreach (var (app, answers) in asked)
        {
            if (answers)
            {
                _lastAnswered[app] = now;
                expected++;
            }
            else if (_lastAnswered.TryGetValue(app, out var last) && now - last < options.Acceptance)
            {
                expected++;
                missing++;
            }
        }

        foreach (var (app, last) in _lastAnswered.ToList())
        {
            if (now - last >= options.Acceptance) _lastAnswered.Remove(app);
        }

        Judge(missing, expected, "apps have sources of metrics that do not answer", now);
    }

    /// <summary>How a change is held back; null where it is not.</summary>
    /// <param name="from">The count that is in force.</param>
    /// <param name="to">The count that is wanted.</param>
    /// <param name="now">The present.</param>
    public SafetyLimit? Limit(int from, int to, DateTimeOffset now)
    {
        if (to < from && ScaleInStopped(now) is { } why) return new SafetyLimit("self-preservation", from, why);
        if (options.MaxStep is { } step && Math.Abs((long)to - from) > step)
        {
            return new SafetyLimit(
                "max step", to > from ? from + step : from - step,
                $"the limit of one change is {step} {(step == 1 ? "instance" : "instances")}");
        }

        return null;
    }

    /// <summary>Whether one more change may be set off now; counts it where it may.</summary>
    public bool TryTake(DateTimeOffset now)
    {
        while (_changes.TryPeek(out var oldest) && (oldest <= now - Window || oldest > now)) _changes.Dequeue();
        if (_changes.Count >= options.ChangesPerMinute) return false;
        _changes.Enqueue(now);
        return true;
    }

    private void Judge(int missing, int expected, string what, DateTimeOffset now)
    {
        if (missing < options.MissingAtLeast || missing < options.MissingShare * expected) return;
        _stoppedUntil = now + options.Recovery;
        _why = string.Create(CultureInfo.InvariantCulture,
            $"scale-in is stopped everywhere since {missing} of {expected} {what} at once");
    }

    /// <summary>
    /// How many instances of an app are known to have run, since when some are missing, since when the app is gone.
    /// </summary>
    private readonly record struct Presence(int Ran, DateTimeOffset Since, DateTimeOffset GoneSince = default);
}

/// <summary>How the <see cref="SafetyGuard"/> holds a change back.</summary>
/// <param name="By">The limit's name.</param>
/// <param name="To">The count that is allowed.</param>
/// <param name="Reason">The reason, in plain words.</param>
public readonly record struct SafetyLimit(string By, int To, string Reason);
