using System.Globalization;

namespace LifecycleManager.Console.Components;

/// <summary>Instants for people: with date and zone, the same for everybody who talks about them.</summary>
internal static class PageTimes
{
    /// <summary>An instant, as <c>2026-11-30 15:44:08 UTC</c>.</summary>
    public static string Written(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>An ISO 8601 text as an instant; null where it is none.</summary>
    public static DateTimeOffset? Read(string? text) => DateTimeOffset.TryParse(
        text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;

    /// <summary>How long ago something was, as <c>12 s ago</c>.</summary>
    public static string Ago(DateTimeOffset at, DateTimeOffset now)
    {
        var ago = now - at;
        return ago switch
        {
            { TotalSeconds: < 1 } => "now",
            { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{ago.TotalSeconds:0} s ago"),
            { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{ago.TotalMinutes:0} min ago"),
            { TotalDays: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{ago.TotalHours:0} h ago"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{ago.TotalDays:0} d ago"),
        };
    }
}
