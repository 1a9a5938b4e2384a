using System.Globalization;
using LifecycleManager.Manager.Status;

namespace LifecycleManager.Manager.History;

/// <summary>
/// Counts and metrics of the governed apps over the last hours, in memory, for replay. Bounded in points over all series: the
/// more there are, the shorter each.
/// </summary>
internal sealed class MetricHistory(ManagerOptions options)
{
    /// <summary>16 bytes each.</summary>
    private const int MaxPoints = 1_000_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string App, string Name), Queue<Point>> _series = [];
    private DateTimeOffset _last = DateTimeOffset.MinValue;

    /// <summary>Takes in a tick; most fall between two samples and are left out.</summary>
    public void Add(IEnumerable<GovernedApp> apps, DateTimeOffset now)
    {
        if (now - _last < options.HistoryInterval && now >= _last) return;
        _last = now;
        lock (_lock)
        {
            foreach (var app in apps)
            {
                Add(app.App, "instances", app.Instances, now);
                Add(app.App, "running", app.Running, now);
                Add(app.App, "healthy", app.Healthy, now);
                Add(app.App, "desired", app.Evaluation.To, now);
                foreach (var (name, value) in app.Metrics)
                {
                    if (value is { } known && double.IsFinite(known)) Add(app.App, name, known, now);
                }
            }

            // Series that are no longer fed grow old and go.
            var oldest = now - options.KeptHistory;
            foreach (var (key, points) in _series)
            {
                while (points.TryPeek(out var point) && point.At < oldest) points.Dequeue();
                if (points.Count == 0) _series.Remove(key);
            }
        }
    }

    /// <summary>Series in the order of apps and names, each in the order of time.</summary>
    public IReadOnlyList<(string App, string Name, IReadOnlyList<Point> Points)> Read(string? app, DateTimeOffset? since,
        DateTimeOffset? until)
    {
        lock (_lock)
        {
            return
            [
                .. _series.Where(series => app is null || series.Key.App == app)
                    .OrderBy(series => series.Key.App, StringComparer.Ordinal)
                    .ThenBy(series => series.Key.Name, StringComparer.Ordinal)
                    .Select(series => (series.Key.App, series.Key.Name, (IReadOnlyList<Point>)
                        [.. series.Value.Where(point => (since is null || point.At >= since)
                            && (until is null || point.At < until))])),
            ];
        }
    }

    /// <summary>
    /// The series of one app as a table: the time, then a column a series; empty where there is no value. The separator is the
    /// comma, or the tabulator where a name holds a comma.
    /// </summary>
    public static IEnumerable<string> Table(IReadOnlyList<(string App, string Name, IReadOnlyList<Point> Points)> series)
    {
        var separator = series.Any(column => column.Name.Contains(',', StringComparison.Ordinal)) ? '\t' : ',';
        yield return string.Join(separator, series.Select(column => column.Name).Prepend("time")) + "\n";
        var rows = new SortedDictionary<DateTimeOffset, double?[]>();
        for (var i = 0; i < series.Count; i++)
        {
            foreach (var point in series[i].Points)
            {
                if (!rows.TryGetValue(point.At, out var row)) rows[point.At] = row = new double?[series.Count];
                row[i] = point.Value;
            }
        }

        foreach (var (at, row) in rows)
        {
            yield return Time(at)
                + string.Concat(row.Select(value => separator + value?.ToString("R", CultureInfo.InvariantCulture))) + "\n";
        }
    }

    /// <summary>One line of <c>time,app,name,value</c>.</summary>
    public static string Line(string app, string name, Point point) => string.Create(
        CultureInfo.InvariantCulture, $"{Time(point.At)},{Quote(app)},{Quote(name)},{point.Value:R}\n");

    private static string Time(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private void Add(string app, string name, double value, DateTimeOffset now)
    {
        if (!_series.TryGetValue((app, name), out var points)) _series[(app, name)] = points = new Queue<Point>();
        points.Enqueue(new Point(now, value));
        var max = Math.Max(2, MaxPoints / _series.Count);
        while (points.Count > max) points.Dequeue();
    }

    private static string Quote(string text) => text.AsSpan().IndexOfAny(",\"\r\n") < 0
        ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    internal readonly record struct Point(DateTimeOffset At, double Value);
}
