using System.Collections.Concurrent;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Schedules;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>What the schedules rest on.</summary>
/// <param name="Files">The schedules of rule files in force.</param>
/// <param name="PolicyOf">The policy that governs an app; null for none.</param>
/// <param name="Metrics">Reads metrics.</param>
/// <param name="Obstacle">What keeps an app's count from being changed; null where nothing is known to.</param>
/// <param name="Stopped">Why nothing may be changed now; null where it may.</param>
internal sealed record ScheduleSources(
    Func<IReadOnlyList<ScalingSchedule>> Files, Func<ScalableApp, Policy?> PolicyOf, IMetricReader Metrics,
    Func<string, string?> Obstacle, Func<string?> Stopped);

/// <summary>
/// The schedules of one term at work: what is due is put on record before anything follows from it, and what is on record is
/// brought to its end, also by a successor. While all changes are stopped no fire time comes; what came meanwhile was missed.
/// Of one owner, the evaluation.
/// </summary>
internal sealed class ScheduleOwner : IDisposable
{
    /// <summary>So many schedules fire in one tick; the others in the next, which follows at once.</summary>
    public const int MostAtOnce = 200;

    /// <summary>Between two writes of the clock while nothing fires: 10 s.</summary>
    private static readonly TimeSpan BetweenClocks = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan FailureShown = TimeSpan.FromDays(1);

    private readonly ScheduleSources _sources;
    private readonly HookSender _hooks;
    private readonly ScheduleMetrics _metrics;
    private readonly ILogger _log;
    private readonly ConcurrentQueue<HookResult> _answers = new();
    private readonly Dictionary<(string Fire, bool IsAfter), HookResult?> _sent = [];
    private readonly Dictionary<string, FireRecord> _failed = new(StringComparer.Ordinal);
    private DateTimeOffset _clockWritten = DateTimeOffset.MinValue;
    private volatile IReadOnlyList<string> _problems = [];

    /// <param name="book">The schedules, and what is stored of them.</param>
    /// <param name="desk">What people do to them.</param>
    /// <param name="orders">Gets what they want of the counts of apps.</param>
    /// <param name="sources">What they rest on.</param>
    /// <param name="handler">Sends the hooks.</param>
    /// <param name="metrics">What is shown of them.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Gets each fire.</param>
    public ScheduleOwner(
        ScheduleBook book, ScheduleDesk desk, ScheduleOrders orders, ScheduleSources sources, HttpMessageHandler handler,
        ScheduleMetrics metrics, TimeProvider time, ILogger log)
    {
        (Book, Desk, Orders, _sources, _metrics, _log) = (book, desk, orders, sources, metrics, log);
        _hooks = new HookSender(handler, time, log, result =>
        {
            _answers.Enqueue(result);
            Ask($"hook of {result.Fire}");
        });
    }

    /// <summary>The schedules.</summary>
    public ScheduleBook Book { get; }

    /// <summary>What people do to them.</summary>
    public ScheduleDesk Desk { get; }

    /// <summary>What they want of the counts of apps now.</summary>
    public ScheduleOrders Orders { get; }

    /// <summary>Has a tick run soon; set before the first turn.</summary>
    public Action<string> Ask { get; set; } = _ => { };

    /// <summary>Has a tick run at an instant; null: at none. Set before the first turn.</summary>
    public Action<DateTimeOffset?> Wake { get; set; } = _ => { };

    /// <summary>What an operator has to look at. For any thread.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Reads what is stored, once: at the beginning of a leadership.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        await Book.LoadAsync(_sources.Files(), cancellation);
        foreach (var (schedule, fires) in Book.History.All)
        {
            if (fires.LastOrDefault(fire => fire.State is FireState.Done or FireState.Failed) is { State: FireState.Failed } last)
                _failed[schedule] = last;
        }

