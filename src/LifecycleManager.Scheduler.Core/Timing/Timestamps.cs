using System.Globalization;

namespace LifecycleManager.Scheduler.Core.Timing;

/// <summary>Timestamps as Marathon writes them: ISO 8601 in UTC with milliseconds, <c>2026-11-24T18:00:00.000Z</c>.</summary>
internal static class Timestamps
{
    private const string Format = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>As text.</summary>
    public static string Write(DateTimeOffset instant) => instant.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);

    /// <summary>From text that <see cref="Write"/> gave.</summary>
    /// <exception cref="FormatException">The text is no instant.</exception>
    public static DateTimeOffset Read(string text) =>
        DateTimeOffset.Parse(text, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);

    /// <summary>Without what is finer than a millisecond, so that it survives being written.</summary>
    public static DateTimeOffset Truncate(DateTimeOffset instant) =>
        new(instant.UtcTicks - (instant.UtcTicks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
}
