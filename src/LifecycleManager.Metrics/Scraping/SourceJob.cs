using LifecycleManager.Metrics.Core.Windows;
using LifecycleManager.Metrics.Series;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>Asks a source that has no instances for one metric.</summary>
internal abstract class SourceJob(ScrapeContext context, SeriesKey key) : ScrapeJob(context)
{
    public SeriesKey Key => key;

    public SeriesSet Set { get; } = new(new Lock());

    public override string Id { get; } = $"{key.Source}|{key.Selector}";

    /// <summary>The number of the scrape under way; rises.</summary>
    protected long Round { get; set; }

    /// <summary>Stores the values of one answer by the names of their series.</summary>
    protected void Store(IReadOnlyList<(string Series, double Value)> values, long now, string nothing)
    {
        Round++;
        lock (Set.Gate)
        {
            foreach (var (name, value) in values)
            {
                var series = Set.Get(name);
                if (series.Round == Round) continue;
                series.Round = Round;
                series.Gone = false;
                series.Samples.Append(new Sample(now, value), Set.Retention, Context.Options.MaxSamplesPerSeries);
            }

            Set.Close(Round, now);
            Set.Problem = values.Count > 0 ? null : nothing;
        }
    }
}
