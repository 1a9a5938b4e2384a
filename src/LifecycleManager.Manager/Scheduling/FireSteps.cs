using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Schedules;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>What the fires see of the world at a tick.</summary>
internal sealed record FireView
{
    /// <summary>All apps of the target.</summary>
    public required IReadOnlyList<ScalableApp> Listed { get; init; }

    /// <summary>
    /// The apps by id; one that is being deleted is not there. Made where a fire asks for it: most ticks have none.
    /// </summary>
    public IReadOnlyDictionary<string, ScalableApp> Apps => field ??=
        Listed.Where(app => !app.Deleting).ToDictionary(app => app.Id, StringComparer.Ordinal);

    /// <summary>Apps that the target does not list, though it does not say that they are gone.</summary>
    public required IReadOnlySet<string> Unlisted { get; init; }

    /// <summary>The present.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The policy that governs an app and sets its count; null for none.</summary>
    public required Func<ScalableApp, Policy?> PolicyOf { get; init; }

    /// <summary>Reads metrics.</summary>
    public required IMetricReader Metrics { get; init; }

    /// <summary>The schedule of a name; null where it is there no more.</summary>
    public required Func<string, ScalingSchedule?> Schedule { get; init; }

    /// <summary>What keeps an app's count from being what a schedule wants; null where nothing is known to.</summary>
    public required Func<string, string?> Obstacle { get; init; }

    /// <summary>Whether nothing may be changed now.</summary>
    public required bool IsStopped { get; init; }
}

/// <summary>
/// Takes the fires under way as far as they can come now: apps are found, counts seen to be set, windows closed, counts set back.
/// It changes records alone; what follows from them is done once they are stored. Of one tick.
/// </summary>
/// <param name="fires">The fires under way by id; as they are from now on.</param>
/// <param name="changes">Gets what has changed.</param>
/// <param name="view">The world.</param>
internal sealed class FireSteps(Dictionary<string, FireRecord> fires, ScheduleChanges changes, FireView view)
{
    /// <summary>A fire sets the counts of so many apps at most: 2,000, which are within a record of every store.</summary>
    public const int MostApps = 2_000;

    /// <summary>So long it is tried to set a count back.</summary>
    private static readonly TimeSpan BackPatience = TimeSpan.FromDays(1);

    private readonly ILookup<string, string> _byApp = fires.Values.Where(fire => fire.State == FireState.Open)
        .SelectMany(fire => fire.Apps.Where(part => part.Phase != AppPhase.Ended).Select(part => (part.App, fire.Id)))
        .ToLookup(entry => entry.App, entry => entry.Id, StringComparer.Ordinal);

    private readonly Dictionary<string, List<string>> _opened = new(StringComparer.Ordinal);

    /// <summary>The fires that only tell what they would do, and have found their apps now.</summary>
    public List<FireRecord> Told { get; } = [];

    /// <summary>Takes all as far as they come.</summary>
    public void Run()
    {
        foreach (var id in fires.Keys.Order(StringComparer.Ordinal).ToList())
        {
            if (fires[id].State == FireState.SetOff) Open(fires[id]);
        }

        foreach (var id in fires.Keys.ToList())
        {
            if (fires.TryGetValue(id, out var fire) && fire.State == FireState.Open) Advance(fire);
        }

        foreach (var id in fires.Keys.ToList()) Finish(fires[id]);
    }

    /// <summary>A fire as it is from now on.</summary>
    public void Put(FireRecord fire)
    {
        if (fire.IsFinal) fires.Remove(fire.Id);
        else fires[fire.Id] = fire;
        changes.Put(fire);
    }

