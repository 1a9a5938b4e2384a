using System.CommandLine;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Deployments;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Cli.Commands.Operating.Apps;

/// <summary><c>lcm app versions</c> and <c>lcm app rollback</c></summary>
internal static class AppVersions
{
    public static Command List(Settings settings)
    {
        var app = AppIds.Argument();
        var command = new Command("versions", "Lists the versions of an app that are kept, the newest first.") { app };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var id = await AppIds.FindAsync(scheduler, parse.GetValue(app)!, stop);
            var answer = await scheduler.GetAsync(AppIds.Path(id) + "/versions", stop);
            var versions = scheduler.As(answer, MarathonJson.Default.VersionList).Versions;
            cluster.Printer(parse).List(answer, versions, () =>
            {
                var table = new Table("VERSION", "MADE", "IS");
                for (var i = 0; i < versions.Count; i++)
                    table.Add(versions[i], Times.Ago(versions[i], TimeProvider.System) + " ago", i == 0 ? "the present one" : "");
                return table;
            });
        }, "lcm app versions /shop/web", "lcm app versions web --output name | head -2");
    }

    public static Command Rollback(Settings settings)
    {
        var app = AppIds.Argument();
        var to = Setting.Of<string?>(settings, "--to", "The version: lcm app versions", Values.Text, () => null,
            "the one before the present one");
        var dryRun = Setting.Flag(settings, "--dry-run", "Only show what would change");
        var command = new Command("rollback",
            "Takes an app back to a version: shows what changes, changes it and waits for it.") { app, to, dryRun };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        var change = new DeploymentOptions(command, settings);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var id = await AppIds.FindAsync(scheduler, parse.GetValue(app)!, stop);
            var current = (JsonObject)(await scheduler.GetAsync(AppIds.Path(id), stop))["app"]!;
            var (version, old) = parse.GetValue(to) is { } wanted
                ? (wanted, await VersionAsync(scheduler, id, wanted, stop)) : await BeforeAsync(scheduler, id, current, stop);
            var printer = cluster.Printer(parse);
            var only = parse.GetValue(dryRun);
            if (only || printer.Format == OutputFormat.Table)
                AppDeploy.Write(printer, [AppDeploy.Compare(id, current, old, isWhole: true)]);
            if (only) return;
            await change.RunAsync(parse, scheduler, printer, HttpMethod.Put, AppIds.Path(id) + change.Query(parse),
                new JsonObject { ["version"] = version }, [id], stop);
        }, "lcm app rollback /shop/web", "lcm app rollback web --to 2026-11-24T19:00:00.000Z");
    }

    private static async Task<JsonObject> VersionAsync(Endpoint scheduler, string id, string version, CancellationToken stop) =>
        (JsonObject)await scheduler.GetAsync($"{AppIds.Path(id)}/versions/{Uri.EscapeDataString(version)}", stop);

    /// <summary>The newest version that is another definition: one that only scales is no way back.</summary>
    private static async Task<(string Version, JsonObject Definition)> BeforeAsync(
        Endpoint scheduler, string id, JsonObject current, CancellationToken stop)
    {
        var versions = scheduler.As(
            await scheduler.GetAsync(AppIds.Path(id) + "/versions", stop), MarathonJson.Default.VersionList).Versions;
        foreach (var version in versions.Where(version => version != (string?)current["version"]))
        {
            var old = await VersionAsync(scheduler, id, version, stop);
            if (AppDeploy.Compare(id, current, old, isWhole: true).Changes.Any(change => change.Path != "instances"))
                return (version, old);
        }

        throw new CliException(
            $"no kept version of {id} has another definition: 'lcm app versions {id}' lists them", code: ExitStatus.NotFound);
    }
}
