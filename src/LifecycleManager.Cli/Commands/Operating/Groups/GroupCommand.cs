using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Definitions;
using LifecycleManager.Cli.Commands.Operating.Deployments;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands.Operating.Groups;

/// <summary><c>lcm group</c></summary>
internal static class GroupCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "group";

    public static Command Create(Settings settings) =>
        new(Name, "Lists, deploys and ends groups of apps and pods.") { List(settings), Deploy(settings), Stop(settings) };

    private static Command List(Settings settings)
    {
        var command = new Command("list", "Lists all groups, and how many apps and pods are in each.");
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var answer = await scheduler.GetAsync("/v2/groups?embed=group.groups&embed=group.apps&embed=group.pods", stop);
            var groups = Flat((JsonObject)answer).ToList();
            cluster.Printer(parse).List(answer, groups.Select(group => $"{group["id"]}"), () =>
            {
                var table = new Table("GROUP", "APPS", "PODS", "DEPENDS ON", "CHANGED");
                foreach (var group in groups)
                    table.Add($"{group["id"]}", Count(group, "apps"), Count(group, "pods"),
                        string.Join(", ", Items(group, "dependencies").Select(other => $"{other}")),
                        Times.Ago((string?)group["version"], TimeProvider.System));
                return table;
            });
        }, "lcm group list", "lcm group list --output name");
    }

    private static Command Deploy(Settings settings)
    {
        var file = new Argument<string>("file") { Description = "A group as JSON or YAML; - reads it from standard input" };
        var dryRun = Setting.Flag(settings, "--dry-run", "Only show the steps of the deployment that it would be");
        var command = new Command(
            "deploy", "Makes or changes a group and all that is in it, in one deployment.") { file, dryRun };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        var change = new DeploymentOptions(command, settings);
        return command.Does(async (parse, stop) =>
        {
            var read = await DefinitionFile.ReadAsync(parse.GetValue(file)!, stop);
            if (read is not JsonObject group || (string?)group["id"] is not { } given)
                throw new CliException($"{parse.GetValue(file)} defines no group: it needs an id, such as \"id\": \"/shop\"");
            var path = "/v2/groups" + AppIds.Check(given);
            using var scheduler = cluster.Scheduler(parse);
            var printer = cluster.Printer(parse);
            if (!parse.GetValue(dryRun))
            {
                await change.RunAsync(parse, scheduler, printer, HttpMethod.Put, path + change.Query(parse), group, [], stop);
                return;
            }

            var plan = await scheduler.SendAsync(HttpMethod.Put, path + change.Query(parse, "dryRun=true"), group, stop)
                ?? new JsonObject();
            printer.Show(plan, [], () =>
            {
                var steps = Items(plan, "steps").ToList();
                for (var i = 0; i < steps.Count; i++)
                    printer.Terminal.Line($"step {i + 1}: " + string.Join(", ", Items(steps[i]!, "actions")
                        .Select(action => $"{action!["action"] ?? action["type"]} {action["app"] ?? action["pod"]}")));
                if (steps.Count == 0) printer.Terminal.Line("nothing would change");
            });
        }, "lcm group deploy shop.yml", "lcm group deploy shop.yml --dry-run");
    }

    private static Command Stop(Settings settings)
    {
        var id = new Argument<string>("group") { Description = "The group's id, /shop" };
        var yes = Setting.Flag(settings, "--yes", "Do not ask whether it is meant");
        var command = new Command("stop", "Ends all apps and pods of a group and below it, and deletes them.") { id, yes };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        var change = new DeploymentOptions(command, settings);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var group = AppIds.Check(parse.GetValue(id)!);
            var found = Flat((JsonObject)await scheduler.GetAsync($"/v2/groups{group}", stop)).ToList();
            var printer = cluster.Printer(parse);
            printer.Terminal.Confirm(parse.GetValue(yes),
                $"{group} is deleted with {found.Sum(one => Items(one, "apps").Count() + Items(one, "pods").Count())} apps and "
                    + $"pods");
            await change.RunAsync(
                parse, scheduler, printer, HttpMethod.Delete, "/v2/groups" + group + change.Query(parse), null, [], stop);
        }, "lcm group stop /shop --yes", "lcm group stop /shop --yes --no-wait");
    }

    private static IEnumerable<JsonObject> Flat(JsonObject group) =>
        Items(group, "groups").OfType<JsonObject>().SelectMany(Flat).Prepend(group);

    private static IEnumerable<JsonNode?> Items(JsonNode of, string name) => of[name] as JsonArray ?? [];

    private static string Count(JsonObject group, string name) =>
        Items(group, name).Count().ToString(CultureInfo.InvariantCulture);
}
