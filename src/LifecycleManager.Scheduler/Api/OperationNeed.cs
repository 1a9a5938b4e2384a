using LifecycleManager.Security;

namespace LifecycleManager.Scheduler.Api;

/// <summary>What the caller of an operation needs.</summary>
/// <param name="OfApps">
/// What of the apps: at least this of each that is changed; of a reading operation, <see cref="GroupPermission.View"/> of each
/// that is shown. Null where permissions on some apps are not enough.
/// </param>
/// <param name="ShowsNoApp">Whether it is for every known caller.</param>
internal sealed record OperationNeed(GroupPermission? OfApps, bool ShowsNoApp = false);

/// <summary>The needs that there are.</summary>
internal static class Needs
{
    /// <summary>The cluster's permission to view or to operate.</summary>
    public static readonly OperationNeed Cluster = new(OfApps: null);

    /// <summary>Nothing: it shows nothing of any app.</summary>
    public static readonly OperationNeed NoApp = new(OfApps: null, ShowsNoApp: true);

    /// <summary>Shows what may be seen.</summary>
    public static readonly OperationNeed View = new(GroupPermission.View);

    /// <summary>Changes counts; and more, which is asked about where it is known.</summary>
    public static readonly OperationNeed Scale = new(GroupPermission.Scale);

    /// <summary>Changes apps, restarts and ends them.</summary>
    public static readonly OperationNeed Deploy = new(GroupPermission.Deploy);
}
