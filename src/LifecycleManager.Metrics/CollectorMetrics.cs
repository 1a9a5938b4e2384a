using LifecycleManager.Metrics.Scraping;
using Prometheus;

namespace LifecycleManager.Metrics;

/// <summary>The collector's own metrics.</summary>
internal sealed class CollectorMetrics
{
    private static readonly double[] Buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    private readonly Histogram _seconds;
    private readonly Counter _samples;
    private readonly Counter.Child[] _failures;
    private readonly Gauge _targets;
    private readonly Gauge _up;
    private readonly Gauge _appTargets;
    private readonly Gauge _appUp;
    private readonly Lock _counting = new();
    private HashSet<string> _apps = [];
    private volatile Func<bool> _showsApps = () => true;

    public CollectorMetrics(CollectorRegistry registry)
    {
        var factory = Prometheus.Metrics.WithCustomRegistry(registry);
        _seconds = factory.CreateHistogram(
            "lcm_metrics_scrape_seconds", "Duration of scrapes.", new HistogramConfiguration { Buckets = Buckets });
        _samples = factory.CreateCounter("lcm_metrics_samples_total", "Samples in scraped answers and pushes, wanted or not.");
        var failures = factory.CreateCounter("lcm_metrics_scrape_failures_total", "Failed scrapes by reason.", "reason");
        _failures = [.. Enum.GetValues<FailureReason>().Select(reason => failures.WithLabels(Word(reason)))];
        _targets = factory.CreateGauge("lcm_metrics_targets", "Endpoints that are scraped.");
        _up = factory.CreateGauge("lcm_metrics_targets_up", "Endpoints whose last scrape succeeded.");
        _appTargets = factory.CreateGauge("lcm_metrics_app_targets", "Endpoints of the app's instances that are scraped.", "app");
        _appUp = factory.CreateGauge("lcm_metrics_app_targets_up",
            "Endpoints of the app's instances whose last scrape succeeded.", "app");
    }

    /// <inheritdoc cref="MetricsCollector.ShowAppsWhile"/>
    public void ShowAppsWhile(Func<bool> leads) => _showsApps = leads;

    /// <summary>Counts what is scraped, in all and by app; an app that is gone leaves.</summary>
    public void Count(IReadOnlyCollection<ScrapeJob> jobs)
    {
        lock (_counting)
        {
            _targets.Set(jobs.Count);
            _up.Set(jobs.Count(job => job.Status.Up == true));
            var apps = new HashSet<string>(StringComparer.Ordinal);
            var shown = _showsApps() ? jobs.OfType<EndpointJob>() : [];
            foreach (var app in shown.GroupBy(job => job.Instance.Target.App))
            {
                apps.Add(app.Key);
                _appTargets.WithLabels(app.Key).Set(app.Count());
                _appUp.WithLabels(app.Key).Set(app.Count(job => job.Status.Up == true));
            }

            foreach (var gone in _apps.Except(apps))
            {
                _appTargets.RemoveLabelled(gone);
                _appUp.RemoveLabelled(gone);
            }

            _apps = apps;
        }
    }

    public void Scraped(TimeSpan duration, int samples)
    {
        _seconds.Observe(duration.TotalSeconds);
        if (samples > 0) _samples.Inc(samples);
    }

    public void Pushed(int samples) => _samples.Inc(samples);

    public void Failed(FailureReason reason) => _failures[(int)reason].Inc();

    private static string Word(FailureReason reason) => reason switch
    {
        FailureReason.NotFound => "not_found",
        FailureReason.ContentType => "content_type",
        FailureReason.TooLarge => "too_large",
        FailureReason.TooManySamples => "too_many_samples",
        FailureReason.CircuitOpen => "circuit_open",
        // "certificate", "incomplete", ...
        _ => reason.ToString().ToLowerInvariant(),
    };
}
