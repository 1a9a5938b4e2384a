using System.Globalization;
using System.Text;

namespace LifecycleManager.Console.Charts;

/// <summary>Where times and values are in a picture whose sides are <see cref="Width"/> and <see cref="Height"/>.</summary>
/// <param name="From">The left end.</param>
/// <param name="To">The right end.</param>
/// <param name="Low">The lower end.</param>
/// <param name="High">The upper end, above the lower one.</param>
public sealed record ChartScale(DateTimeOffset From, DateTimeOffset To, double Low, double High)
{
    /// <summary>The picture's sides.</summary>
    public const int Width = 1000, Height = 200;

    /// <summary>Points of one line that are drawn, two for each step of time.</summary>
    private const int Steps = 400;

    /// <summary>A scale for what is to be seen: from zero, or from what is below it, to a round number above all.</summary>
    public static ChartScale Of(DateTimeOffset from, DateTimeOffset to, IEnumerable<double> values)
    {
        var (low, high) = (0.0, 0.0);
        foreach (var value in values.Where(double.IsFinite)) (low, high) = (Math.Min(low, value), Math.Max(high, value));
        return new ChartScale(from, to <= from ? from.AddSeconds(1) : to,
            low < 0 ? -Round(-low) : 0, low == 0 && high == 0 ? 1 : Round(high));
    }

    /// <summary>Where an instant is, from the left.</summary>
    public double X(DateTimeOffset at) => (at - From) / (To - From) * Width;

    /// <summary>Where a value is, from above.</summary>
    public double Y(double value) => High <= Low ? Height : (High - value) / (High - Low) * Height;

    /// <summary>
    /// A part of a line as the path of a picture. Of more points than can be seen the least and the greatest of each step of time
    /// are drawn, so that no peak is left out. One point alone is a short line.
    /// </summary>
    public string Path(IReadOnlyList<ChartPoint> part)
    {
        ArgumentNullException.ThrowIfNull(part);
        var path = new StringBuilder();
        foreach (var point in Seen(part)) Add(path.Length == 0 ? 'M' : 'L', X(point.At), Y(point.Value!.Value));
        if (part.Count == 1) Add('L', X(part[0].At) + 2, Y(part[0].Value!.Value));
        return path.ToString();

        void Add(char how, double x, double y) => path.Append(CultureInfo.InvariantCulture, $"{how}{x:0.#} {y:0.#}");
    }

    private IEnumerable<ChartPoint> Seen(IReadOnlyList<ChartPoint> part)
    {
        if (part.Count <= Steps * 2) return part;
        return part.GroupBy(point => (int)((point.At - From) / (To - From) * Steps)).SelectMany(step =>
        {
            var (least, most) = (step.MinBy(point => point.Value), step.MaxBy(point => point.Value));
            return least.At <= most.At ? [least, most] : new[] { most, least };
        });
    }

    // 1, 2, 2.5 or 5 times a power of ten.
    private static double Round(double value)
    {
        if (value <= 0) return 0;
        var power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        foreach (var step in (double[])[1, 2, 2.5, 5])
        {
            if (value <= step * power) return step * power;
        }

        return 10 * power;
    }
}
