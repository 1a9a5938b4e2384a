namespace LifecycleManager.Decisions.Schedules;

/// <summary>One instant.</summary>
internal sealed class OnceRecurrence(DateTimeOffset at, string text) : Recurrence
{
    /// <inheritdoc />
    public override string Text => text;

    /// <summary>Reads a local time, or one with its offset.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static OnceRecurrence Parse(string text, TimeZoneInfo zone) => LocalTimes.TryParse(text, zone, out var at)
        ? new OnceRecurrence(at, text)
        : throw new FormatException($"'{text}' is not a date and time");

    /// <inheritdoc />
    public override DateTimeOffset? Next(DateTimeOffset after) => at > after ? at : null;
}
