using System.Globalization;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Scaling.Safety;

/// <summary>Watches over all apps together, where a policy sees one. Plain code: its clock is what it is told.</summary>
internal sealed class SafetyGuard(SafetyOptions options)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Presence> _instances = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _lastAnswered = new(StringComparer.Ordinal);
    private readonly Queue<DateTimeOffset> _changes = new();
    private DateTimeOffset _stoppedUntil = DateTimeOffset.MinValue;
    private string _why = "";

    /// <summary>Why scale-in is stopped everywhere; null where it is not.</summary>
    public string? ScaleInStopped(DateTimeOffset now) => now < _stoppedUntil ? _why : null;

    /// <summary>Takes in what runs.</summary>
    public void ObserveInstances(IReadOnlyList<ScalableApp> apps, DateTimeOffset now)
    {
        var (expected, missing) = (0, 0);
        var seen = new HashSet<string>(apps.Count, StringComparer.Ordinal);
        foreach (var app in apps)
        {
            seen.Add(app.Id);
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
    public void ObserveMetrics(IEnumerable<(string App, SourceState Sources)> apps, DateTimeOffset now)
    {
        var (expected, missing) = (0, 0);
        foreach (var (app, sources) in apps)
        {
            if (sources == SourceState.Answers)
            {
                _lastAnswered[app] = now;
                expected++;
            }
            else if (sources == SourceState.Silent && _lastAnswered.TryGetValue(app, out var last)
                && now - last < options.Acceptance)
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

    /// <summary>A decision, held back where it must be.</summary>
    public Decision Restrict(Decision decision, DateTimeOffset now)
    {
        if (decision.Kind == DecisionKind.ScaleIn && ScaleInStopped(now) is { } why)
        {
            return Adjust(decision, "self-preservation", decision.From, why);
        }

        if (options.MaxStep is { } step && Math.Abs((long)decision.To - decision.From) > step)
        {
            var to = decision.To > decision.From ? decision.From + step : decision.From - step;
            return Adjust(decision, "max step", to, $"one change moves {step} instances at most");
        }

        return decision;
    }

    /// <summary>Whether one more change may be set off now; counts it where it may.</summary>
    public bool TryTake(DateTimeOffset now)
    {
        while (_changes.TryPeek(out var oldest) && (oldest <= now - Window || oldest > now)) _changes.Dequeue();
        if (_changes.Count >= options.ChangesPerMinute) return false;
        _changes.Enqueue(now);
        return true;
    }

    /// <summary>A decision with another count, and why.</summary>
    public static Decision Adjust(Decision decision, string by, int to, string reason) => decision with
    {
        To = to,
        Reason = $"{decision.Reason}; {(to == decision.From ? "held" : $"to {to}")}: {reason}",
        Adjustments = [.. decision.Adjustments, new Adjustment(by, decision.To, to, reason)],
    };

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
