using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Documents;

/// <summary>
/// Where the scheduler's state is. An app's versions are under its path and a <c>:</c>, which no path contains, so that those of
/// <c>/a</c> and of <c>/a/b</c> stay apart.
/// </summary>
internal static class SchedulerKeys
{
    public const string Prefix = "scheduler/";
    public const string Schema = Prefix + "schema";
    public const string Framework = Prefix + "framework";
    public const string Clock = Prefix + "clock";
    public const string CountLease = Prefix + "count-lease";

    /// <summary>By which schedulers that share the state prove to each other whose call they pass on.</summary>
    public const string CallerKey = Prefix + "caller-key";

    public const string Delays = Prefix + "delays/";
    public const string Apps = Prefix + "apps/";
    public const string Groups = Prefix + "groups";
    public const string Instances = Prefix + "instances/";
    public const string Deployments = Prefix + "deployments/";
    public const string Versions = Prefix + "versions/";
    public const string History = Prefix + "history/";

    public static string App(AppId app) => Apps + app.Path.TrimStart('/');

    public static string Delay(AppId app) => Delays + app.Path.TrimStart('/');

    public static string Instance(string taskId) => Instances + taskId;

    public static string Deployment(string id) => Deployments + id;

    public static string VersionsOf(AppId app) => $"{Versions}{app.Path.TrimStart('/')}:";

    public static string Version(AppId app, DateTimeOffset version) => VersionsOf(app) + Timestamps.Write(version);

    public static string Change(DateTimeOffset version) => History + Timestamps.Write(version);
}