        UseOrders();
    }

    /// <summary>Fires what is due, and takes the fires under way as far as they can come now.</summary>
    /// <param name="apps">All apps of the target.</param>
    /// <param name="unlisted">Apps that it does not list, though it does not say that they are gone.</param>
    /// <param name="now">The present, by the wall clock.</param>
    /// <param name="fence">Of the lead.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>What schedules that only watch would do.</returns>
    /// <exception cref="StateUnavailableException">It is not on record: nothing follows from it.</exception>
    public async Task<IReadOnlyList<Decision>> TurnAsync(
        IReadOnlyList<ScalableApp> apps, IReadOnlySet<string> unlisted, DateTimeOffset now, Fence fence,
        CancellationToken cancellation)
    {
        Book.UseFiles(_sources.Files());
        var isStopped = _sources.Stopped() is not null;
        if (Book.Store.Clock - now > ScheduleBook.LongestSetBack)
        {
            _log.LogWarning("The wall clock was set back from {Then} to {Now}: fire times are counted from now on",
                Book.Store.Clock, now);
            Book.Table.Rebase(now);
        }

        var changes = new ScheduleChanges();
        var fires = new Dictionary<string, FireRecord>(StringComparer.Ordinal);
        foreach (var (id, fire) in Book.Store.Open.Entries)
        {
            // What was written by half has ended.
            if (Book.Store.Ended.Entries.ContainsKey(id)) changes.Open[id] = null;
            else fires.Add(id, fire);
        }

        var due = isStopped ? [] : Book.Table.TakeDue(now, MostAtOnce);
        try
        {
            var steps = new FireSteps(fires, changes, View(apps, unlisted, now, isStopped));
            TakeAnswers(fires, steps);
            var last = due.ConvertAll(known => Fire(known, steps, changes, now));
            steps.Run();
            TakeClock(changes, now);
            await Book.SaveAsync(changes, fence, cancellation);
            if (changes.Clock is not null) _clockWritten = now;
            for (var i = 0; i < due.Count; i++) Book.Table.MoveOn(due[i], last[i]);
            if (due.Count == MostAtOnce) Ask("schedules");
            Told(changes);
            return [.. steps.Told.SelectMany(fire => Would(fire, now))];
        }
        catch
        {
            foreach (var known in due) Book.Table.Place(known);
            throw;
        }
        finally
        {
            UseOrders();
            SendHooks();
            Show(now);
        }
    }

    /// <summary>What is to be collected for the ends of windows.</summary>
    public IEnumerable<MetricDemand> Demands(IReadOnlyList<ScalableApp> apps)
    {
        if (Orders.AreNone) return [];
        var byId = apps.ToDictionary(app => app.Id, StringComparer.Ordinal);
        return
        [
            .. from fire in Book.Store.Open.Entries.Values
               where fire is { State: FireState.Open, IsWindow: true }
               let until = Book.Table.Find(fire.Schedule)?.Schedule?.End?.Until
               where until is not null
               from part in fire.Apps
               where part.Phase is AppPhase.Setting or AppPhase.Set && byId.ContainsKey(part.App)
               from demand in until.Demands(new AppRef(part.App, byId[part.App].Labels))
               select demand,
        ];
    }

    /// <summary>Whether a schedule sets an app's count now, so that it is not given back.</summary>
    public bool Holds(string app) => Orders.Concern(app);

    public void Dispose()
    {
        _hooks.Dispose();
        _metrics.EndTerm();
    }

    /// <summary>Fires a schedule whose time has come.</summary>
    /// <returns>The last fire time that has come.</returns>
    private DateTimeOffset Fire(KnownSchedule known, FireSteps steps, ScheduleChanges changes, DateTimeOffset now)
    {
        var last = known.Next!.Value;
        foreach (var fire in FireMaker.Due(known, now))
        {
            last = fire.Due;
            if (!Book.IsOnRecord(fire.Id)) steps.Put(fire);
        }

        if (known.Mark is { Skip: { } skip } mark && skip <= last)
        {
            mark = mark with { Skip = null, SkipBy = null };
            changes.Marks[known.Name] = mark is { IsOver: true, ResumedAt: null } ? null : mark;
        }

        return last;
    }

    private void TakeAnswers(Dictionary<string, FireRecord> fires, FireSteps steps)
    {
        while (_answers.TryDequeue(out var answer)) _sent[(answer.Fire, answer.IsAfter)] = answer;
        foreach (var (key, answer) in _sent.ToList())
        {
            if (!fires.TryGetValue(key.Fire, out var fire)) _sent.Remove(key);
            else if (answer is not null)
            {
                steps.Put(key.IsAfter ? fire with { After = With(fire.After!, answer) }
                    : fire with { Before = With(fire.Before!, answer) });
            }
        }

        static HookRecord With(HookRecord hook, HookResult answer) =>
            hook with { Outcome = answer.Outcome, Detail = answer.Detail, Attempts = answer.Attempts };
    }

    private void TakeClock(ScheduleChanges changes, DateTimeOffset now)
    {
        if (Book.Table.Count == 0 && changes.AreNone) return;
        if (changes.AreNone && now - _clockWritten < BetweenClocks && now >= _clockWritten) return;
        var until = Book.DealtWith(now);
        if (until != Book.Store.Clock) changes.Clock = until;
    }

    private FireView View(
        IReadOnlyList<ScalableApp> apps, IReadOnlySet<string> unlisted, DateTimeOffset now, bool isStopped) => new()
        {
            Listed = apps,
            Unlisted = unlisted,
            Now = now,
            PolicyOf = app => _sources.PolicyOf(app) is { DryRun: false } policy ? policy : null,
            Metrics = _sources.Metrics,
            Schedule = name => Book.Table.Find(name)?.Schedule,
            Obstacle = _sources.Obstacle,
            IsStopped = isStopped,
        };

    private void Told(ScheduleChanges changes)
    {
        foreach (var fire in changes.Open.Values.Concat(changes.Ended.Values).OfType<FireRecord>())
        {
            if (fire.IsFinal)
            {
                _metrics.Ended(fire);
                var isBad = fire.State is FireState.Failed or FireState.Misfired;
                _log.Log(isBad ? LogLevel.Warning : LogLevel.Information, "{Fire} is {Outcome}: {Reason}", fire.Id,
                    fire.State.ToString().ToLowerInvariant(), fire.Reason ?? "all is as it should be");
                if (fire.State == FireState.Failed) _failed[fire.Schedule] = fire;
                else if (fire.State == FireState.Done) _failed.Remove(fire.Schedule);
            }
            else
            {
                _log.LogDebug("{Fire} is under way: {State}", fire.Id, fire.State);
            }
        }
    }

    private static IEnumerable<Decision> Would(FireRecord fire, DateTimeOffset now) =>
        from part in fire.Apps
        where part.Problem is null
        let name = "schedule " + fire.Schedule
        select new Decision
        {
            At = now,
            App = part.App,
            Policy = name,
            Rule = name,
            From = part.Before,
            To = fire.Count.Of(part.Before),
            Reason = $"{new ScheduleOrder(fire.Schedule, fire.Count, fire.Until, false, false)}",
            DryRun = true,
        };

    private void UseOrders()
    {
        if (!Orders.AreNone || Book.Store.Open.Entries.Count > 0) Orders.Use(Book.Store.Open.Entries.Values);
    }

    private void SendHooks()
    {
        foreach (var fire in Book.Store.Open.Entries.Values)
        {
            if (fire.Before is { Outcome: HookOutcome.Pending } && _sent.TryAdd((fire.Id, false), null))
                _hooks.Send(fire, isAfter: false);
            if (fire is { State: FireState.After, After.Outcome: HookOutcome.Pending } && _sent.TryAdd((fire.Id, true), null))
                _hooks.Send(fire, isAfter: true);
        }
    }

    private void Show(DateTimeOffset now)
    {
        var next = Book.Table.NextFire;
        _metrics.Show(Book.Table.Count, Book.Store.Open.Entries.Count, next);
        var ends = Book.Store.Open.Entries.Values.Where(fire => fire.State == FireState.Open && fire.Until > now)
            .Min(fire => fire.Until);
        Wake(next is null || ends < next ? ends : next);
        _problems = [.. ProblemsAt(now)];
    }

    private IEnumerable<string> ProblemsAt(DateTimeOffset now)
    {
        var setBack = Book.SetBack;
        if (setBack > FireTimes.OnTime)
            yield return $"the wall clock was set back: schedules fire again in {FireTimes.Text(setBack)}";
        foreach (var (key, _) in Book.Store.Unreadable)
            yield return $"what {key} in the store has of schedules cannot be read, and is set aside";
        if (Named(Book.Table.Unread) is { } unread)
            yield return $"schedules that were added cannot be read: {unread}";
        if (Named(Book.Table.Hidden) is { } hidden)
            yield return $"schedules that were added are hidden by those of files: {hidden}; remove them";
        var failed = _failed.Where(entry => now - entry.Value.At < FailureShown).ToList();
        if (failed.Count > 0)
        {
            yield return $"schedules whose last fire failed: {failed.Count}: {failed[0].Value.Id}: {failed[0].Value.Reason}"
                + (failed.Count > 1 ? "; and others" : "");
        }
    }

    private static string? Named(IEnumerable<string> schedules)
    {
        var names = schedules.Take(6).ToList();
        return names.Count == 0 ? null : string.Join(", ", names.Take(5)) + (names.Count > 5 ? ", ..." : "");
    }
}
