using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Sources;
using LifecycleManager.Metrics.Sources.Servers;
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
    private readonly ScrapeSchedule _questions;
    private readonly TargetSources _targets;
    private readonly SourceJobs _sources;
    private readonly PushedSelections _pushed;
    private readonly AgentJobs _agents;
    private readonly CollectedApps _apps;
    private readonly ContainerUsages _usages;
    private readonly MetricArrivals _arrivals;
    private readonly ILogger _log;
    private IReadOnlyCollection<MetricDemand> _demands = [];
    private bool _isContainerDemanded;

    /// <param name="context">What all scrapes share.</param>
    /// <param name="servers">Who is asked that is no instance.</param>
    /// <param name="pushed">Where pushed samples come from.</param>
    /// <param name="inputs">The inputs of the collector.</param>
    /// <param name="arrivals">Gets the apps that have new samples.</param>
    /// <param name="log">Gets targets that go down and come up.</param>
    public CollectorOwner(
        ScrapeContext context, SourceServers servers, PushedStore pushed, CollectorInputs inputs, MetricArrivals arrivals,
        ILogger log)
    {
        (_inputs, _arrivals, _log) = (inputs, arrivals, log);
        _schedule = new ScrapeSchedule(context, ended => Post(ended), context.Options.MaxConcurrentScrapes);
        // Each server has its own bound, so that one that hangs takes no room from others, nor from scrapes.
        _questions = new ScrapeSchedule(context, ended => Post(ended), int.MaxValue);
        _targets = new TargetSources(context, _schedule, () => Wake());
        _sources = new SourceJobs(context, _questions, servers);
        _pushed = new PushedSelections(context, pushed);
        _apps = new CollectedApps(context, _schedule, _sources, _pushed);
        _usages = inputs.Usages;
        _agents = new AgentJobs(context, _schedule, _apps.Find, all => _usages.Add(all, _inputs.Targets), () => Wake());
    }

    /// <summary>Hands in a scrape that has ended, from another thread; set before the loop begins.</summary>
    public Func<ScrapeEnded, ValueTask> Post { get; set; } = null!;

    /// <summary>Has a turn taken, from another thread; set before the loop begins.</summary>
    public Action Wake { get; set; } = null!;

    /// <summary>What readers see, by app; for any thread.</summary>
    public IReadOnlyDictionary<string, CollectedView> Views => _apps.Views;

    /// <summary>All jobs as of the last turn; for any thread.</summary>
    public ScrapeJob[] Jobs => [.. _schedule.Published, .. _questions.Published];

    /// <summary>Completes once the scrapes under way have ended; to be asked once the loop has.</summary>
    public Task EndOfScrapes => Task.WhenAll(_schedule.EndOfAll, _questions.EndOfAll);

    /// <inheritdoc />
    public TimeSpan? NextDue => (_schedule.NextDue, _questions.NextDue) switch
    {
        ({ } scrape, { } question) => scrape < question ? scrape : question,
        var (scrape, question) => scrape ?? question,
    };

    /// <inheritdoc />
    public ValueTask TurnAsync(IReadOnlyList<ScrapeEnded> inputs, CancellationToken cancellation)
    {
        // Demands before targets: a target is only made where something is demanded of its app.
        if (_inputs.Demands is var demands && !ReferenceEquals(demands, _demands)) Apply(_demands = demands);
        if (_targets.Update(_inputs.Targets)) _apps.Update(_targets);
        _agents.Demand(_isContainerDemanded || _usages.IsWanted);
        _agents.Update();
        foreach (var ended in inputs)
        {
            if (ended.Defect is { } defect)
                throw new InvalidOperationException($"the scrape of {ended.Job.Id} failed: {defect.Message}", defect);
            (ended.Job is SourceJob ? _questions : _schedule).End(ended.Job);
            if (ended.Job.Status.Up == true) _arrivals.Add(ended.Job.Apps);
            LearnStart(ended);
            LogChange(ended);
        }

        _schedule.Begin(cancellation);
        _questions.Begin(cancellation);
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
        _sources.Demand(_apps.Questions);
        _pushed.Demand(_apps.Queries);
        _isContainerDemanded = _apps.Queries.Any(demand => demand.Query.Source == MetricSource.Container);
        _apps.Bind(changed, _targets);
    }

    /// <summary>
    /// The start of an instance whose health nobody checks is over when it first answers, where it was asked before in vain: else
    /// it may have been up for long.
    /// </summary>
    private static void LearnStart(ScrapeEnded ended)
    {
        if (ended.Job is not EndpointJob { Instance: var instance, Status: { Up: true, LastScrape: var at } }
            || instance.HasAnswered) return;
        instance.HasAnswered = true;
        if (ended.Before.Up == false && instance.Target is { IsChecked: false, Started: { } started } && at - started is { } took)
            instance.Startup.Learn(took);
    }

    private void LogChange(ScrapeEnded ended)
    {
        var (job, before) = (ended.Job, ended.Before);
        var after = job.Status;
        if (after.Up == before.Up) return;
        if (after.Up == false) _log.LogWarning("Target {Target} is down: {Reason}", job.Id, after.Error);
        else if (before.Up == false) _log.LogInformation("Target {Target} is up again", job.Id);
    }
}
