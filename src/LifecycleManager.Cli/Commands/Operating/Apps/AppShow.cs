using System.CommandLine;
using System.Globalization;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Cli.Commands.Operating.Apps;

/// <summary><c>lcm app show</c></summary>
internal static class AppShow
{
    private const string Embeds = "?embed=app.counts&embed=app.tasks&embed=app.deployments&embed=app.lastTaskFailure";

    public static Command Create(Settings settings)
    {
        var app = AppIds.Argument();
        var command = new Command(
            "show", "Shows an app: what it is, its instances and where they are, its last failure.") { app };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var id = await AppIds.FindAsync(scheduler, parse.GetValue(app)!, stop);
            var answer = await scheduler.GetAsync(AppIds.Path(id) + Embeds, stop);
            var shown = scheduler.As(answer, MarathonJson.Default.AppAnswer).App;
            var printer = cluster.Printer(parse);
            printer.Show(answer["app"]!.DeepClone(), [id], () => Write(printer.Terminal, shown));
        }, "lcm app show /shop/web", "lcm app show web --output json | jq .tasks");
    }

    private static void Write(Terminal terminal, App app)
    {
        void Fact(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value)) terminal.Line($"{name + ":",-13}{value}");
        }

        Fact("app", app.Id);
        Fact("state", AppListing.State(app));
        Fact("instances", string.Create(CultureInfo.InvariantCulture,
            $"{app.Instances ?? 0} wanted, {app.TasksRunning ?? 0} running, {app.TasksStaged ?? 0} starting")
            + (app.HealthChecks is { Count: > 0 } ? $", {app.TasksHealthy ?? 0} healthy, {app.TasksUnhealthy ?? 0} unhealthy"
                : ""));
        Fact("count owner", app.CountOwner);
        Fact("size", $"{Times.Amount(app.Cpus)} cpus, {Times.Amount(app.Mem)} MB"
            + (app.Disk > 0 ? $", {Times.Amount(app.Disk)} MB of disk" : "") + (app.Gpus > 0 ? $", {app.Gpus} gpus" : ""));
        Fact("image", app.Container?.Docker?.Image);
        Fact("command", app.Cmd ?? (app.Args is { Count: > 0 } args ? string.Join(' ', args) : null));
        Fact("version", app.Version);
        Fact("changed", app.VersionInfo?.LastConfigChangeAt);
        Fact("scaled", app.VersionInfo?.LastScalingAt);
        Fact("depends on", app.Dependencies is { Count: > 0 } others ? string.Join(", ", others) : null);
        foreach (var (name, value) in app.Labels ?? new Dictionary<string, string>()) Fact("label", $"{name}={value}");
        foreach (var deployment in app.Deployments ?? [])
            Fact("deployment", $"{deployment.Id} ('lcm deployment watch {deployment.Id}')");
        if (app.LastTaskFailure is { } failure)
            Fact("last failure", $"{Times.Ago(failure.Timestamp, TimeProvider.System)} ago on {failure.Host}: "
                + $"{failure.State} {failure.Message} ('lcm app logs {app.Id} --task {failure.TaskId}')");
        if (app.Tasks is not { Count: > 0 } tasks) return;
        terminal.Output.WriteLine();
        terminal.Write(Instances(tasks));
    }

    /// <summary>The instances, a row each.</summary>
    public static Table Instances(IEnumerable<AppTask> tasks)
    {
        var table = new Table("INSTANCE", "STATE", "HEALTH", "HOST", "PORTS", "SINCE", "VERSION");
        foreach (var task in tasks.OrderBy(task => task.Id, StringComparer.Ordinal))
            table.Add(task.Id, State(task), Health(task), task.Host, string.Join(',', task.Ports ?? []),
                Times.Ago(task.StartedAt ?? task.StagedAt, TimeProvider.System), task.Version);
        return table;
    }

    private static string State(AppTask task) =>
        (task.State ?? "").Replace("TASK_", "", StringComparison.Ordinal).ToLowerInvariant();

    private static string? Health(AppTask task) => task.HealthCheckResults is not { Count: > 0 } results ? null
        : results.FirstOrDefault(result => !result.Alive) is { } bad ? $"unhealthy: {bad.LastFailureCause}" : "healthy";
}
