using LifecycleManager.Decisions.Schedules;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>
/// Reads the days of a schedule: a word, a list of them, or a mapping with <c>only</c> and <c>except</c>. What ends in
/// <c>.ics</c> is a calendar file, beside the rule file.
/// </summary>
/// <param name="problems">Where problems go.</param>
/// <param name="zone">The zone of the days.</param>
/// <param name="calendars">The calendar files; null where none may be read.</param>
internal sealed class DaySection(ProblemSink problems, TimeZoneInfo zone, CalendarShelf? calendars)
{
    private const int MostDays = 1_000;
    private readonly List<string> _texts = [];

    /// <summary>What was read of calendar files: another text of one is another schedule.</summary>
    public IReadOnlyList<string> Texts => _texts;

    /// <summary>The days; null for all.</summary>
    public DayFilter? Read(MapReader schedule)
    {
        if (schedule.Find("days") is not { } node) return null;
        if (node is not YamlMap) return new DayRule(ReadSets(node, "days"), []);
        var map = MapReader.AsMap(node, "'days'", problems)!;
        var only = map.Find("only") is { } some ? ReadSets(some, "only") : [];
        var except = map.Find("except") is { } others ? ReadSets(others, "except") : [];
        map.Done();
        if (!map.Keys.Contains("only") && !map.Keys.Contains("except"))
            problems.Error(node, "'days' says nothing", "days: { only: business, except: [ holidays.ics ] }", "days");
        return new DayRule(only, except);
    }

    private List<DaySet> ReadSets(YamlNode node, string key)
    {
        var sets = new List<DaySet>();
        var items = node is YamlList list ? list.Items : [node];
        if (items.Count == 0) problems.Error(node, $"'{key}' names no day", null, "days");
        foreach (var item in items.Take(MostDays))
        {
            if (item is not YamlScalar { IsNull: false } scalar)
                problems.Error(item, $"'{key}' takes days, not {item.Kind}", $"{key}: [ business, 2026-12-24, 12-25 ]", "type");
            else if (scalar.Value.EndsWith(".ics", StringComparison.OrdinalIgnoreCase)) AddCalendar(scalar, sets);
            else if (DaySet.Parse(scalar.Value.Trim()) is { } set) sets.Add(set);
            else
            {
                problems.Error(scalar, $"{scalar.Kind} is no day",
                    NearestName.Of(scalar.Value, DaySet.Words) is { } word ? $"did you mean '{word}'?"
                        : "business, weekend, mon, fri-sun, 2026-12-24, 12-25 (each year) or holidays.ics", "days");
            }
        }

        if (items.Count > MostDays)
            problems.Error(items[MostDays], $"'{key}' has at most {MostDays} days", "use a calendar file", "too-many");
        return sets;
    }

    private void AddCalendar(YamlScalar file, List<DaySet> sets)
    {
        if (calendars is null)
        {
            problems.Error(file,
                $"the calendar file '{file.Value}' cannot be read here: only rule files have calendars beside them",
                "list the days: [ 2026-12-24, 12-25 ]", "calendar");
            return;
        }

        if (Path.IsPathRooted(file.Value))
        {
            problems.Error(file, $"'{file.Value}' must be relative to the rule file", null, "calendar");
            return;
        }

        var path = Path.Combine(Path.GetDirectoryName(problems.File) ?? "", file.Value);
        if (path.Contains("..", StringComparison.Ordinal))
            path = Path.IsPathRooted(path) ? Path.GetFullPath(path) : Path.GetRelativePath(".", path);
        try
        {
            var (days, text) = calendars.Get(path, zone);
            _texts.Add(text);
            sets.Add(new DaySet(file.Value, days.Includes));
        }
        catch (CalendarException e)
        {
            problems.Error(file, $"{path}:{e.Line}: {e.Message}", null, "calendar");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            problems.Error(file, $"the calendar file '{file.Value}' cannot be read: {e.Message}",
                "its path is relative to the rule file", "calendar");
        }
    }
}
