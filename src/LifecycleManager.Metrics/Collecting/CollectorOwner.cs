using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Sources;
using LifecycleManager.Runtime.Loops;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>
/// The owner of what is collected during one term: takes in new demands and targets, begins the scrapes that are due and
/// publishes views. Its parts own the state; everybody else hands in work or reads what is published.
/// </summary>
internal sealed class CollectorOwner : IOwner<ScrapeEnded>
{
    private readonly CollectorInputs _inputs;
    private readonly ScrapeSchedule _schedule;
    private readonly TargetSources _targets;
    private readonly SourceJobs _sources;
    private readonly PushedSelections _pushed;
    private readonly AgentJobs _agents;
    private readonly CollectedApps _apps;
    private readonly ILogger _log;
    private IReadOnlyCollection<MetricDemand> _demands = [];

    /// <param name="context">What all scrapes share.</param>
    /// <param name="pushed">Where pushed samples come from.</param>
    /// <param name="inputs">What the collector is told.</param>
    /// <param name="log">Told of targets that go down and come up.</param>
    public CollectorOwner(ScrapeContext context, PushedStore pushed, CollectorInputs inputs, ILogger log)
    {
        (_inputs, _log) = (inputs, log);
        _schedule = new ScrapeSchedule(context, ended => Post(ended));
        _targets = new TargetSources(context, _schedule, () => Wake());
        _sources = new SourceJobs(context, _schedule);
        _pushed = new PushedSelections(context, pushed);
        _apps = new CollectedApps(context, _schedule, _sources, _pushed);
        _agents = new AgentJobs(context, _schedule, _apps.Find, () => Wake());
    }

    /// <summary>Hands in a scrape that has ended, from another thread; set before the loop begins.</summary>
    public Func<ScrapeEnded, ValueTask> Post { get; set; } = null!;

    /// <summary>Has a turn taken, from another thread; set before the loop begins.</summary>
    public Action Wake { get; set; } = null!;

    /// <summary>What readers see, by app; for any thread.</summary>
    public IReadOnlyDictionary<string, CollectedView> Views => _apps.Views;

    /// <summary>All jobs as of the last turn; for any thread.</summary>
    public ScrapeJob[] Jobs => _schedule.Published;

    /// <summary>Completes once the scrapes under way have ended; to be asked once the loop has.</summary>
    public Task EndOfScrapes => _schedule.EndOfAll;

    /// <inheritdoc />
    public TimeSpan? NextDue => _schedule.NextDue;

    /// <inheritdoc />
    public ValueTask TurnAsync(IReadOnlyList<ScrapeEnded> inputs, CancellationToken cancellation)
    {
        // Demands before targets: a target is only made where something is demanded of its app.
        if (_inputs.Demands is var demands && !ReferenceEquals(demands, _demands)) Apply(_demands = demands);
        if (_targets.Update(_inputs.Targets)) _apps.Update(_targets);
        _agents.Update();
        foreach (var ended in inputs)
        {
            if (ended.Defect is { } defect)
                throw new InvalidOperationException($"the scrape of {ended.Job.Id} failed: {defect.Message}", defect);
            _schedule.End(ended.Job);
            LogChange(ended);
        }

        _schedule.Begin(cancellation);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public void Abandon(ScrapeEnded input, Exception? cause)
    {
        // Nobody waits for an answer.
    }

    private void Apply(IReadOnlyCollection<MetricDemand> demands)
    {
        var changed = _apps.Demand(demands);
        _sources.Demand(_apps.Queries.Select(demand => demand.Query));
        _pushed.Demand(_apps.Queries);
        _agents.Demand(_apps.Queries.Any(demand => demand.Query.Source == MetricSource.Container));
        _apps.Bind(changed, _targets);
    }

    private void LogChange(ScrapeEnded ended)
    {
        var (job, before) = (ended.Job, ended.Before);
        var after = job.Status;
        if (after.Up == before.Up) return;
        if (after.Up == false) _log.LogWarning("target {Target} is down: {Reason}", job.Id, after.Error);
        else if (before.Up == false) _log.LogInformation("target {Target} is up again", job.Id);
    }
}