    private void Open(FireRecord fire)
    {
        if (fire.Before is { Required: true } hook)
        {
            if (hook.Outcome == HookOutcome.Failed)
                Fail(fire, $"its hook before is required, and failed: {hook.Detail}");
            if (hook.Outcome != HookOutcome.Answered) return;
        }

        if (view.IsStopped) return;
        if (view.Schedule(fire.Schedule) is not { } schedule)
        {
            Fail(fire, "the schedule is there no more");
            return;
        }

        if (fire.Until <= view.Now)
        {
            Fail(fire, "its end came before its count could be set");
            return;
        }

        var missing = schedule.App.IsExact ? schedule.App.Ids.Where(id => !view.Apps.ContainsKey(id)).ToList() : [];
        if (missing.Exists(view.Unlisted.Contains) && view.Now < fire.GiveUpAt) return;
        var found = (schedule.App.IsExact
                ? schedule.App.Ids.Where(view.Apps.ContainsKey).Distinct(StringComparer.Ordinal).Select(id => view.Apps[id])
                : view.Apps.Values.Where(app => schedule.App.Match(new AppRef(app.Id, app.Labels)) > 0))
            .OrderBy(app => app.Id, StringComparer.Ordinal).Take(MostApps + 1).ToList();
        if (found.Count == 0) Fail(fire, $"no app is '{schedule.App.Text}'");
        else if (found.Count + missing.Count > MostApps)
            Fail(fire, $"more than {MostApps} apps are '{schedule.App.Text}': a schedule is for as many at most");
        else
        {
            Put(fire with
            {
                State = FireState.Open,
                Apps = [.. found.Select(app => fire.DryRun ? new AppFire(app.Id, app.Instances, AppPhase.Ended)
                    : Begin(fire, app)), .. missing.Select(Missing)],
            });
            if (fire.DryRun) Told.Add(fires[fire.Id]);
        }
    }

    private static AppFire Missing(string app) => new(app, 0, AppPhase.Ended, "there is no such app");

    /// <summary>An app's part, with the count from before whatever schedules do to it now.</summary>
    private AppFire Begin(FireRecord fire, ScalableApp app)
    {
        var (before, fromZero, known) = (app.Instances, false, false);
        foreach (var other in Others(app.Id, fire.Id))
        {
            var part = other.Apps.First(part => part.App == app.Id);
            if (!known) before = part.Back ?? part.Before;
            (known, fromZero) = (true, fromZero || part.FromZero || other.Exactly == 0);
            if (part.Phase == AppPhase.Restoring || other.Schedule == fire.Schedule)
            {
                Put(With(other,
                    part with { Phase = AppPhase.Ended, ClosedAt = view.Now, ClosedBy = $"{fire.Id} goes on with it" }));
            }
        }

        if (!_opened.TryGetValue(app.Id, out var opened)) _opened.Add(app.Id, opened = []);
        opened.Add(fire.Id);
        return new AppFire(app.Id, before, AppPhase.Setting) { FromZero = fromZero };
    }

    private void Advance(FireRecord fire)
    {
        var until = fire.IsWindow ? view.Schedule(fire.Schedule)?.End?.Until : null;
        foreach (var part in fire.Apps.Where(part => part.Phase != AppPhase.Ended))
        {
            var next = view.Apps.TryGetValue(part.App, out var app) ? Advance(fire, part, app, until)
                : view.Unlisted.Contains(part.App) ? part
                : part with
                {
                    Phase = AppPhase.Ended,
                    ClosedAt = part.ClosedAt ?? view.Now,
                    ClosedBy = part.ClosedBy ?? "the app is gone",
                    Problem = part.Problem ?? (part.Phase == AppPhase.Setting ? "the app went before its count was set" : null),
                };
            if (next == part) continue;
            fire = With(fires[fire.Id], next);
            Put(fire);
        }
    }

    private AppFire Advance(FireRecord fire, AppFire part, ScalableApp app, ScheduleCondition? until)
    {
        var governed = view.PolicyOf(app);
        if (part.Phase == AppPhase.Restoring) return Back(part, app);
        if (part.Phase == AppPhase.Setting) part = Set(fire, part, app, governed);
        if (!fire.IsWindow || part.Phase == AppPhase.Ended) return part;
        return WhyClosed(fire, app, until) is { } why ? Close(fire, part, app, governed, why) : part;
    }

    private AppFire Set(FireRecord fire, AppFire part, ScalableApp app, Policy? governed)
    {
        // Within bounds the policy's count is what they make of it, at every decision.
        var isSet = fire.Count.Of(app.Instances) == app.Instances || (governed is not null && fire.Exactly is null);
        if (isSet) return part with { Phase = fire.IsWindow ? AppPhase.Set : AppPhase.Ended };
        if (fire.IsWindow) return part;
        if (Others(app.Id, fire.Id).FirstOrDefault(other => !(other.Exactly <= fire.Exactly)
            && other.Apps.Any(one => one.App == app.Id && one.Phase is AppPhase.Setting or AppPhase.Set)) is { } higher)
        {
            return part with { Phase = AppPhase.Ended, Problem = $"{higher.Id} goes before it" };
        }

        return view.Now < fire.GiveUpAt ? part
            : part with { Phase = AppPhase.Ended, Problem = $"it has {app.Instances} instances: {WhyNot(app)}" };
    }

