using System.CommandLine;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands.Operating.Policies;

/// <summary><c>lcm override</c></summary>
internal static class OverrideCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "override";

    private const int MaxInstances = 1_000_000;

    public static Command Create(Settings settings) =>
        new(Name, "Sets the count of an app that a policy governs, until an end, and gives it back.")
        {
            List(settings), Set(settings), End(settings),
        };

    private static Command List(Settings settings)
    {
        var command = new Command("list", "Lists the counts that persons have set in place of policies'.");
        var cluster = new ClusterOptions(command, settings, Asked.Manager);
        return command.Does(async (parse, stop) =>
        {
            using var manager = cluster.At(parse, Asked.Manager);
            Write(cluster.Printer(parse), await manager.GetAsync("/v1/overrides", stop));
        }, "lcm override list", "lcm override list --output json");
    }

    private static Command Set(Settings settings)
    {
        var app = AppIds.Argument();
        var count = new Argument<int>("instances") { Description = "How many" };
        var until = Setting.Of<string?>(settings, "--until",
            "Until when: 2h, or 2026-11-24T19:00:00Z [default: until it is ended]", Values.Text, () => null);
        var reason = Reason();
        var command = new Command("set", "Has an app have this count, whatever its policy wants, until the end that is said.")
        {
            app, count, until, reason,
        };
        var cluster = new ClusterOptions(command, settings, Asked.Manager | Asked.Scheduler);
        return command.Does(async (parse, stop) =>
        {
            var wanted = parse.GetValue(count);
            if (wanted is < 0 or > MaxInstances) throw new CliException($"{wanted}: 0 to {MaxInstances} instances can be had");
            using var scheduler = cluster.Scheduler(parse);
            var id = await AppIds.FindAsync(scheduler, parse.GetValue(app)!, stop);
            using var manager = cluster.At(parse, Asked.Manager);
            var body = Said(new JsonObject
            {
                ["instances"] = wanted,
                ["until"] = parse.GetValue(until),
                ["reason"] = parse.GetValue(reason),
            });
            Write(cluster.Printer(parse),
                await manager.SendAsync(HttpMethod.Post, Path(id), body, stop) ?? new JsonObject());
        }, "lcm override set /shop/web 10 --until 2h --reason \"a sale\"", "lcm override set web 0");
    }

    private static Command End(Settings settings)
    {
        var app = AppIds.Argument();
        var command = new Command("end", "Gives the count of an app back to its policy.") { app };
        var cluster = new ClusterOptions(command, settings, Asked.Manager | Asked.Scheduler);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var id = await AppIds.FindAsync(scheduler, parse.GetValue(app)!, stop);
            using var manager = cluster.At(parse, Asked.Manager);
            Write(cluster.Printer(parse), await manager.SendAsync(HttpMethod.Delete, Path(id), null, stop) ?? new JsonObject());
        }, "lcm override end /shop/web", "lcm override list --output name | xargs -n1 lcm override end");
    }

    /// <summary>Why something is done, for whoever asks later.</summary>
    public static Option<string?> Reason() => new("--reason") { Description = "Why; it is shown with it" };

    /// <summary>What is said of a body, without what is not.</summary>
    public static JsonObject Said(JsonObject body)
    {
        foreach (var (name, _) in body.Where(field => field.Value is null).ToList()) body.Remove(name);
        return body;
    }

    private static string Path(string id) => ManagerHttp.OfApp(id, "override");

    private static void Write(Printer printer, JsonNode answer)
    {
        var all = (answer["overrides"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        printer.List(answer, all.Select(one => $"{one["app"]}"), () =>
        {
            var table = new Table("APP", "INSTANCES", "UNTIL", "BY", "REASON");
            foreach (var one in all)
                table.Add($"{one["app"]}", $"{one["instances"]}", $"{one["until"]}", $"{one["by"]}", $"{one["reason"]}");
            return table;
        });
    }
}
