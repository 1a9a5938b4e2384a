using System.Globalization;
using System.Text.Json;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary>Writes the manager's explanation for people.</summary>
internal static class ExplainText
{
    private const int MostSamples = 20;

    public static void Write(JsonElement answer, TextWriter output)
    {
        output.WriteLine(Text(answer, "summary"));
        var app = answer.GetProperty("app");
        var bounds = Text(app, "min") is { } min ? $", {min} to {Text(app, "max")} instances" : "";
        output.WriteLine($"policy {Text(app, "policy")}{bounds}");
        if (app.TryGetProperty("scaleInHeld", out var hold))
            output.WriteLine($"scale-in is held until {Time(hold, "until")}: {Text(hold, "why")}");
        if (app.TryGetProperty("scaleOutHeld", out hold))
            output.WriteLine($"scale-out is held until {Time(hold, "until")}: {Text(hold, "why")}");
        if (app.TryGetProperty("stopped", out var stop))
        {
            output.WriteLine(
                $"all changes are stopped since {Time(stop, "since")} by {Text(stop, "by") ?? "hand"} {Text(stop, "reason")}"
                    .TrimEnd());
        }

        if (app.TryGetProperty("paused", out var pause))
            output.WriteLine($"paused: {Text(pause, "what")} {Text(pause, "reason")}".TrimEnd());
        if (app.TryGetProperty("override", out var order))
        {
            output.WriteLine(
                $"overridden: {Text(order, "instances")} until {Time(order, "until")} {Text(order, "reason")}".TrimEnd());
        }

        if (answer.TryGetProperty("evaluation", out var evaluation))
        {
            // Every rule is told, also why one asks for nothing; on old records are only those that asked for something.
            foreach (var rule in answer.TryGetProperty("opinions", out _)
                ? Items(answer, "opinions") : Items(evaluation, "recommendations"))
            {
                var taken = Text(rule, "rule") == Text(evaluation, "rule") ? "*" : " ";
                var count = Text(rule, "count") is { } asked ? $"{asked} instances, " : "";
                output.WriteLine($"  {taken} {Text(rule, "rule")}: {count}{Text(rule, "reason")}");
            }

            foreach (var step in Items(evaluation, "adjustments"))
                output.WriteLine($"  > {Text(step, "by")}: {Text(step, "from")} to {Text(step, "to")}, {Text(step, "reason")}");
            foreach (var link in Items(evaluation, "chain"))
            {
                var lost = Text(link, "outcome") is { } outcome ? $" ({outcome})" : "";
                output.WriteLine($"  ~ {Text(link, "app")} {Text(link, "effect")}{lost}, by {Text(link, "by")}, "
                    + $"{Text(link, "rule")}: {Text(link, "why")}");
            }
        }

        if (app.TryGetProperty("startup", out var startup))
        {
            output.WriteLine($"start-up {Text(startup, "seconds")} s ({Text(startup, "source")}, "
                + $"{Text(startup, "starts")} starts measured)");
        }

        foreach (var metric in Items(answer, "metrics")) WriteMetric(metric, output);
        var recent = Items(answer, "recent").ToList();
        if (recent.Count > 0) output.WriteLine("decisions");
        foreach (var record in recent)
        {
            var what = Text(record, "kind") == "hold" ? $"{Text(record, "from")} stays"
                : $"{Text(record, "from")} to {Text(record, "to")}";
            output.WriteLine($"  {Time(record, "at")}  {what,-9} {Text(record, "outcome"),-9} {Text(record, "reason")}");
        }
    }

    private static void WriteMetric(JsonElement metric, TextWriter output)
    {
        var (value, absence) = (Text(metric, "value"), Text(metric, "absence") ?? "missing");
        if (value is null || absence != "missing")
            value = $"{(value is null ? "" : value + ", ")}{absence}: {Text(metric, "missing") ?? "no reason is kept"}";
        var thresholds = string.Join(", ", Items(metric, "thresholds").Select(Number));
        var against = thresholds.Length > 0 ? $" against {thresholds}" : "";
        var of = Text(metric, "instances") is { } all and not "0" ? $", {Text(metric, "reporting")} of {all} instances" : "";
        var newest = metric.TryGetProperty("newestSample", out _) ? $", newest sample {Time(metric, "newestSample")}" : "";
        output.WriteLine($"metric {Text(metric, "metric")} {value}{Range(metric)}{against}{of}{newest}");
        if (Text(metric, "note") is { } note) output.WriteLine($"    the source remarks: {note}");
        var samples = Items(metric, "samples").ToList();
        foreach (var sample in samples.Take(MostSamples))
        {
            var ready = Text(sample, "ready") == "true" ? "" : " (not ready)";
            output.WriteLine($"    {Text(sample, "instance")}  {Text(sample, "value") ?? Text(sample, "missing")}{ready}");
        }

        if (samples.Count > MostSamples) output.WriteLine($"    and {samples.Count - MostSamples} more: --format json has them");
        var history = Items(metric, "history").ToList();
        if (history.Count > 1)
            output.WriteLine($"    before: {string.Join("  ", history.Select(point => Number(point.GetProperty("value"))))}");
    }

    // What the instances that are silent could still make of it.
    private static string Range(JsonElement metric) => (Text(metric, "low"), Text(metric, "high")) switch
    {
        var (low, high) when low == high => "",
        (var low, null) => $" (at least {low})",
        (null, var high) => $" (at most {high})",
        var (low, high) => $" ({low} to {high})",
    };

    private static JsonElement.ArrayEnumerator Items(JsonElement of, string name) =>
        of.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : default;

    private static string? Text(JsonElement of, string name) => !of.TryGetProperty(name, out var value)
        ? null : value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => Number(value),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            _ => null,
        };

    private static string Number(JsonElement value) => value.GetDouble().ToString("G6", CultureInfo.InvariantCulture);

    private static string Time(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.TryGetDateTimeOffset(out var time)
            ? time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)
            : "?";
}
