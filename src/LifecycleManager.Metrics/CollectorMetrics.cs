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

    public CollectorMetrics(CollectorRegistry registry)
    {
        var factory = Prometheus.Metrics.WithCustomRegistry(registry);
        _seconds = factory.CreateHistogram("lcm_metrics_scrape_seconds", "Duration of scrapes.", new HistogramConfiguration { Buckets = Buckets });
        _samples = factory.CreateCounter("lcm_metrics_samples_total", "Samples in scraped answers and pushes, wanted or not.");
        var failures = factory.CreateCounter("lcm_metrics_scrape_failures_total", "Failed scrapes by reason.", "reason");
        _failures = [.. Enum.GetValues<FailureReason>().Select(reason => failures.WithLabels(Word(reason)))];
        _targets = factory.CreateGauge("lcm_metrics_targets", "Endpoints that are scraped.");
        _up = factory.CreateGauge("lcm_metrics_targets_up", "Endpoints whose last scrape succeeded.");
    }

    public void Count(int targets, int up)
    {
        _targets.Set(targets);
        _up.Set(up);
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
        _ => reason.ToString().ToLowerInvariant(),
    };
}
