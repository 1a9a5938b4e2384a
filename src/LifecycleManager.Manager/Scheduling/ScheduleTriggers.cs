using System.Threading.Channels;
using LifecycleManager.Decisions.Rules;
using Microsoft.Extensions.Logging;
using Quartz;
using Quartz.Extensibility;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>
/// Asks for a tick at the exact moments when the window of a scheduled rule opens or closes, by a Quartz job for each rule; and
/// when the next of all scheduled jobs is due, by one for all. One that is missed is made up for by the next tick of the period.
/// </summary>
/// <param name="tick">Asks for a tick; gets what asks, and the instant that the tick must not be before.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Gets schedules that never fire.</param>
internal sealed class ScheduleTriggers(Action<string, DateTimeOffset?> tick, TimeProvider time, ILogger<ScheduleTriggers> log)
{
    /// <summary>The group of the rules' jobs.</summary>
    public const string RulesGroup = "scheduled rules";

    /// <summary>What a tick says that the scheduled jobs ask for.</summary>
    public const string Jobs = "scheduled jobs";

    private readonly Channel<bool> _changed =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Lock _gate = new();
    private Wanted _wanted = new([], null);
    private JobKey? _wake;
    private int _wakes;

    /// <summary>Makes the jobs those of these rules; the newest call counts.</summary>
    public void Follow(IReadOnlyList<ScheduledRule> rules) => Want(wanted => wanted with { Rules = rules });

    /// <summary>Asks for a tick at an instant, in place of any before; null: at none.</summary>
    public void WakeAt(DateTimeOffset? at) => Want(wanted => wanted with { At = at });

