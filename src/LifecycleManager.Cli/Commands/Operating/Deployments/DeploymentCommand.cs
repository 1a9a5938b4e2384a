using System.CommandLine;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Cli.Commands.Operating.Deployments;

/// <summary><c>lcm deployment</c>: changes on their way.</summary>
internal static class DeploymentCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "deployment";

    public static Command Create(Settings settings) =>
        new(Name, "Lists, follows, promotes and takes back the deployments under way.")
        {
            List(settings), Watch(settings), Rollback(settings), Promote(settings),
        };

    private static Command List(Settings settings)
    {
        var command = new Command("list", "Lists the deployments under way: what they change, and their step.");
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var answer = await scheduler.GetAsync("/v2/deployments", stop);
            var deployments = scheduler.As(answer, MarathonJson.Default.IReadOnlyListDeployment);
            cluster.Printer(parse).List(answer, deployments.Select(deployment => deployment.Id), () =>
            {
                var table = new Table("ID", "CHANGES", "STEP", "SINCE", "RESTS");
                foreach (var deployment in deployments)
                    table.Add(deployment.Id, string.Join(", ", DeploymentText.Affected(deployment)),
                        DeploymentText.Step(deployment), Times.Ago(deployment.Version, TimeProvider.System),
                        deployment.Paused?.Message);
                return table;
            });
        }, "lcm deployment list", "lcm deployment list --output name | xargs -n1 lcm deployment watch");
    }

    private static Command Watch(Settings settings)
    {
        var id = Id();
        var command = new Command("watch", "Waits for the end of a deployment; 3 is the exit code of one that fails.") { id };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler, withOutput: false);
        var change = new DeploymentOptions(command, settings, changes: false);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            await change.WatchAsync(parse, scheduler, cluster.Printer(parse), parse.GetValue(id)!, stop);
        }, "lcm deployment watch 867ed450-f6a8-4d33-9b0e-e11c5513990b", "lcm deployment watch ID --wait-limit 5m");
    }

    private static Command Rollback(Settings settings)
    {
        var id = Id();
        var leave = Setting.Flag(settings, "--leave", "Only end it: its apps stay as they are by now");
        var command = new Command("rollback", "Takes the apps of a deployment under way back to what they were.") { id, leave };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        var change = new DeploymentOptions(command, settings, changes: false);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var path = $"/v2/deployments/{Uri.EscapeDataString(parse.GetValue(id)!)}";
            var under = scheduler.As(await scheduler.GetAsync(path, stop), MarathonJson.Default.Deployment);
            await change.RunAsync(parse, scheduler, cluster.Printer(parse), HttpMethod.Delete,
                path + (parse.GetValue(leave) ? "?force=true" : ""), null, [.. DeploymentText.Affected(under)], stop);
        }, "lcm deployment rollback 867ed450-f6a8-4d33-9b0e-e11c5513990b", "lcm deployment rollback ID --leave");
    }

    private static Command Promote(Settings settings)
    {
        var id = Id();
        var full = Setting.Flag(settings, "--full", "End all further stages too");
        var force = Setting.Flag(settings, "--force", "Also where the new version is not healthy");
        var command = new Command("promote", "Lets a deployment that rests after a stage go on.") { id, full, force };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var query = string.Join('&', ((string?[])[
                parse.GetValue(full) ? "full=true" : null, parse.GetValue(force) ? "force=true" : null]).OfType<string>());
            var answer = await scheduler.SendAsync(HttpMethod.Post,
                $"/v2/deployments/{Uri.EscapeDataString(parse.GetValue(id)!)}/promote{(query.Length > 0 ? "?" + query : "")}",
                null, stop) ?? new JsonObject();
            var printer = cluster.Printer(parse);
            printer.Show(answer, [parse.GetValue(id)!], () => printer.Terminal.Line($"deployment {parse.GetValue(id)} goes on"));
        }, "lcm deployment promote 867ed450-f6a8-4d33-9b0e-e11c5513990b", "lcm deployment promote ID --full");
    }

    private static Argument<string> Id() => new("id") { Description = "The deployment's id: lcm deployment list" };
}
