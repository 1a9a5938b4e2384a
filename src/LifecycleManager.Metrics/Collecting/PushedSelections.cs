using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Sources;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>Which pushed samples are kept.</summary>
internal sealed class PushedSelections(ScrapeContext context, PushedStore store)
{
    private Dictionary<(string App, SeriesKey Key), Selection> _selections = [];

    /// <summary>Where the samples of a query that is demanded are.</summary>
    public SeriesSet this[string app, SeriesKey key] => _selections[(app, key)].Set;

    /// <summary>Keeps what these queries select; those of other sources, and malformed ones, are left out.</summary>
    public void Demand(IEnumerable<(string App, MetricQuery Query)> demands)
    {
        var selections = new Dictionary<(string App, SeriesKey Key), Selection>();
        foreach (var group in demands.Where(demand => demand.Query.Source == MetricSource.Pushed)
            .GroupBy(demand => (demand.App, SeriesKey.Of(demand.Query)), demand => demand.Query))
        {
            if (!SeriesSelector.TryParse(group.Key.Item2.Selector, out var selector, out _)) continue;
            var selection = _selections.GetValueOrDefault(group.Key)
                ?? new Selection(group.Key.Item2, selector!,
                    new SeriesSet(store.SyncRoot) { Problem = "nothing has been pushed yet" });
            selection.Set.Retention = group.Max(context.Retention);
            selections.Add(group.Key, selection);
        }

        _selections = selections;
        store.Use(selections.GroupBy(pair => pair.Key.App, pair => pair.Value)
            .ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal));
    }
}
