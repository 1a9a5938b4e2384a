using System.Globalization;

namespace LifecycleManager.Cli.Commands.Operating.Output;

/// <summary>Instants and spans for people.</summary>
internal static class Times
{
    /// <summary>How long ago an instant was, in its largest unit: <c>5m</c>; null where there is none.</summary>
    public static string? Ago(string? instant, TimeProvider time) =>
        DateTimeOffset.TryParse(instant, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? Span(time.GetUtcNow() - at) : null;

    /// <summary>The same of seconds since 1970, as Mesos has them.</summary>
    public static string? Ago(double? seconds, TimeProvider time) => seconds is > 0
        ? Span(time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds.Value * 1000))) : null;

    /// <summary>A span in its largest unit; one that is negative, as clocks that differ make it, is 0s.</summary>
    public static string Span(TimeSpan span) => span switch
    {
        { TotalDays: >= 2 } => string.Create(CultureInfo.InvariantCulture, $"{(long)span.TotalDays}d"),
        { TotalHours: >= 2 } => string.Create(CultureInfo.InvariantCulture, $"{(long)span.TotalHours}h"),
        { TotalMinutes: >= 2 } => string.Create(CultureInfo.InvariantCulture, $"{(long)span.TotalMinutes}m"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, (long)span.TotalSeconds)}s"),
    };

    /// <summary>A number as people write it: <c>0.25</c>, <c>128</c>.</summary>
    public static string Amount(double? amount) => amount?.ToString("0.###", CultureInfo.InvariantCulture) ?? "-";
}
