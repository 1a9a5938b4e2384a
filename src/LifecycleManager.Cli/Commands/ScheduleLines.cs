using System.Globalization;
using System.Text.Json.Nodes;

namespace LifecycleManager.Cli.Commands;

/// <summary>How <c>lcm schedule</c> shows what a manager says of schedules.</summary>
internal static class ScheduleLines
{
    private static readonly string[] ListColumns = ["NAME", "APP", "COUNT", "NEXT", "LAST", "STATE"];
    private static readonly string[] FireColumns = ["DUE", "OUTCOME", "COUNT", "APPS", "FIRE", "WHY"];

    /// <summary>All schedules, a line each.</summary>
    public static void WriteList(JsonNode answer, TextWriter output) => Write(output, ListColumns,
        [.. answer["jobs"]!.AsArray().Select(job => (string[])[
            Text(job!, "name"), Text(job!, "app"), Text(job!, "count"), Time(job!, "next"),
            job!["last"] is { } last ? $"{Text(last, "state")} {Time(last, "due")}" : "-", State(job!),
        ])]);

    /// <summary>One schedule with all that is known of it.</summary>
    public static void WriteOne(JsonNode answer, TextWriter output)
    {
        var job = answer["job"]!;
        foreach (var (name, value) in job.AsObject())
        {
            if (name != "last" && value is not null) output.WriteLine($"{name}: {value}");
        }

        output.WriteLine($"state: {State(job)}");
        WriteNext(answer, output);
        WriteFires([.. answer["open"]!.AsArray(), .. answer["history"]!.AsArray()], output);
    }

    /// <summary>The next fire times, a line each.</summary>
    public static void WriteNext(JsonNode answer, TextWriter output)
    {
        var skipped = answer["job"]?["skips"]?.ToString();
        foreach (var at in answer["next"]!.AsArray())
            output.WriteLine($"next: {Time(at)}{(at!.ToString() == skipped ? " (left out)" : "")}");
        if (answer["next"]!.AsArray().Count == 0) output.WriteLine("next: never");
    }

    /// <summary>The last fires, a line each.</summary>
    public static void WriteHistory(JsonNode answer, TextWriter output) =>
        WriteFires([.. answer["fires"]!.AsArray()], output);

    private static void WriteFires(IReadOnlyList<JsonNode?> fires, TextWriter output) => Write(output, FireColumns,
        [.. fires.Select(fire => (string[])[
            Time(fire!, "due"), Text(fire!, "state") + (fire!["dryRun"]?.GetValue<bool>() == true ? " (dry run)" : ""),
            Text(fire!, "count"), fire!["apps"]!.AsArray().Count.ToString(CultureInfo.InvariantCulture), Text(fire!, "id"),
            fire!["reason"] is null ? Text(fire, "asked") : Text(fire, "reason"),
        ])]);

    private static string State(JsonNode job) => job["problem"] is { } problem ? $"unreadable: {problem}"
        : job["pausedSince"] is not null ? $"paused{(job["pausedReason"] is { } why ? $": {why}" : "")}"
        : job["openUntil"] is { } until ? $"open until {Time(until)}"
        : job["skips"] is not null ? "leaves the next out"
        : job["next"] is null ? "over" : job["dryRun"]?.GetValue<bool>() == true ? "dry run" : "waits";

    private static string Text(JsonNode of, string name) => of[name]?.ToString() is { Length: > 0 } text ? text : "-";

    private static string Time(JsonNode of, string name) => of[name] is { } time ? Time(time) : "-";

    private static string Time(JsonNode? time) =>
        time!.GetValue<DateTimeOffset>().UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static void Write(TextWriter output, string[] columns, IReadOnlyList<string[]> lines)
    {
        List<string[]> rows = [columns, .. lines];
        var widths = columns.SkipLast(1).Select((_, column) => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
            output.WriteLine(string.Join("  ", [.. widths.Select((width, i) => row[i].PadRight(width)), row[^1]]));
    }
}
