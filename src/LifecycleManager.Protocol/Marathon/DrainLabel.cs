namespace LifecycleManager.Protocol.Marathon;

/// <summary>
/// The label <c>lcm.drain</c> of an app, which its tasks carry too: how long an instance that serves is kept out of discovery
/// and proxies before it is asked to end; seconds (<c>10</c>) or with a unit (<c>10s</c>, <c>2m</c>). Meanwhile it is shown as
/// <c>TASK_KILLING</c>, which is what Marathon's clients give no work to.
/// </summary>
public static class DrainLabel
{
    /// <summary>Its name.</summary>
    public const string Name = "lcm.drain";

    /// <summary>The longest time: an hour.</summary>
    public static readonly TimeSpan Max = TimeSpan.FromHours(1);
}