    private string? WhyClosed(FireRecord fire, ScalableApp app, ScheduleCondition? until)
    {
        if (fire.Until <= view.Now) return "its latest time";
        if (until is null) return null;
        var facts = new AppFacts(app.Id, app.Instances, app.Healthy, app.Staged, app.Deploying, view.Now)
        {
            Waiting = app.Waiting,
        };

        // What is not known does not end it: its latest time does.
        return until.Holds(facts, view.Metrics) == true ? until.Text : null;
    }

    private AppFire Close(FireRecord fire, AppFire part, ScalableApp app, Policy? governed, string why)
    {
        var problem = part.Phase == AppPhase.Setting ? $"it came to {app.Instances} instances only: {WhyNot(app)}" : null;
        part = part with { ClosedAt = view.Now, ClosedBy = why, Problem = part.Problem ?? problem };
        var others = Others(app.Id, fire.Id).Where(other => other.Apps.Any(one => one.App == app.Id
            && one.Phase is AppPhase.Setting or AppPhase.Set)).ToList();
        foreach (var other in others)
        {
            var theirs = other.Apps.First(one => one.App == app.Id);
            Put(With(other, theirs with
            {
                Before = fire.Then ?? theirs.Before,
                FromZero = theirs.FromZero || part.FromZero || fire.Exactly == 0,
            }));
        }

        if (others.Count > 0) return part with { Phase = AppPhase.Ended };
        if (governed is null) return Back(part with { Phase = AppPhase.Restoring, Back = fire.Then ?? part.Before }, app);

        // A policy leaves an app at 0 that it has not brought there itself.
        var isZero = app.Instances == 0 && (fire.Exactly == 0 || part.FromZero) && !app.Suspended;
        return isZero && governed.Instances.Min > 0
            ? part with { Phase = AppPhase.Restoring, Back = governed.Instances.Min } : part with { Phase = AppPhase.Ended };
    }

    private AppFire Back(AppFire part, ScalableApp app)
    {
        if (app.Instances == part.Back) return part with { Phase = AppPhase.Ended };
        if (part.ClosedAt is not { } closed || view.Now - closed < BackPatience || view.IsStopped) return part;
        return part with
        {
            Phase = AppPhase.Ended,
            Problem = part.Problem ?? $"it could not be set back to {part.Back}: {WhyNot(app)}",
        };
    }

    private string WhyNot(ScalableApp app) => app.Suspended ? "somebody has ordered 0 instances of it"
        : view.Obstacle(app.Id) ?? "nothing is known of why";

    private void Finish(FireRecord fire)
    {
        if (fire.State == FireState.Open && fire.Apps.All(part => part.Phase == AppPhase.Ended))
        {
            fire = fire with { State = FireState.After };
            Put(fire);
        }

        if (fire.State != FireState.After) return;
        if (fire.Before is { Outcome: HookOutcome.Pending } || fire.After is { Outcome: HookOutcome.Pending }) return;
        var failed = fire.Apps.Where(part => part.Problem is not null).ToList();
        Put(fire with
        {
            State = failed.Count > 0 ? FireState.Failed : FireState.Done,
            EndedAt = view.Now,
            Reason = fire.Reason ?? (failed.Count == 0 ? null
                : $"{failed[0].App}: {failed[0].Problem}" + (failed.Count > 1 ? $"; and {failed.Count - 1} more" : "")),
        });
    }

    private void Fail(FireRecord fire, string why) =>
        Put(fire with { State = FireState.Failed, Reason = why, EndedAt = view.Now });

    /// <summary>The other fires under way whose part with an app has not ended.</summary>
    private IEnumerable<FireRecord> Others(string app, string but)
    {
        foreach (var id in _byApp[app].Concat(_opened.GetValueOrDefault(app) ?? []).Distinct(StringComparer.Ordinal).ToList())
        {
            if (id != but && fires.TryGetValue(id, out var fire)
                && fire.Apps.Any(part => part.App == app && part.Phase != AppPhase.Ended))
            {
                yield return fire;
            }
        }
    }

    private static FireRecord With(FireRecord fire, AppFire part) => fire with
    {
        Apps = [.. fire.Apps.Select(known => known.App == part.App ? part : known)],
    };
}
