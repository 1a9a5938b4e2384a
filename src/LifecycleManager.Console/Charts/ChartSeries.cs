namespace LifecycleManager.Console.Charts;

/// <summary>A value at an instant; null where there is none, which is not zero and not the one before.</summary>
public readonly record struct ChartPoint(DateTimeOffset At, double? Value);

/// <summary>A line of a chart.</summary>
/// <param name="Name">What it is of.</param>
/// <param name="Points">Its values in the order of time.</param>
public sealed record ChartSeries(string Name, IReadOnlyList<ChartPoint> Points)
{
    /// <summary>Intervals between two values, in usual ones, from which on there is a gap between them.</summary>
    private const double Late = 2.5;

    /// <summary>
    /// The parts that are drawn as one line each: where a value is missing, or the next one comes late, nothing is drawn.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<ChartPoint>> Parts()
    {
        var usual = Usual();
        var parts = new List<IReadOnlyList<ChartPoint>>();
        var part = new List<ChartPoint>();
        foreach (var point in Points)
        {
            var isLate = part.Count > 0 && usual > 0 && (point.At - part[^1].At).TotalSeconds > usual * Late;
            if ((point.Value is null || isLate) && part.Count > 0)
            {
                parts.Add(part);
                part = [];
            }

            if (point.Value is not null) part.Add(point);
        }

        if (part.Count > 0) parts.Add(part);
        return parts;
    }

    /// <summary>The median of the times between two points, in seconds; 0 for fewer than two.</summary>
    private double Usual()
    {
        var times = Points.Zip(Points.Skip(1), (one, next) => (next.At - one.At).TotalSeconds)
            .Where(time => time > 0).Order().ToList();
        return times.Count == 0 ? 0 : times[times.Count / 2];
    }
}

/// <summary>Something that happened, as a mark in a chart.</summary>
/// <param name="At">When.</param>
/// <param name="Text">What, for people.</param>
/// <param name="IsBad">Whether it failed.</param>
public sealed record ChartMark(DateTimeOffset At, string Text, bool IsBad);
