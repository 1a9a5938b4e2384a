using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Definitions;
using LifecycleManager.Cli.Commands.Operating.Deployments;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Cli.Commands.Operating.Groups;

/// <summary><c>lcm pod</c></summary>
internal static class PodCommands
{
    /// <summary>Its name.</summary>
    public const string Name = "pod";

    public static Command Create(Settings settings) =>
        new(Name, "Lists, shows, deploys and ends pods: containers that run together.")
        {
            List(settings), Show(settings), Deploy(settings), Stop(settings),
        };

    private static Command List(Settings settings)
    {
        var command = new Command("list", "Lists all pods, their state and how many instances they have.");
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var answer = await scheduler.GetAsync("/v2/pods::status", stop);
            var pods = scheduler.As(answer, MarathonJson.Default.IReadOnlyListPodStatus);
            cluster.Printer(parse).List(answer, pods.Select(pod => pod.Id), () =>
            {
                var table = new Table("POD", "STATE", "INSTANCES", "CONTAINERS", "SINCE");
                foreach (var pod in pods)
                    table.Add(pod.Id, pod.Status.ToLowerInvariant(),
                        (pod.Instances?.Count ?? 0).ToString(CultureInfo.InvariantCulture),
                        string.Join(", ", (pod.Spec.Containers ?? []).Select(container => container.Name)),
                        Times.Ago(pod.StatusSince, TimeProvider.System));
                return table;
            });
        }, "lcm pod list", "lcm pod list --output name");
    }

    private static Command Show(Settings settings)
    {
        var id = Argument();
        var command = new Command("show", "Shows a pod's instances, where they are and how.") { id };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var pod = AppIds.Check(parse.GetValue(id)!);
            var answer = await scheduler.GetAsync($"/v2/pods{pod}::status", stop);
            cluster.Printer(parse).List(answer, [pod], () =>
            {
                var table = new Table("INSTANCE", "STATE", "HOST", "SINCE", "WHY");
                foreach (var instance in (answer["instances"] as JsonArray ?? []).OfType<JsonObject>())
                    table.Add($"{instance["id"]}", $"{instance["status"]}".ToLowerInvariant(), $"{instance["agentHostname"]}",
                        Times.Ago((string?)instance["statusSince"], TimeProvider.System), $"{instance["message"]}");
                return table;
            });
        }, "lcm pod show /shop/pair", "lcm pod show /shop/pair --output yaml");
    }

    private static Command Deploy(Settings settings)
    {
        var file = new Argument<string>("file") { Description = "A pod as JSON or YAML; - reads it from standard input" };
        var command = new Command("deploy", "Makes or changes a pod as a file defines it, and waits for it.") { file };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        var change = new DeploymentOptions(command, settings);
        return command.Does(async (parse, stop) =>
        {
            var read = await DefinitionFile.ReadAsync(parse.GetValue(file)!, stop);
            if (read is not JsonObject pod || (string?)pod["id"] is not { } given || !pod.ContainsKey("containers"))
                throw new CliException($"{parse.GetValue(file)} defines no pod: it needs an id and containers");
            var id = AppIds.Check(given);
            pod["id"] = id;
            using var scheduler = cluster.Scheduler(parse);
            var isThere = await scheduler.FindAsync("/v2/pods" + id, stop) is not null;
            await change.RunAsync(parse, scheduler, cluster.Printer(parse), isThere ? HttpMethod.Put : HttpMethod.Post,
                (isThere ? "/v2/pods" + id : "/v2/pods") + change.Query(parse), pod, [], stop);
        }, "lcm pod deploy pair.yml", "lcm pod deploy pair.json --no-wait");
    }

    private static Command Stop(Settings settings)
    {
        var id = Argument();
        var yes = Setting.Flag(settings, "--yes", "Do not ask whether it is meant");
        var command = new Command("stop", "Ends all instances of a pod and deletes it.") { id, yes };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        var change = new DeploymentOptions(command, settings);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var pod = AppIds.Check(parse.GetValue(id)!);
            await scheduler.GetAsync("/v2/pods" + pod, stop);
            var printer = cluster.Printer(parse);
            printer.Terminal.Confirm(parse.GetValue(yes), $"{pod} is deleted with all its versions");
            await change.RunAsync(
                parse, scheduler, printer, HttpMethod.Delete, "/v2/pods" + pod + change.Query(parse), null, [], stop);
        }, "lcm pod stop /shop/pair --yes", "lcm pod stop /shop/pair --yes --no-wait");
    }

    private static Argument<string> Argument() => new("pod") { Description = "The pod's id, /shop/pair" };
}
