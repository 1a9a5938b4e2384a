using System.Globalization;

namespace LifecycleManager.Console.Charts;

/// <summary>The history of one app, as the manager keeps it.</summary>
/// <param name="Series">Its counts and metrics by name, each with a point for each instant.</param>
public sealed record MetricTable(IReadOnlyList<ChartSeries> Series)
{
    /// <summary>The names of the counts.</summary>
    public static IReadOnlyList<string> Counts { get; } = ["desired", "instances", "running", "healthy"];

    /// <summary>Reads the answer of <c>GET /v1/history?app=</c>: a column a series, empty where there is no value.</summary>
    /// <exception cref="FormatException">It is no such table.</exception>
    public static MetricTable Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length == 0) return new MetricTable([]);
        var separator = lines[0].StartsWith("time\t", StringComparison.Ordinal) ? '\t' : ',';
        var names = lines[0].Split(separator);
        if (names[0] != "time") throw new FormatException("the manager's history has no column 'time'");
        var columns = names.Skip(1).Select(_ => new List<ChartPoint>(lines.Length)).ToArray();
        foreach (var line in lines.Skip(1))
        {
            var cells = line.Split(separator);
            if (cells.Length != names.Length)
                throw new FormatException($"a line of the manager's history has {cells.Length} columns");
            var at = DateTimeOffset.Parse(cells[0], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
            for (var i = 1; i < cells.Length; i++)
            {
                columns[i - 1].Add(new ChartPoint(
                    at, cells[i].Length == 0 ? null : double.Parse(cells[i], CultureInfo.InvariantCulture)));
            }
        }

        return new MetricTable([.. names.Skip(1).Zip(columns, (name, points) => new ChartSeries(name, points))]);
    }
}
