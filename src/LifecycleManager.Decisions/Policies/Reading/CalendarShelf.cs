using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>The calendars of one rule file: each is read and reckoned once, however many schedules name it.</summary>
/// <param name="read">Reads a file by its path.</param>
internal sealed class CalendarShelf(Func<string, string> read)
{
    private readonly Dictionary<string, (string Text, CalendarFile File)> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Path, string Zone), CalendarDays> _days = [];

    /// <summary>The days of a file in a zone, and its text.</summary>
    /// <exception cref="CalendarException">It is no calendar.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public (CalendarDays Days, string Text) Get(string path, TimeZoneInfo zone)
    {
        if (!_files.TryGetValue(path, out var file))
        {
            var text = read(path);
            _files.Add(path, file = (text, CalendarFile.Parse(text)));
        }

        if (!_days.TryGetValue((path, zone.Id), out var days))
            _days.Add((path, zone.Id), days = new CalendarDays(file.File, zone));
        return (days, file.Text);
    }
}
