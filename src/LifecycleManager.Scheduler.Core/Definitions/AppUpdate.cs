using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>
/// Lays a partial update over a definition, both in the canonical notation: a field that is set replaces the whole field. What
/// the update makes meaningless (the arguments of an app that gets a command, ports of a network that it leaves) goes with it.
/// </summary>
internal static class AppUpdate
{
    public static App Merge(App app, App update)
    {
        var networks = update.Networks ?? app.Networks;
        var leavesHost = update.Networks is [{ Mode: not NetworkNotation.Host }, ..];
        var entersHost = update.Networks is [{ Mode: NetworkNotation.Host }, ..];
        return app with
        {
            Cmd = update.Cmd ?? (update.Args is null ? app.Cmd : null),
            Args = update.Args ?? (update.Cmd is null ? app.Args : null),
            User = update.User ?? app.User,
            Env = update.Env ?? app.Env,
            Instances = update.Instances ?? app.Instances,
            Cpus = update.Cpus ?? app.Cpus,
            Mem = update.Mem ?? app.Mem,
            Disk = update.Disk ?? app.Disk,
            Gpus = update.Gpus ?? app.Gpus,
            Executor = update.Executor ?? app.Executor,
            Constraints = update.Constraints ?? app.Constraints,
            Fetch = update.Fetch ?? app.Fetch,
            PortDefinitions = update.PortDefinitions ?? (leavesHost ? null : app.PortDefinitions),
            RequirePorts = update.RequirePorts ?? app.RequirePorts,
            BackoffSeconds = update.BackoffSeconds ?? app.BackoffSeconds,
            BackoffFactor = update.BackoffFactor ?? app.BackoffFactor,
            MaxLaunchDelaySeconds = update.MaxLaunchDelaySeconds ?? app.MaxLaunchDelaySeconds,
            Container = update.Container ?? (entersHost ? app.Container is { } old ? old with { PortMappings = null } : null
                : app.Container),
            HealthChecks = update.HealthChecks ?? app.HealthChecks,
            ReadinessChecks = update.ReadinessChecks ?? app.ReadinessChecks,
            Dependencies = update.Dependencies ?? app.Dependencies,
            UpgradeStrategy = update.UpgradeStrategy ?? app.UpgradeStrategy,
            Labels = update.Labels ?? app.Labels,
            AcceptedResourceRoles = update.AcceptedResourceRoles ?? app.AcceptedResourceRoles,
            Networks = networks,
            Residency = update.Residency ?? app.Residency,
            Secrets = update.Secrets ?? app.Secrets,
            TaskKillGracePeriodSeconds = update.TaskKillGracePeriodSeconds ?? app.TaskKillGracePeriodSeconds,
            UnreachableStrategy = update.UnreachableStrategy ?? app.UnreachableStrategy,
            KillSelection = update.KillSelection ?? app.KillSelection,
            Tty = update.Tty ?? app.Tty,
            Role = update.Role ?? app.Role,
        };
    }
}
