using System.Globalization;
using System.Text.Json;

namespace LifecycleManager.Decisions.Tests.Schedules;

/// <summary>Vectors of other implementations, <c>Data/calendars</c>, and how they write times.</summary>
internal static class Vectors
{
    public static string Path(string file) => System.IO.Path.Combine(AppContext.BaseDirectory, "Data", "calendars", file);

    public static IEnumerable<JsonElement> Read(string file) => File.ReadLines(Path(file))
        .Select(line => JsonDocument.Parse(line).RootElement);

    public static string Text(this JsonElement vector, string key) => vector.GetProperty(key).GetString()!;

    public static string? Find(this JsonElement vector, string key) =>
        vector.TryGetProperty(key, out var value) ? value.GetString() : null;

    public static TimeZoneInfo Zone(this JsonElement vector) => TimeZoneInfo.FindSystemTimeZoneById(vector.Text("zone"));

    /// <summary>
    /// <c>20260327T0230+01 20260328 20260329T0330+02</c>: local times with their offsets; what is missing is as in the one before.
    /// </summary>
    public static List<DateTimeOffset> Times(string text)
    {
        var times = new List<DateTimeOffset>();
        var (date, time, offset) = ("", "", TimeSpan.Zero);
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var sign = word.IndexOfAny(['+', '-', 'Z']);
            var local = sign < 0 ? word : word[..sign];
            if (sign >= 0 && word[sign] == 'Z') offset = TimeSpan.Zero;
            else if (sign >= 0)
            {
                var digits = word[(sign + 1)..].PadRight(4, '0');
                offset = new TimeSpan(Number(digits[..2]), Number(digits[2..]), 0) * (word[sign] == '-' ? -1 : 1);
            }

            if (local.IndexOf('T', StringComparison.Ordinal) is >= 0 and var t) (local, time) = (local[..t], local[(t + 1)..]);
            if (local.Length > 0) date = local;
            var parts = time.Split('.');
            var at = DateTime.ParseExact(date + parts[0].PadRight(6, '0'), "yyyyMMddHHmmss", CultureInfo.InvariantCulture);
            if (parts.Length > 1) at = at.AddTicks(Number(parts[1].PadRight(7, '0')));
            times.Add(new DateTimeOffset(at, offset).ToUniversalTime());
        }

        return times;

        static int Number(string digits) => int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary><c>1793518200 86400*9</c>: seconds since 1970, then differences.</summary>
    public static List<DateTimeOffset> Seconds(string text)
    {
        var (times, last) = (new List<DateTimeOffset>(), 0L);
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = word.Split('*');
            for (var i = parts.Length == 1 ? 1 : int.Parse(parts[1], CultureInfo.InvariantCulture); i > 0; i--)
                times.Add(DateTimeOffset.FromUnixTimeSeconds(last += long.Parse(parts[0], CultureInfo.InvariantCulture)));
        }

        return times;
    }

    /// <summary>The first fires after an instant.</summary>
    public static List<DateTimeOffset> Fires(this Decisions.Schedules.Recurrence recurrence, DateTimeOffset after, int most)
    {
        var fires = new List<DateTimeOffset>();
        while (fires.Count < most && recurrence.Next(after) is { } next)
        {
            Assert.True(next > after, $"{recurrence}: {next:O} is not after {after:O}");
            fires.Add(after = next);
        }

        return fires;
    }

    /// <summary>Reasons by the vectors that differ for them.</summary>
    public static Dictionary<string, string> Reasons(params (string Reason, string Ids)[] reasons) => reasons
        .SelectMany(one => one.Ids.Split(' ').Select(id => KeyValuePair.Create(id, one.Reason))).ToDictionary(StringComparer.Ordinal);

    public static string Show(IEnumerable<DateTimeOffset> times) =>
        string.Join(' ', times.Select(time => time.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)));
}
