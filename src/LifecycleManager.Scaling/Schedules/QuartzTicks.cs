using LifecycleManager.Decisions.Engine;
using LifecycleManager.Scaling.Evaluation;
using Microsoft.Extensions.Logging;
using Quartz;
using Quartz.Extensibility;

namespace LifecycleManager.Scaling.Schedules;

/// <summary>
/// Asks for ticks by Quartz: one job for the period, which is left out while the tick before still runs, and one job for each
/// scheduled rule, which fires at the exact moments when its window opens or closes. Runs only while this manager leads.
/// </summary>
internal sealed class QuartzTicks(Evaluator evaluator, ManagerOptions options, TimeProvider time, ILogger<QuartzTicks> logger)
    : IAsyncDisposable
{
    public const string RulesGroup = "scheduled rules";

    private readonly SemaphoreSlim _changing = new(1, 1);
    private readonly Dictionary<string, JobKey> _rules = new(StringComparer.Ordinal);
    private IScheduler? _scheduler;
    private CancellationTokenSource _stopping = new();

    /// <summary>Begins to tick, the first time at once.</summary>
    public async Task StartAsync(IReadOnlyList<ScheduledRule> rules, CancellationToken cancellation)
    {
        var scheduler = await QuartzSchedulerBuilder.Create(quartz => quartz
            .ConfigureScheduler(settings =>
            {
                settings.InstanceName = $"lcm-manager-{Guid.NewGuid():N}";
                settings.IdleWaitTime = TimeSpan.FromSeconds(30);
            })
            .UseInMemoryStore(_ => { })
            .UseDefaultThreadPool(maxConcurrency: 2)
            .UseTimeProvider(time)
            .UseJobFactory(new Jobs(this))).BuildScheduler(cancellation);
        var tick = JobBuilder.Create<TickJob>().WithIdentity("tick").Build();
        await scheduler.ScheduleJob(
            tick,
            TriggerBuilder.Create(time)
                .WithIdentity("tick")
                .StartNow()
                .WithOverlapPolicy(OverlapPolicy.Skip)
                .WithSchedule(SimpleScheduleBuilder.Create()
                    .WithInterval(options.Tick)
                    .RepeatForever()
                    .WithMisfireInstruction(SimpleTriggerMisfireInstruction.NextWithExistingCount))
                .Build(),
            default,
            cancellation);
        _stopping.Dispose();
        _stopping = new CancellationTokenSource();
        _scheduler = scheduler;
        await FollowAsync(rules, cancellation);
        await scheduler.Start(cancellation);
    }

    /// <summary>Makes the jobs those of the rules in force.</summary>
    public async Task FollowAsync(IReadOnlyList<ScheduledRule> rules, CancellationToken cancellation)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            if (_scheduler is not { } scheduler) return;
            var wanted = new Dictionary<string, ScheduledRule>(StringComparer.Ordinal);
            foreach (var rule in rules) wanted[Digest(rule)] = rule;
            foreach (var (digest, job) in _rules.Where(known => !wanted.ContainsKey(known.Key)).ToList())
            {
                await scheduler.DeleteJob(job, cancellation);
                _rules.Remove(digest);
            }

            foreach (var (digest, rule) in wanted.Where(rule => !_rules.ContainsKey(rule.Key)))
            {
                if (await AddAsync(scheduler, digest, rule, cancellation) is { } job) _rules[digest] = job;
            }
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Ends all ticking; a tick under way is given up.</summary>
    public async Task StopAsync()
    {
        await _changing.WaitAsync();
        await _stopping.CancelAsync();
        try
        {
            if (_scheduler is not { } scheduler) return;
            _scheduler = null;
            _rules.Clear();
            await scheduler.Shutdown(waitForJobsToComplete: true, CancellationToken.None);
            await scheduler.DisposeAsync();
        }
        finally
        {
            _changing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stopping.Dispose();
        _changing.Dispose();
    }

    private async Task<JobKey?> AddAsync(IScheduler scheduler, string digest, ScheduledRule rule, CancellationToken cancellation)
    {
        var why = $"schedule {rule.Policy}/{rule.Rule}";
        var job = JobBuilder.Create<BoundaryJob>().WithIdentity(digest, RulesGroup).UsingJobData(BoundaryJob.Why, why).Build();
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
            logger.LogWarning("The schedule of {Policy}/{Rule} will not fire: {Reason}", rule.Policy, rule.Rule, e.Message);
            return null;
        }
    }

    private static string Digest(ScheduledRule rule) => $"{rule.Policy}/{rule.Rule} {rule.Cron} {rule.Until} {rule.Zone.Id}";

    private async Task TickAsync(string why, DateTimeOffset? notBefore, CancellationToken cancellation)
    {
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stopping.Token);
            await evaluator.TickAsync(why, notBefore, either.Token);
        }
        catch (OperationCanceledException)
        {
            // The manager stops or no longer leads.
        }
        catch (ObjectDisposedException)
        {
            // Likewise.
        }
    }

    private sealed class TickJob(QuartzTicks ticks) : IJob
    {
        public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
            await ticks.TickAsync("tick", null, cancellationToken);
    }

    private sealed class BoundaryJob(QuartzTicks ticks) : IJob
    {
        public const string Why = "why";

        // Quartz may fire some milliseconds early; the tick must see the window as it is from the boundary on.
        public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
            await ticks.TickAsync((string)context.MergedJobDataMap[Why]!, context.ScheduledFireTimeUtc, cancellationToken);
    }

    private sealed class Jobs(QuartzTicks ticks) : IJobFactory
    {
        public ValueTask<JobScope> CreateJob(TriggerFiredBundle bundle, IScheduler scheduler, CancellationToken cancellationToken = default)
        {
            IJob job = bundle.JobDetail.Key.Group == RulesGroup ? new BoundaryJob(ticks) : new TickJob(ticks);
            return ValueTask.FromResult(new JobScope(job, null));
        }

        public ValueTask ReturnJob(JobScope scope, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
    }
}
