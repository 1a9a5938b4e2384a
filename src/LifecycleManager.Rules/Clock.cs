namespace LifecycleManager.Rules;

/// <summary>
/// The time of the decision: one fact in each round. Rules go by it and not by the machine's clock, so that tests and replays
/// of the past decide alike.
/// </summary>
/// <param name="now">The instant of the decision.</param>
public sealed class Clock(DateTimeOffset now)
{
    /// <summary>The instant of the decision, in UTC.</summary>
    public DateTimeOffset Now { get; } = now.ToUniversalTime();

    /// <summary>The same instant by the clocks of a zone.</summary>
    /// <param name="zone">The zone's IANA name: <c>Europe/London</c>.</param>
    /// <exception cref="TimeZoneNotFoundException">There is no such zone.</exception>
    public DateTimeOffset In(string zone) => TimeZoneInfo.ConvertTime(Now, TimeZoneInfo.FindSystemTimeZoneById(zone));

    /// <summary>What people read.</summary>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Now:u}");
}
