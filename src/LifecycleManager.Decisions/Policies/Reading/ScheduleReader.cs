using System.Security.Cryptography;
using System.Text;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Schedules;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>Reads scheduled scaling jobs.</summary>
/// <param name="problems">Where problems go.</param>
/// <param name="calendars">Reads a calendar file by its path; null where no file may be read.</param>
internal sealed class ScheduleReader(ProblemSink problems, Func<string, string>? calendars)
{
    private const int MostInstances = 1_000_000;
    private const int MostSchedules = 10_000;
    private static readonly TimeSpan LongestMisfire = TimeSpan.FromDays(31);
    private static readonly string[] Limits = ["latest", "for"];
    private readonly CalendarShelf? _calendars = calendars is null ? null : new CalendarShelf(calendars);

    /// <summary>The schedules of a document. Where there are errors they are not whole.</summary>
    public List<ScalingSchedule> ReadAll(YamlNode document)
    {
        var schedules = new List<ScalingSchedule>();
        if (MapReader.AsMap(document, "a document of schedules", problems) is not { } map) return schedules;
        if (map.Find("schedules") is not YamlList { Items: { Count: > 0 } items })
        {
            problems.Error(map.Find("schedules")!, $"'schedules' must be a list of schedules, not {map.Find("schedules")!.Kind}",
                "start each schedule with '- name: a name'", "type");
            return schedules;
        }

        map.Find("description");
        map.Done();
        if (items.Count > MostSchedules)
            problems.Error(items[MostSchedules], $"a document has at most {MostSchedules} schedules", null, "too-many");
        schedules.AddRange(items.Take(MostSchedules).Select(Read).OfType<ScalingSchedule>());
        return schedules;
    }

    /// <summary>One schedule; null where the node is none. Where there are errors it is not whole.</summary>
    public ScalingSchedule? Read(YamlNode node)
    {
        if (MapReader.AsMap(node, "a schedule", problems) is not { } map) return null;
        var name = map.Need("name", "name: a name") is { } named ? map.AsText(named, "name") : null;
        if (name is { Length: 0 or > 200 }) problems.Error(map.Find("name")!, "a name has 1 to 200 characters", null, "name");
        var app = map.Need("app", "app: /path/of/the/app") is { } selector
            ? new SelectorSection(problems, "app").Read(selector) : null;
        var zone = PolicyReader.ReadZone(map, problems) ?? TimeZoneInfo.Utc;
        var when = new WhenSection(problems, zone).Read(map);
        var days = new DaySection(problems, zone, _calendars);
        var schedule = new ScalingSchedule
        {
            Name = name ?? "?",
            Place = problems.Place(node),
            Description = map.Text("description"),
            App = app ?? new AppSelector(),
            When = when ?? Nothing,
            Zone = zone,
            Days = days.Read(map),
            Count = ReadCount(map),
            End = ReadEnd(map, zone),
            Misfire = ReadMisfire(map),
            Before = ReadHook(map, "before"),
            After = ReadHook(map, "after"),
            DryRun = map.Flag("dryRun") ?? false,
            Digest = Digest(node, days.Texts),
        };
        map.Done();
        if (schedule is { After: not null, End: null })
            problems.Error(map.KeyOf("after"), "'after' is never called: the schedule has no end", "give 'latest' or 'for'", "hook");
        return schedule;
    }

    /// <summary>Stands where the time is wrong, in a file that is refused.</summary>
    private static Recurrence Nothing { get; } = new OnceRecurrence(DateTimeOffset.MinValue, "never");

    /// <summary>Another text of a calendar file is another schedule.</summary>
    private static string Digest(YamlNode node, IReadOnlyList<string> calendars)
    {
        var digest = DocumentDigest.Of(node);
        if (calendars.Count == 0) return digest;
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', [digest, .. calendars]))))[..16];
    }

    private ScheduledCount ReadCount(MapReader map)
    {
        var (exactly, least, most) = (map.Integer("instances", 0, MostInstances), map.Integer("min", 0, MostInstances),
            map.Integer("max", 0, MostInstances));
        var (isExact, isBound) = (map.Keys.Contains("instances"), map.Keys.Contains("min") || map.Keys.Contains("max"));
        if (isExact == isBound)
        {
            problems.Error(map.Map, isExact ? $"{map.What} has a count and bounds" : $"{map.What} sets nothing",
                "give instances: 20, or min and max", "count");
        }

        if (least > most) problems.Error(map.Find("min")!, $"'min' {least} is more than 'max' {most}", null, "bounds");
        return new ScheduledCount(exactly, least, most);
    }

