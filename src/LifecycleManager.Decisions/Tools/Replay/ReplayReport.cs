using System.Globalization;
using System.Net;
using System.Text;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Tools.Replay;

/// <summary>What replays gave for one app: of each set of policies, and what really ran.</summary>
/// <param name="App">The app; null where there is one alone.</param>
/// <param name="Results">The results.</param>
/// <param name="Model">How the app behaves.</param>
internal sealed record ReplayedResults(string? App, IReadOnlyList<ReplayResult> Results, ReplayModel Model);

/// <summary>Writes what replays gave: a table for the terminal, a page with charts for the browser.</summary>
internal static class ReplayReport
{
    private const int Width = 1000;
    private const int Height = 180;
    private static readonly string[] Colours = ["#2563eb", "#d97706", "#6b7280"];

    public static void WriteTable(ReplayedResults replayed, ReplayData data, TextWriter output)
    {
        var (app, results, model) = replayed;
        if (app is not null) output.WriteLine(app);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{data.Length} steps of {DurationText.Format(data.Step)} from {data.Start:yyyy-MM-dd HH:mm} UTC; load {model.Load}, "
                + $"{Expression.Format(model.Capacity)} per instance, start-up {DurationText.Format(model.Startup)}, "
                + $"objective {model.Objective:0.##%}"));
        var rows = Rows(results, model);
        var first = rows.Max(row => row[0].Length);
        var widths = results.Select((_, i) => rows.Max(row => row[i + 1].Length)).ToArray();
        foreach (var row in rows)
        {
            output.WriteLine((row[0].PadRight(first) + string.Concat(row.Skip(1)
                .Select((cell, i) => "  " + (i < widths.Length ? cell.PadLeft(widths[i]) : cell)))).TrimEnd());
        }

        output.WriteLine(Assumed(data));
    }

    /// <summary>What is taken of the way from a load to a decision.</summary>
    private static string Assumed(ReplayData data) =>
        (data.Lag == TimeSpan.Zero ? "decided on what was recorded at that moment"
            : $"decided on what was {DurationText.Format(data.Lag)} before (--lag)")
        + "; what follows the utilization, and any share, is 100% at most; "
        + "an instance serves once it has started, and takes all of its cpu until then";

    public static string Html(IReadOnlyList<ReplayedResults> replayed, ReplayData data)
    {
        var html = new StringBuilder();
        html.Append("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Policy replay</title><style>")
            .Append(
                "body{font:14px/1.5 system-ui,sans-serif;max-width:1040px;margin:2em auto;padding:0 1em;color:#111;"
                + "background:#fff}")
            .Append(
                "table{border-collapse:collapse}th,td{padding:.25em 1em .25em 0;text-align:right;border-bottom:1px solid #e5e7eb}"
                + "th:first-child,td:first-child{text-align:left}")
            .Append(
                "svg{width:100%;height:auto;background:#f9fafb;border:1px solid #e5e7eb}"
                + "h2{font-size:1.05em;margin:1.5em 0 .4em}.key{margin-right:1.2em;white-space:nowrap}")
            .Append(
                "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}svg{background:#1a1a1a;border-color:#333}th,td{border-color:#333}}</style></head><body>");
        html.Append("<h1>Policy replay</h1>");
        foreach (var one in replayed) Section(html, one, data);
        return html.Append("</body></html>\n").ToString();
    }

    private static void Section(StringBuilder html, ReplayedResults replayed, ReplayData data)
    {
        var (app, results, model) = replayed;
        if (app is not null) html.Append("<h1>").Append(Text(app)).Append("</h1>");
        html.Append("<p>").Append(Text(string.Create(
            CultureInfo.InvariantCulture,
            $"{data.Start:yyyy-MM-dd HH:mm} to {data.Start + (data.Length * data.Step):yyyy-MM-dd HH:mm} UTC in steps of "
                + $"{DurationText.Format(data.Step)}. Load: {model.Load}; one instance carries {Expression.Format(model.Capacity)} "
                + $"and starts in {DurationText.Format(model.Startup)}; the objective is a utilization of at most "
                + $"{model.Objective:0.##%}. {Assumed(data)}."))).Append("</p>");
        html.Append("<table>");
        foreach (var (row, i) in Rows(results, model).Select((row, i) => (row, i)))
        {
            html.Append("<tr>");
            foreach (var cell in row) html.Append(i == 0 ? "<th>" : "<td>").Append(Text(cell)).Append(i == 0 ? "</th>" : "</td>");
            html.Append("</tr>");
        }

        html.Append("</table>");
        Chart(html, "Load", [(model.Load, "#059669", data.Columns[model.Load])], double.NaN, data);
        Chart(html, "Instances",
            [.. results.Select((result, i) => (result.Name, Colours[i % Colours.Length],
                Array.ConvertAll(result.Instances, count => (double)count)))], double.NaN, data);
        Chart(html, "Utilization",
            [.. results.Select((result, i) => (result.Name, Colours[i % Colours.Length], result.Utilization))], model.Objective,
            data);
    }

    private static List<string[]> Rows(IReadOnlyList<ReplayResult> results, ReplayModel model)
    {
        var compare = results.Count >= 2 && results[1].Name != "recorded";
        List<string[]> rows = [];
        Add("", result => result.Name, null);
        Add("mean instances", result => Two(result.MeanInstances), result => result.MeanInstances);
        Add("most instances", result => Whole(result.PeakInstances), result => result.PeakInstances);
        Add("instance-hours", result => Two(result.InstanceHours), result => result.InstanceHours);
        Add("mean utilization", result => Percent(result.MeanUtilization), result => result.MeanUtilization);
        Add($"time over {model.Objective:0.##%}", result => DurationText.Format(result.Violation),
            result => result.Violation.TotalSeconds);
        Add("times over it", result => Whole(result.Violations), result => result.Violations);
        Add("load not carried", result => Percent(result.Unserved), result => result.Unserved);
        Add("scale-outs", result => Whole(result.ScaleOuts), result => result.ScaleOuts);
        Add("scale-ins", result => Whole(result.ScaleIns), result => result.ScaleIns);
        Add("flaps", result => Whole(result.Flaps), result => result.Flaps);
        return rows;

        void Add(string name, Func<ReplayResult, string> cell, Func<ReplayResult, double>? value)
        {
            string[] row = [name, .. results.Select(cell)];
            if (compare) row = [.. row, value is null ? "change" : Change(value(results[0]), value(results[1]))];
            rows.Add(row);
        }

        static string Two(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
        static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);
        static string Percent(double value) => double.IsNaN(value) ? "-" : value.ToString("0.##%", CultureInfo.InvariantCulture);
        static string Change(double from, double to) => from == to ? "=" : from == 0 || double.IsNaN(from) || double.IsNaN(to)
            ? (to > from ? "more" : "less")
            : ((to / from) - 1).ToString("+0.#%;-0.#%", CultureInfo.InvariantCulture);
    }

    /// <summary>One chart; of more samples than pixels each pixel shows the greatest.</summary>
    private static void Chart(StringBuilder html, string title, (string Name, string Colour, double[] Values)[] lines,
        double mark, ReplayData data)
    {
        var top = lines.SelectMany(line => line.Values).Where(value => !double.IsNaN(value)).DefaultIfEmpty(1).Max();
        top = Math.Max(double.IsNaN(mark) ? top : Math.Max(top, mark), 1e-9) * 1.05;
        html.Append("<h2>").Append(Text(title)).Append("</h2><div>");
        foreach (var (name, colour, _) in lines)
            html.Append("<span class=\"key\"><b style=\"color:").Append(colour).Append("\">&#9644;</b> ").Append(Text(name))
            .Append("</span>");
        html.Append(CultureInfo.InvariantCulture,
            $"</div><svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{Text(title)}\">");
        if (!double.IsNaN(mark))
        {
            html.Append(CultureInfo.InvariantCulture,
                $"<line x1=\"0\" x2=\"{Width}\" y1=\"{Y(mark):0.#}\" y2=\"{Y(mark):0.#}\" stroke=\"#dc2626\" stroke-dasharray=\"6 4\"/>");
        }

        foreach (var (_, colour, values) in lines)
        {
            html.Append("<path fill=\"none\" stroke-width=\"1.5\" stroke=\"").Append(colour).Append("\" d=\"");
            var pen = false;
            var points = Math.Min(Width, values.Length);
            for (var i = 0; i < points; i++)
            {
                var (from, to) = ((int)((long)i * values.Length / points), (int)((long)(i + 1) * values.Length / points));
                var value = double.NaN;
                for (var j = from; j < Math.Max(to, from + 1); j++)
                    if (!(values[j] <= value) && !double.IsNaN(values[j])) value = values[j];
                if (double.IsNaN(value))
                {
                    pen = false;
                    continue;
                }

                html.Append(CultureInfo.InvariantCulture, $"{(pen ? 'L' : 'M')}{i * (double)Width / points:0.#} {Y(value):0.#}");
                pen = true;
            }

            html.Append("\"/>");
        }

        html.Append(CultureInfo.InvariantCulture,
            $"<text x=\"4\" y=\"12\" font-size=\"11\" fill=\"#6b7280\">{Text(Expression.Format(top / 1.05))}</text>");
        html.Append(CultureInfo.InvariantCulture,
            $"<text x=\"4\" y=\"{Height - 4}\" font-size=\"11\" fill=\"#6b7280\">{data.Start:yyyy-MM-dd HH:mm}</text>");
        html.Append(CultureInfo.InvariantCulture,
            $"<text x=\"{Width - 4}\" y=\"{Height - 4}\" font-size=\"11\" fill=\"#6b7280\" text-anchor=\"end\">{data.Start + (data.Length * data.Step):yyyy-MM-dd HH:mm}</text></svg>");

        double Y(double value) => Height - 2 - (value / top * (Height - 4));
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
