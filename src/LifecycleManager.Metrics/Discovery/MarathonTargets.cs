using System.Globalization;
using LifecycleManager.Metrics.Targets;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Metrics.Discovery;

/// <summary>Turns a scheduler's answers into targets.</summary>
internal static class MarathonTargets
{
    /// <summary>Joins apps and tasks. Only running tasks with an address are targets.</summary>
    public static TargetSnapshot From(IReadOnlyList<App> apps, IReadOnlyList<AppTask> tasks)
    {
        var known = new Dictionary<string, TargetApp>(apps.Count, StringComparer.Ordinal);
        var checks = new Dictionary<string, App>(StringComparer.Ordinal);
        foreach (var app in apps)
        {
            if (app.Id is null) continue;
            known[app.Id] = new TargetApp(app.Id, AppMetricsLabels.Parse(app.Labels));
            checks[app.Id] = app;
        }

        var targets = new List<Target>(tasks.Count);
        foreach (var task in tasks)
        {
            if (task.State != "TASK_RUNNING" || !checks.TryGetValue(task.AppId, out var app)) continue;
            var (host, ports) = Address(app, task);
            if (host is null) continue;
            targets.Add(new Target(task.Id, task.AppId, host, ports, Instant(task.StartedAt), Health(app, task))
            {
                IsChecked = app.HealthChecks is { Count: > 0 },
                FirstHealthy = task.HealthCheckResults?.Max(result => Instant(result.FirstSuccess)),
            });
        }

        return new TargetSnapshot(known, targets);
    }

    // Host ports where there are some; else a network of its own, where the container's ports are reached at its own address.
    private static (string? Host, IReadOnlyList<int> Ports) Address(App app, AppTask task)
    {
        if (task.Ports.Count > 0) return (task.Host, task.Ports);
        var mappings = app.Container?.PortMappings ?? app.Container?.Docker?.PortMappings;
        if (task.IpAddresses is [var address, ..] && mappings is not null)
            return (address.IpAddress,
                [.. mappings.Where(mapping => mapping.ContainerPort > 0).Select(mapping => mapping.ContainerPort!.Value)]);
        return (task.Host, []);
    }

    private static bool? Health(App app, AppTask task)
    {
        if (app.HealthChecks is not { Count: > 0 } wanted) return true;
        if (task.HealthCheckResults is not { Count: > 0 } results) return null;
        // Until its first success an instance starts: that there is none yet is no verdict.
        if (results.Any(result => result is { Alive: false, FirstSuccess: not null })) return false;
        if (results.Any(result => !result.Alive)) return null;
        return results.Count >= wanted.Count ? true : null;
    }

    private static DateTimeOffset? Instant(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant)
            ? instant
            : null;
}
