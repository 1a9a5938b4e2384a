using System.CommandLine;
using System.Globalization;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Cli.Commands.Operating.Apps;

/// <summary><c>lcm app list</c></summary>
internal static class AppListing
{
    public static Command List(Settings settings)
    {
        var label = Setting.Of<string?>(settings, "--label", "Only apps with these labels: tier==web,team in (a, b)",
            Values.Text, () => null);
        var id = Setting.Of<string?>(settings, "--id", "Only apps whose id contains this", Values.Text, () => null);
        var command = new Command(
            "list", "Lists all apps: how many instances each wants and has, and what it does.") { label, id };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var query = "?embed=apps.counts&embed=apps.deployments"
                + (parse.GetValue(label) is { } labels ? "&label=" + Uri.EscapeDataString(labels) : "")
                + (parse.GetValue(id) is { } part ? "&id=" + Uri.EscapeDataString(part) : "");
            var answer = await scheduler.GetAsync("/v2/apps" + query, stop);
            var apps = scheduler.As(answer, MarathonJson.Default.AppList).Apps;
            cluster.Printer(parse).List(answer, apps.Select(app => app.Id).OfType<string>(), () =>
            {
                var table = new Table("APP", "STATE", "WANTED", "RUNNING", "HEALTHY", "CPUS", "MEM", "COUNT OWNER", "CHANGED");
                foreach (var app in apps.OrderBy(app => app.Id, StringComparer.Ordinal))
                    table.Add(app.Id, State(app), Count(app.Instances), Count(app.TasksRunning), Healthy(app),
                        Times.Amount(app.Cpus), Times.Amount(app.Mem), app.CountOwner,
                        Times.Ago(app.VersionInfo?.LastConfigChangeAt ?? app.Version, TimeProvider.System));
                return table;
            });
        }, "lcm app list --label team==shop", "lcm app list --output name | xargs -n1 lcm app restart");
    }

    /// <summary>One word for how an app is.</summary>
    public static string State(App app)
    {
        var (wanted, running) = (app.Instances ?? 0, app.TasksRunning ?? 0);
        return app.Deployments is { Count: > 0 } ? "deploying"
            : app.CountSuspended == true || (wanted == 0 && running == 0) ? "suspended"
            : app.TasksUnhealthy > 0 ? "unhealthy"
            : running < wanted ? "waiting"
            : "running";
    }

    /// <summary>How many are healthy; a dash where nobody looks.</summary>
    public static string Healthy(App app) => app.HealthChecks is { Count: > 0 } ? Count(app.TasksHealthy) : "-";

    private static string Count(int? count) => (count ?? 0).ToString(CultureInfo.InvariantCulture);
}
