using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>Reads when a schedule fires: <c>once</c>, <c>cron</c>, <c>every</c>, or <c>rrule</c> with its <c>start</c>.</summary>
internal sealed class WhenSection(ProblemSink problems, TimeZoneInfo zone)
{
    private const int MostDates = 1_000;
    private static readonly string[] Kinds = ["once", "cron", "every", "rrule"];
    private static readonly string[] OfRules = ["start", "exdate", "rdate"];

    /// <summary>When it fires; null where that is not said, or wrong.</summary>
    public Recurrence? Read(MapReader map)
    {
        var given = Kinds.Where(map.Keys.Contains).ToList();
        foreach (var key in Kinds.Concat(OfRules)) map.Find(key);
        if (given.Count != 1)
        {
            problems.Error(map.Map, $"{map.What} needs {(given.Count == 0 ? "a time" : "just one time")}",
                "one of " + string.Join(", ", Kinds), "when");
            return null;
        }

        if (given[0] != "rrule" && Array.Find(OfRules, map.Keys.Contains) is { } of)
            problems.Error(map.KeyOf(of), $"'{of}' goes with 'rrule' alone", null, "when");
        return given[0] switch
        {
            "once" => Parse(map, "once", OnceRecurrence.Parse, "once: 2026-12-24T18:00"),
            "cron" => Parse(map, "cron", CronRecurrence.Parse, "second minute hour day month weekday: '0 30 1 * * ?'"),
            "every" => Parse(map, "every", IntervalRecurrence.Parse, "every: R/2026-01-01T00:00/P1D"),
            _ => ReadRule(map),
        };
    }

    private Recurrence? Parse(MapReader map, string key, Func<string, TimeZoneInfo, Recurrence> parse, string hint)
    {
        if (map.Text(key) is not { } text) return null;
        try
        {
            return parse(text.Trim(), zone);
        }
        catch (FormatException e)
        {
            problems.Error(map.Find(key)!, e.Message, hint, key);
            return null;
        }
    }

    private RuleRecurrence? ReadRule(MapReader map)
    {
        if (map.Need("start", "start: 2026-01-05T09:00, the first day and the time of day") is not { } node) return null;
        var start = Local(node, "start");
        var (without, with) = (Dates(map, "exdate"), Dates(map, "rdate"));
        if (start is null || map.Text("rrule") is not { } text) return null;
        try
        {
            return RuleRecurrence.Parse(text.Trim(), start.Value, zone, without, with);
        }
        catch (FormatException e)
        {
            problems.Error(map.Find("rrule")!, e.Message, "rrule: FREQ=WEEKLY;BYDAY=MO", "rrule");
            return null;
        }
    }

    private List<DateTimeOffset> Dates(MapReader map, string key)
    {
        var dates = new List<DateTimeOffset>();
        if (map.Find(key) is not { } node) return dates;
        foreach (var item in node is YamlList list ? list.Items : [node])
        {
            if (dates.Count == MostDates)
            {
                problems.Error(item, $"'{key}' has at most {MostDates} times", null, "too-many");
                break;
            }

            if (Instant(item, key) is { } date) dates.Add(date);
        }

        return dates;
    }

    private DateTimeOffset? Instant(YamlNode node, string key) =>
        Local(node, key) is not null && LocalTimes.TryParse(((YamlScalar)node).Value.Trim(), zone, out var instant) ? instant
            : null;

    private DateTime? Local(YamlNode node, string key)
    {
        if (node is YamlScalar { IsNull: false } scalar && LocalTimes.TryParseLocal(scalar.Value.Trim(), zone, out var local))
            return local;
        problems.Error(node, $"'{key}' must be a date and time, not {node.Kind}", $"{key}: 2026-01-05T09:00", "type");
        return null;
    }
}
