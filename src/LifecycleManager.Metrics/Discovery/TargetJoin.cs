using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Discovery;

/// <summary>Joins the targets of all sources.</summary>
internal static class TargetJoin
{
    /// <summary>
    /// By app. The scheduler's word comes first: what another source says of the same address of the same app adds nothing. An
    /// app that only other sources know exists too.
    /// </summary>
    public static Dictionary<string, (TargetApp App, List<Target> Targets)> Join(
        TargetSnapshot? scheduler, IEnumerable<IReadOnlyList<Target>> others)
    {
        var joined = new Dictionary<string, (TargetApp App, List<Target> Targets)>(StringComparer.Ordinal);
        foreach (var app in scheduler?.Apps.Values ?? []) joined[app.Id] = (app, []);
        foreach (var target in scheduler?.Targets ?? []) joined[target.App].Targets.Add(target);
        foreach (var target in others.SelectMany(targets => targets))
        {
            if (!joined.TryGetValue(target.App, out var app))
                joined.Add(target.App, app = (new TargetApp(target.App, AppMetricsLabels.None), []));
            if (!app.Targets.Exists(known =>
                known.Id == target.Id || (known.Host == target.Host && known.Ports.Contains(target.Ports[0]))))
                app.Targets.Add(target);
        }

        return joined;
    }
}