    /// <summary>Runs the jobs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        // Where nothing is scheduled there is nothing to run.
        Wanted wanted;
        do wanted = await ChangedAsync(cancellation);
        while (wanted is { Rules.Count: 0, At: null });
        var scheduler = await QuartzSchedulerBuilder.Create(quartz => quartz
            .ConfigureScheduler(settings =>
            {
                settings.InstanceName = $"lcm-manager-{Guid.NewGuid():N}";
                settings.IdleWaitTime = TimeSpan.FromSeconds(30);
            })
            .UseInMemoryStore(_ => { })
            .UseDefaultThreadPool(maxConcurrency: 2)
            .UseTimeProvider(time)
            .UseJobFactory(new TickJobs(tick))).BuildScheduler(cancellation);
        try
        {
            await scheduler.Start(cancellation);
            var jobs = new Dictionary<string, JobKey>(StringComparer.Ordinal);
            DateTimeOffset? at = null;
            while (true)
            {
                await UseAsync(scheduler, jobs, wanted.Rules, cancellation);
                if (at != wanted.At) await WakeAsync(scheduler, wanted.At, cancellation);
                at = wanted.At;
                wanted = await ChangedAsync(cancellation);
            }
        }
        finally
        {
            await scheduler.Shutdown(waitForJobsToComplete: false, CancellationToken.None);
            await scheduler.DisposeAsync();
        }
    }

    private void Want(Func<Wanted, Wanted> change)
    {
        lock (_gate)
        {
            var next = change(_wanted);
            if (next == _wanted) return;
            _wanted = next;
        }

        _changed.Writer.TryWrite(true);
    }

    private async Task<Wanted> ChangedAsync(CancellationToken cancellation)
    {
        await _changed.Reader.ReadAsync(cancellation);
        lock (_gate) return _wanted;
    }

    private async Task WakeAsync(IScheduler scheduler, DateTimeOffset? at, CancellationToken cancellation)
    {
        if (_wake is { } before) await DeleteAsync(scheduler, before, cancellation);
        _wake = null;

        // No calendar has later ones; and what never comes needs no job.
        if (at is not { } instant || instant.Year > 9_000) return;
        var name = $"{Jobs} {++_wakes}";
        var job = JobBuilder.Create<TickJob>().WithIdentity(name).UsingJobData(TickJob.Why, Jobs).Build();
        var trigger = TriggerBuilder.Create(time).WithIdentity(name).ForJob(job).StartAt(instant)
            .WithSimpleSchedule(simple => simple.WithMisfireInstruction(SimpleTriggerMisfireInstruction.FireNow)).Build();
        try
        {
            await scheduler.ScheduleJob(job, [trigger], default, cancellation);
            _wake = job.Key;
        }
        catch (SchedulerException e)
        {
            // Its time has come meanwhile, or Quartz does not take it: a tick is never wrong.
            log.LogDebug("The tick at {Instant} is asked for at once: {Reason}", instant, e.ToString());
            tick(Jobs, null);
        }
    }

    /// <summary>Deletes a job; Quartz throws where its last trigger fires at this very moment, which deletes it, too.</summary>
    private async Task DeleteAsync(IScheduler scheduler, JobKey job, CancellationToken cancellation)
    {
        try
        {
            await scheduler.DeleteJob(job, cancellation);
        }
        catch (SchedulerException e)
        {
            log.LogDebug("The job {Job} is over: {Reason}", job, e.Message);
        }
    }

    private async Task UseAsync(
        IScheduler scheduler, Dictionary<string, JobKey> jobs, IReadOnlyList<ScheduledRule> rules, CancellationToken cancellation)
    {
        var wanted = new Dictionary<string, ScheduledRule>(StringComparer.Ordinal);
        foreach (var rule in rules) wanted[Digest(rule)] = rule;
        foreach (var (digest, job) in jobs.Where(known => !wanted.ContainsKey(known.Key)).ToList())
        {
            await DeleteAsync(scheduler, job, cancellation);
            jobs.Remove(digest);
        }

        foreach (var (digest, rule) in wanted.Where(rule => !jobs.ContainsKey(rule.Key)))
        {
            if (await AddAsync(scheduler, digest, rule, cancellation) is { } job) jobs[digest] = job;
        }
    }

    private async Task<JobKey?> AddAsync(IScheduler scheduler, string digest, ScheduledRule rule, CancellationToken cancellation)
    {
        var why = $"schedule {rule.Policy}/{rule.Rule}";
        var job = JobBuilder.Create<TickJob>().WithIdentity(digest, RulesGroup).UsingJobData(TickJob.Why, why).Build();
        var triggers = new List<ITrigger>();
        foreach (var (name, cron) in new[] { ("opens", rule.Cron), ("closes", rule.Until) })
        {
            if (cron is null) continue;
            triggers.Add(TriggerBuilder.Create(time)
                .WithIdentity($"{digest} {name}", RulesGroup)
                .ForJob(job)
                .WithSchedule(CronScheduleBuilder.Create(cron)
                    .InTimeZone(rule.Zone)
                    .WithMisfireInstruction(CronTriggerMisfireInstruction.FireAndProceed))
                .Build());
        }

        try
        {
            await scheduler.ScheduleJob(job, triggers, default, cancellation);
            return job.Key;
        }
        catch (SchedulerException e)
        {
            // A cron expression whose last time has passed, as one with a year: nothing is left to wait for.
            log.LogWarning("The schedule of {Policy}/{Rule} will not fire: {Reason}", rule.Policy, rule.Rule, e.Message);
            return null;
        }
    }

    private static string Digest(ScheduledRule rule) => $"{rule.Policy}/{rule.Rule} {rule.Cron} {rule.Until} {rule.Zone.Id}";

    /// <summary>What a tick is to be asked for: the rules, and the instant when a job is due.</summary>
    private sealed record Wanted(IReadOnlyList<ScheduledRule> Rules, DateTimeOffset? At);

    private sealed class TickJob(Action<string, DateTimeOffset?> tick) : IJob
    {
        public const string Why = "why";

        // Quartz may fire some milliseconds early; the tick must see the window as it is from the boundary on.
        public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
        {
            tick((string)context.MergedJobDataMap[Why]!, context.ScheduledFireTimeUtc);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class TickJobs(Action<string, DateTimeOffset?> tick) : IJobFactory
    {
        public ValueTask<JobScope> CreateJob(TriggerFiredBundle bundle, IScheduler scheduler,
            CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(new JobScope(new TickJob(tick), null));

        public ValueTask ReturnJob(JobScope scope, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
    }
}
