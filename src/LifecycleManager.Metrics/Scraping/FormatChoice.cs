using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Exposition;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>
/// Decides in which format a target is asked for its metrics. Text is what every service answers well; protobuf is asked for once
/// a text has shown a histogram without buckets, a native one, and for as long as that brings its buckets.
/// </summary>
internal sealed class FormatChoice
{
    private const int MostFailures = 3;
    private Selection[] _selections = [];
    private string _accept = "";
    private bool _asksProtobuf;
    private int _failures;

    /// <summary>The media types that are accepted.</summary>
    public string Accept(Selection[] selections)
    {
        if (_accept.Length > 0 && ReferenceEquals(_selections, selections)) return _accept;
        (_selections, _failures) = (selections, 0);
        Ask(protobuf: false);
        return _accept;
    }

    /// <summary>A scrape has worked, and its samples are stored.</summary>
    /// <param name="isProtobuf">Whether it was answered in protobuf.</param>
    /// <param name="cache">Which names it had.</param>
    public void Worked(bool isProtobuf, SeriesCache cache)
    {
        if (_asksProtobuf && isProtobuf && Array.Exists(_selections, selection => Shows(selection, isNative: true)))
        {
            _failures = 0;
        }
        else if (_asksProtobuf)
        {
            // What it asked for does not come, or brings no more: there is nothing to gain.
            _failures = MostFailures;
            Ask(protobuf: false);
        }
        else if (!isProtobuf && _failures < MostFailures
            && Array.Exists(_selections, selection => IsWithoutBuckets(selection, cache)))
        {
            Ask(protobuf: true);
        }
    }

    /// <summary>A scrape has failed by its answer: some services cannot write the protobuf that they say they can.</summary>
    public void Failed()
    {
        if (!_asksProtobuf) return;
        _failures++;
        Ask(protobuf: false);
    }

    private void Ask(bool protobuf)
    {
        _asksProtobuf = protobuf;
        _accept = MetricsMedia.Accept(_selections.Select(selection => selection.Selector), protobuf);
    }

    private static bool IsWithoutBuckets(Selection selection, SeriesCache cache) =>
        selection.Key.Source == MetricSource.Histogram && !Shows(selection, isNative: false)
        && (selection.SeriesNames.Any(cache.HasName) || (selection.CountName is { } count && cache.HasName(count)));

    // Whether the last scrape had a native histogram, or a bucket that says more than how many observations there were. One that
    // cannot be read is one, too: text would tell less.
    private static bool Shows(Selection selection, bool isNative)
    {
        lock (selection.Set.SyncRoot)
        {
            if (isNative && selection.Set.IsRefused) return true;
            foreach (var series in selection.Set.Series)
            {
                if (series.Gone) continue;
                if (isNative ? series.Histograms is not null : double.IsFinite(series.UpperBound)) return true;
            }

            return false;
        }
    }
}
