using System.CommandLine;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands.Operating.Policies;

/// <summary><c>lcm pause</c></summary>
internal static class PauseCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "pause";

    private static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    public static Command Create(Settings settings) =>
        new(Name, "Holds what policies do with an app, or with every app, for a time; 'lcm policy stop' holds all changes.")
        {
            List(settings), Set(settings), End(settings),
        };

    private static Command List(Settings settings)
    {
        var command = new Command("list", "Lists what is held.");
        var cluster = new ClusterOptions(command, settings, Asked.Manager);
        return command.Does(async (parse, stop) =>
        {
            using var manager = cluster.At(parse, Asked.Manager);
            Write(cluster.Printer(parse), await manager.GetAsync("/v1/pauses", stop));
        }, "lcm pause list", "lcm pause list --output json");
    }

    private static Command Set(Settings settings)
    {
        var app = App();
        var what = What(settings);
        var time = Setting.Of<TimeSpan?>(settings, "--for", "For how long: 2h [default: until it is ended]",
            text => Values.Time(TimeSpan.FromSeconds(1), Longest)(text), () => null);
        var reason = OverrideCommand.Reason();
        var command = new Command("set", "Holds the scaling of an app, or of every app.") { app, what, time, reason };
        return Change(command, settings, app, "/v1/pause", parse => new JsonObject
        {
            ["what"] = parse.GetValue(what),
            ["seconds"] = parse.GetValue(time)?.TotalSeconds,
            ["reason"] = parse.GetValue(reason),
        }, "lcm pause set /shop/web --for 2h --reason \"an incident\"", "lcm pause set --what scaleIn");
    }

    private static Command End(Settings settings)
    {
        var app = App();
        var what = What(settings);
        var command = new Command("end", "Lets the scaling of an app, or of every app, go on.") { app, what };
        return Change(command, settings, app, "/v1/resume", parse => new JsonObject { ["what"] = parse.GetValue(what) },
            "lcm pause end /shop/web", "lcm pause end");
    }

    private static Command Change(
        Command command, Settings settings, Argument<string?> app, string path, Func<ParseResult, JsonObject> body,
        params string[] examples)
    {
        var cluster = new ClusterOptions(command, settings, Asked.Manager | Asked.Scheduler);
        return command.Does(async (parse, stop) =>
        {
            var said = body(parse);
            if (parse.GetValue(app) is { } given)
            {
                using var scheduler = cluster.Scheduler(parse);
                said["app"] = await AppIds.FindAsync(scheduler, given, stop);
            }

            using var manager = cluster.At(parse, Asked.Manager);
            Write(cluster.Printer(parse),
                await manager.SendAsync(HttpMethod.Post, path, OverrideCommand.Said(said), stop) ?? new JsonObject());
        }, examples);
    }

    private static Argument<string?> App() => new("app")
    {
        Description = "The app's id, /shop/web; or its end, web, where one app alone has it [default: every app]",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static Option<string> What(Settings settings) => Setting.Of(settings, "--what", "all, scaleIn or scaleOut",
        text => text is "all" or "scaleIn" or "scaleOut" ? text : throw new FormatException("all, scaleIn or scaleOut is needed"),
        () => "all", "all");

    private static void Write(Printer printer, JsonNode answer)
    {
        var all = (answer["pauses"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        printer.List(answer, all.Select(one => $"{one["app"] ?? "every app"}"), () =>
        {
            var table = new Table("APP", "WHAT", "UNTIL", "REASON");
            foreach (var one in all)
                table.Add($"{one["app"] ?? "every app"}", $"{one["what"]}", $"{one["until"]}", $"{one["reason"]}");
            return table;
        });
    }
}
