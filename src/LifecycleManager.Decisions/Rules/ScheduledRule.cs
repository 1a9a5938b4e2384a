using Quartz;

namespace LifecycleManager.Decisions.Rules;

/// <summary>A rule that acts by the clock. Not for several threads at once: it remembers the last answer.</summary>
public sealed class ScheduledRule
{
    private readonly CronExpression _from;
    private readonly CronExpression? _until;
    private bool _active;
    private DateTimeOffset _knownFrom = DateTimeOffset.MaxValue;
    private DateTimeOffset _knownTo = DateTimeOffset.MinValue;
    private DateTimeOffset _seen = DateTimeOffset.MaxValue;
    private DateTimeOffset _next = DateTimeOffset.MinValue;

    internal ScheduledRule(string policy, string rule, CronExpression from, CronExpression? until, TimeZoneInfo zone)
    {
        (Policy, Rule, _from, _until, Zone) = (policy, rule, from, until, zone);
    }

    /// <summary>The policy's name.</summary>
    public string Policy { get; }

    /// <summary>The rule's name.</summary>
    public string Rule { get; }

    /// <summary>When the window opens: Quartz' cron notation, with seconds.</summary>
    public string Cron => _from.CronExpressionString;

    /// <summary>When the window closes; null for a rule that acts once at each firing.</summary>
    public string? Until => _until?.CronExpressionString;

    /// <summary>The zone of both.</summary>
    public TimeZoneInfo Zone { get; }

    /// <summary>When the rule next opens, closes or fires after a time; null for never.</summary>
    public DateTimeOffset? NextChange(DateTimeOffset after)
    {
        var opens = _from.GetNextValidTimeAfter(after);
        if (_until is null) return opens;
        var closes = _until.GetNextValidTimeAfter(after);
        // While the window is open another opening changes nothing.
        if (IsOpen(opens, closes)) return closes;
        return opens;
    }

    /// <summary>
    /// Whether the window is open at a time: it closes next before it opens again. Never without <see cref="Until"/>.
    /// </summary>
    public bool IsActive(DateTimeOffset at)
    {
        if (_until is null) return false;
        if (at >= _knownFrom && at < _knownTo) return _active;
        var (opens, closes) = (_from.GetNextValidTimeAfter(at), _until.GetNextValidTimeAfter(at));
        _active = IsOpen(opens, closes);
        _knownFrom = at;
        // Until the nearer of both nothing can change; an instant itself belongs to what it starts.
        _knownTo = Earlier(opens ?? DateTimeOffset.MaxValue, closes ?? DateTimeOffset.MaxValue);
        return _active;
    }

    /// <summary>The newest firing after a time and not after another; null for none.</summary>
    internal DateTimeOffset? Firing(DateTimeOffset after, DateTimeOffset to)
    {
        if (after < _seen || after >= _next)
        {
            _seen = after;
            _next = _from.GetNextValidTimeAfter(after) ?? DateTimeOffset.MaxValue;
        }

        return _next <= to ? _next : null;
    }

    private static bool IsOpen(DateTimeOffset? opens, DateTimeOffset? closes) =>
        closes is not null && (opens is null || closes < opens);

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
