using System.CommandLine;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Deployments;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands.Operating.Apps;

/// <summary><c>lcm app scale</c>, <c>restart</c>, <c>suspend</c> and <c>stop</c></summary>
internal static class AppChanges
{
    private const int MaxInstances = 1_000_000;

    public static Command Scale(Settings settings)
    {
        var app = AppIds.Argument();
        var count = new Argument<int>("instances")
        {
            Description = "How many: a number, 0 or more",
            CustomParser = result => Parse(result.Tokens[^1].Value, result.AddError),
        };
        var command = new Command("scale",
            "Sets the count of an app's instances. Where a policy owns the count, it holds until the policy's next decision.")
        {
            app, count,
        };
        return Change(command, settings, app, (parse, id) =>
            (HttpMethod.Put, AppIds.Path(id), new JsonObject { ["instances"] = parse.GetValue(count) }),
            "lcm app scale /shop/web 5", "lcm app scale web 3 --no-wait");
    }

    public static Command Restart(Settings settings)
    {
        var app = AppIds.Argument();
        var command = new Command("restart", "Replaces all instances of an app, within its upgrade strategy.") { app };
        return Change(command, settings, app, (_, id) => (HttpMethod.Post, AppIds.Path(id) + "/restart", null),
            "lcm app restart /shop/web", "lcm app restart web --force");
    }

    public static Command Suspend(Settings settings)
    {
        var app = AppIds.Argument();
        var command = new Command("suspend",
            "Ends all instances of an app and keeps its definition; no policy starts it again: 'lcm app scale' does.") { app };
        return Change(command, settings, app, (_, id) =>
            (HttpMethod.Put, AppIds.Path(id), new JsonObject { ["instances"] = 0 }),
            "lcm app suspend /shop/web", "lcm app suspend web --reason \"it floods the database\"");
    }

    public static Command Stop(Settings settings)
    {
        var app = AppIds.Argument();
        var yes = Setting.Flag(settings, "--yes", "Do not ask whether it is meant");
        var command = new Command("stop",
            "Ends all instances of an app and deletes it with its versions; 'lcm app suspend' keeps it.") { app, yes };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        var change = new DeploymentOptions(command, settings);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var id = await AppIds.FindAsync(scheduler, parse.GetValue(app)!, stop);
            var printer = cluster.Printer(parse);
            await scheduler.GetAsync(AppIds.Path(id), stop);
            printer.Terminal.Confirm(parse.GetValue(yes), $"{id} is deleted with all its versions");
            await change.RunAsync(parse, scheduler, printer, HttpMethod.Delete,
                AppIds.Path(id) + change.Query(parse), null, [id], stop);
        }, "lcm app stop /shop/web --yes", "lcm app stop web --yes --no-wait");
    }

    private static Command Change(
        Command command, Settings settings, Argument<string> app,
        Func<ParseResult, string, (HttpMethod Method, string Path, JsonNode? Body)> call, params string[] examples)
    {
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        var change = new DeploymentOptions(command, settings);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var id = await AppIds.FindAsync(scheduler, parse.GetValue(app)!, stop);

            // A PUT would make what is not there.
            await scheduler.GetAsync(AppIds.Path(id), stop);
            var (method, path, body) = call(parse, id);
            await change.RunAsync(
                parse, scheduler, cluster.Printer(parse), method, path + change.Query(parse), body, [id], stop);
        }, examples);
    }

    private static int Parse(string text, Action<string> wrong)
    {
        try
        {
            return Values.Count(0, MaxInstances)(text);
        }
        catch (FormatException e)
        {
            wrong($"instances {text}: {e.Message}");
            return 0;
        }
    }
}
