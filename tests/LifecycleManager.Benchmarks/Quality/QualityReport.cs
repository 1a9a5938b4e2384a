using System.Globalization;
using System.Text;
using LifecycleManager.Benchmarks.Quality.Service;

namespace LifecycleManager.Benchmarks.Quality;

/// <summary>Puts results into a table and a chart.</summary>
internal static class QualityReport
{
    private const int Width = 900;
    private const int Height = 150;
    private const int Margin = 24;
    private const int Points = 450;
    private static readonly string[] Colours = ["#1a7f37", "#0969da", "#bf8700", "#8250df", "#cf222e", "#6e7781", "#57606a"];

    /// <summary>A table in Markdown, a row an autoscaler of each workload.</summary>
    public static void Table(IReadOnlyList<QualityResult> results, TextWriter output)
    {
        output.WriteLine("| workload | autoscaler | in violation, s | not carried | instance-hours | changes |");
        output.WriteLine("| --- | --- | --- | --- | --- | --- |");
        foreach (var one in results)
        {
            string[] cells =
            [
                one.Workload, one.Autoscaler, $"{one.Violation}", one.NotCarried.ToString("0", CultureInfo.InvariantCulture),
                one.InstanceHours.ToString("0.0", CultureInfo.InvariantCulture), $"{one.Changes}",
            ];
            output.WriteLine($"| {string.Join(" | ", cells)} |");
        }
    }

    /// <summary>A chart in SVG: for each workload what it needs, and the counts of those that are shown.</summary>
    public static string Chart(
        IReadOnlyList<Workload> workloads, IReadOnlyList<QualityResult> results, IReadOnlyList<string> shown, ServiceModel model)
    {
        var svg = new StringBuilder();
        var height = (workloads.Count * Height) + Margin;
        svg.AppendLine(CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{height}\" font-size=\"11\">");
        svg.AppendLine("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>");
        for (var i = 0; i < shown.Count; i++)
        {
            svg.AppendLine(CultureInfo.InvariantCulture,
                $"<text x=\"{Margin + ((i + 1) * 180)}\" y=\"15\" fill=\"{Colours[i % Colours.Length]}\">{shown[i]}</text>");
        }

        svg.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"{Margin}\" y=\"15\" fill=\"#d0d7de\">needed</text>");
        for (var row = 0; row < workloads.Count; row++)
        {
            var (workload, top) = (workloads[row], Margin + (row * Height));
            svg.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"2\" y=\"{top + 12}\">{workload.Name}</text>");
            var needed = workload.Load.Chunk(Math.Max(1, workload.Load.Length / Points))
                .Select(chunk => chunk.Average() / (model.Capacity * model.Target));
            Line(svg, [.. needed], top, "#d0d7de", 3, model.Bounds.Max);
            for (var i = shown.Count - 1; i >= 0; i--)
            {
                var counts = results.Single(one => one.Workload == workload.Name && one.Autoscaler == shown[i]).Counts
                    .Chunk(Math.Max(1, workload.Load.Length / Points)).Select(chunk => chunk.Average());
                Line(svg, [.. counts], top, Colours[i % Colours.Length], 1, model.Bounds.Max);
            }
        }

        return svg.AppendLine("</svg>").ToString();
    }

    private static void Line(StringBuilder svg, double[] values, int top, string colour, int width, double most)
    {
        svg.Append(CultureInfo.InvariantCulture, $"<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" ")
            .Append("points=\"");
        for (var i = 0; i < values.Length; i++)
        {
            var x = Margin + ((Width - (2.0 * Margin)) * i / values.Length);
            var y = top + Height - 10 - ((Height - Margin) * Math.Min(values[i], most) / most);
            svg.Append(CultureInfo.InvariantCulture, $"{x:0.#},{y:0.#} ");
        }

        svg.AppendLine("\"/>");
    }
}
