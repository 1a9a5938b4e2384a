using System.CommandLine;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Definitions;
using LifecycleManager.Cli.Commands.Operating.Deployments;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands.Operating.Apps;

/// <summary><c>lcm app deploy</c> and <c>lcm app diff</c></summary>
internal static class AppDeploy
{
    public static Command Deploy(Settings settings)
    {
        var file = FileArgument();
        var dryRun = Setting.Flag(settings, "--dry-run", "Only show what would change");
        var command = new Command("deploy",
            "Makes or changes apps as a file defines them: shows what changes, changes it and waits for it. What the file leaves "
            + "out stays as it is.")
        {
            file, dryRun,
        };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        var change = new DeploymentOptions(command, settings);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var wanted = await ReadAsync(parse.GetValue(file)!, stop);
            var changed = await CompareAsync(scheduler, wanted, stop);
            var printer = cluster.Printer(parse);
            var only = parse.GetValue(dryRun);
            if (only || printer.Format == OutputFormat.Table) Write(printer, changed);
            var sent = changed.Where(app => app.IsNew || app.Changes.Count > 0).ToList();
            if (only || sent.Count == 0) return;
            var query = change.Query(parse);
            var (path, body) = sent is [var one] ? (AppIds.Path(one.Id), one.Wanted)
                : ("/v2/apps", (JsonNode)new JsonArray([.. sent.Select(app => app.Wanted)]));
            await change.RunAsync(
                parse, scheduler, printer, HttpMethod.Put, path + query, body, [.. sent.Select(app => app.Id)], stop);
        }, "lcm app deploy web.yml", "lcm app deploy web.json --dry-run");
    }

    public static Command Diff(Settings settings)
    {
        var file = FileArgument();
        var command = new Command("diff",
            "Shows what a file would change of apps, and changes nothing; 2 is the exit code where something differs.") { file };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var changed = await CompareAsync(scheduler, await ReadAsync(parse.GetValue(file)!, stop), stop);
            Write(cluster.Printer(parse), changed);
            return changed.Any(app => app.IsNew || app.Changes.Count > 0) ? ExitStatus.Found : ExitStatus.Success;
        }, "lcm app diff web.yml", "lcm app diff web.yml || lcm app deploy web.yml");
    }

    /// <summary>What versions of one app differ by, in words for a terminal.</summary>
    public static Compared Compare(string id, JsonObject? current, JsonObject wanted, bool isWhole = false) => new(
        id, wanted, current is null, DefinitionDiff.Of(current, wanted, isWhole), (string?)current?["countOwner"]);

    /// <summary>Writes what changes, in the format that is asked for.</summary>
    public static void Write(Printer printer, IReadOnlyList<Compared> changed) => printer.Show(
        new JsonArray([.. changed.Select(app => new JsonObject
        {
            ["id"] = app.Id,
            ["new"] = app.IsNew,
            ["changes"] = new JsonArray([.. app.Changes.Select(change => new JsonObject
            {
                ["path"] = change.Path,
                ["was"] = change.Was?.DeepClone(),
                ["will"] = change.Will?.DeepClone(),
            })]),
        })]), changed.Where(app => app.IsNew || app.Changes.Count > 0).Select(app => app.Id), () =>
        {
            foreach (var app in changed)
                DiffText.Write(printer.Terminal, app.Id, app.IsNew, app.Changes, change =>
                    change.Path == "instances" && app.Owner is { } owner ? $"stays: the count is owned by {owner}" : null);
        });

    private static Argument<string> FileArgument() =>
        new("file") { Description = "An app, or a list of apps, as JSON or YAML; - reads it from standard input" };

    private static async Task<IReadOnlyList<JsonObject>> ReadAsync(string path, CancellationToken stop)
    {
        var read = await DefinitionFile.ReadAsync(path, stop);
        List<JsonNode?> all = read is JsonArray many ? [.. many] : [read];
        if (all.Count == 0) throw new CliException($"{path} lists no apps");
        return [.. all.Select(node =>
        {
            var app = node as JsonObject ?? throw new CliException($"{path} lists something that is no app");
            if (app.ContainsKey("containers"))
                throw new CliException($"{path} defines a pod: 'lcm pod deploy {path}' takes it");
            if (app.ContainsKey("apps") || app.ContainsKey("groups"))
                throw new CliException($"{path} defines a group: 'lcm group deploy {path}' takes it");
            return (JsonObject)app.DeepClone();
        })];
    }

    private static async Task<IReadOnlyList<Compared>> CompareAsync(
        Endpoint scheduler, IReadOnlyList<JsonObject> wanted, CancellationToken stop)
    {
        var compared = new List<Compared>();
        foreach (var app in wanted)
        {
            if (app["id"] is not JsonValue given || !given.TryGetValue<string>(out var text))
                throw new CliException("an app has no id: it needs one, such as \"id\": \"/shop/web\"");
            var id = AppIds.Check(text);
            if (compared.Any(other => other.Id == id)) throw new CliException($"{id} is there twice");
            app["id"] = id;
            var current = await scheduler.FindAsync(AppIds.Path(id), stop);
            compared.Add(Compare(id, current?["app"] as JsonObject, app));
        }

        return compared;
    }

    /// <summary>A definition beside what is there.</summary>
    /// <param name="Id">The app.</param>
    /// <param name="Wanted">The definition.</param>
    /// <param name="IsNew">Whether there is no such app.</param>
    /// <param name="Changes">The differences.</param>
    /// <param name="Owner">Who owns the count; null for whoever sends one.</param>
    public sealed record Compared(string Id, JsonObject Wanted, bool IsNew, IReadOnlyList<Change> Changes, string? Owner);
}