    private ScheduleEnd? ReadEnd(MapReader map, TimeZoneInfo zone)
    {
        var until = ReadCondition(map, zone);
        var latest = map.Text("latest") is { } text ? ReadLatest(map, text, zone) : null;
        var length = map.Duration("for", positive: true);
        var then = map.Integer("then", 0, MostInstances);
        if (Limits.Any(map.Keys.Contains)) return new ScheduleEnd(until, latest, length, then);
        const string Hint = "give latest: '05:00' or for: 4h";
        if (map.Keys.Contains("until"))
            problems.Error(map.KeyOf("until"), "'until' needs a latest end: a condition may never hold", Hint, "missing-key");
        else if (map.Keys.Contains("then"))
            problems.Error(map.KeyOf("then"), "'then' comes after an end, and there is none", Hint, "missing-key");
        return null;
    }

    private DailyRecurrence? ReadLatest(MapReader map, string text, TimeZoneInfo zone)
    {
        try
        {
            return DailyRecurrence.Parse(text, zone);
        }
        catch (FormatException)
        {
            problems.Error(map.Find("latest")!, $"'latest' must be a time of day, not '{text}'",
                DurationText.TryParse(text, out _) ? $"for: {text}" : "latest: '05:00'", "type");
            return null;
        }
    }

    private MetricCondition? ReadCondition(MapReader map, TimeZoneInfo zone)
    {
        var metrics = MetricSection.Read(map, problems);
        var defined = metrics.Select(metric => metric.Metric).ToList();
        var table = new ScheduleReads(defined);
        var condition = map.Find("until") is { } node
            ? new ExpressionReader(problems, table).Read(node, "until", ExpressionCompiler.Condition) : null;
        if (condition is { IsConstant: true })
            problems.Error(map.Find("until")!, $"'{condition.Text}' never changes", "compare a metric: queue == 0", "expression");
        foreach (var (metric, key) in metrics.Where(metric => !table.Used.Contains(metric.Metric.Name)))
            problems.Warning(key, $"'until' does not use the metric '{metric.Name}'", null, "unused-metric");
        return condition is null ? null : new MetricCondition(condition, table.Reads, defined, zone);
    }

    /// <summary>Reads <c>fire</c>, <c>skip</c> or <c>fire within 1h</c>.</summary>
    private MisfirePolicy ReadMisfire(MapReader map)
    {
        const string Within = "fire within ";
        if (map.Find("misfire") is not { } node) return MisfirePolicy.Default;
        var text = node is YamlScalar scalar ? scalar.Value.Trim() : "";
        if (text == "fire") return MisfirePolicy.Default;
        if (text == "skip") return new MisfirePolicy(MisfireKind.Skip, TimeSpan.Zero);
        if (text.StartsWith(Within, StringComparison.Ordinal) && DurationText.TryParse(text.AsSpan(Within.Length), out var within)
            && within > TimeSpan.Zero && within <= LongestMisfire) return new MisfirePolicy(MisfireKind.Fire, within);
        problems.Error(node, $"'misfire' must be fire, skip or fire within 1h, not {node.Kind}",
            $"'fire' is within {DurationText.Format(MisfirePolicy.Default.Within)}, and at most {DurationText.Format(LongestMisfire)} "
                + "can be given", "type");
        return MisfirePolicy.Default;
    }

    private ScheduleHook? ReadHook(MapReader map, string key)
    {
        if (map.Find(key) is not { } node) return null;
        if (node is YamlScalar) return Url(node, key) is { } plain ? new ScheduleHook(plain, false) : null;
        if (MapReader.AsMap(node, $"'{key}'", problems) is not { } hook) return null;
        var url = hook.Need("url", "url: https://hooks.example/x") is { } at ? Url(at, key) : null;
        var required = hook.Flag("required") ?? false;
        hook.Done();
        if (key == "after" && hook.Keys.Contains("required"))
            problems.Error(hook.KeyOf("required"), "nothing waits for the hook 'after': it cannot be required", null, "hook");
        return url is null ? null : new ScheduleHook(url, required);
    }

    private Uri? Url(YamlNode node, string key)
    {
        if (node is YamlScalar { Value: { Length: <= 2000 } text } && Uri.TryCreate(text, UriKind.Absolute, out var url)
            && url.Scheme is "http" or "https") return url;
        problems.Error(node, $"'{key}' needs the address of a web hook, not {node.Kind}", "https://hooks.example/x", "hook");
        return null;
    }
}
