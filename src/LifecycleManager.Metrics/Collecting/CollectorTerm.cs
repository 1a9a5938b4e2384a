using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Sources;
using LifecycleManager.Metrics.Sources.Servers;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Runtime.Loops;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>Collects until cancelled or until its loop fails; the next term begins with nothing collected. Runs once.</summary>
internal sealed class CollectorTerm : IDisposable
{
    private const int MaxWaiting = 4_096;
    private const int MaxBatch = 256;
    private static readonly TimeSpan MaxStop = TimeSpan.FromSeconds(3);
    private readonly CollectorOwner _owner;
    private readonly OwnerLoop<ScrapeEnded> _loop;

    public CollectorTerm(
        ScrapeContext context, SourceServers servers, PushedStore pushed, CollectorInputs inputs, MetricArrivals arrivals,
        RoleHealth health, ILogger log)
    {
        Report = health.Loop("the metrics collector");
        _owner = new CollectorOwner(context, servers, pushed, inputs, arrivals, log);
        _loop = new OwnerLoop<ScrapeEnded>(_owner, context.Time, Report, MaxWaiting, MaxBatch);
        (_owner.Post, _owner.Wake) = (async ended => await _loop.PostAsync(ended), _loop.Wake);
    }

    /// <summary>What readers see, by app.</summary>
    public IReadOnlyDictionary<string, CollectedView> Views => _owner.Views;

    /// <summary>All jobs, at some moment.</summary>
    public ScrapeJob[] Jobs => _owner.Jobs;

    /// <summary>Gets the turns of the loop; it ends with the term.</summary>
    public LoopReport Report { get; }

    /// <summary>There are new inputs.</summary>
    public void Wake() => _loop.Wake();

    /// <summary>Runs until cancelled, and until the scrapes under way have ended, or 3 s.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            await _loop.RunAsync(ending.Token);
        }
        finally
        {
            await ending.CancelAsync();
            await _owner.EndOfScrapes.WaitAsync(MaxStop, CancellationToken.None)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose() => Report.Dispose();
}
