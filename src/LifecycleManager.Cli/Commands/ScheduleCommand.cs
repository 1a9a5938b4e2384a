using System.CommandLine;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands;

/// <summary><c>lcm schedule</c>: the scheduled jobs of a running manager.</summary>
internal static class ScheduleCommand
{
    public static Command Create(Settings settings) =>
        new("schedule", "Lists, adds, pauses, runs and explains scheduled scaling jobs of the manager that leads.")
        {
            List(settings),
            Show(settings),
            Add(settings),
            Remove(settings),
            Do(settings, "pause", "Has a schedule's fire times pass until it is resumed.", takesReason: true),
            Do(settings, "resume", "Has a paused schedule fire again; what has passed is not made up for.", takesReason: false),
            Do(settings, "run", "Sets a fire of a schedule off now, and says its id.", takesReason: true),
            Do(settings, "skip", "Leaves a schedule's next fire time out, and says which.", takesReason: false),
            Next(settings),
            History(settings),
        };

    private static Command List(Settings settings)
    {
        var command = new Command("list",
            "Lists all schedules, of rule files and added ones: when each fires next, and how it went.");
        var client = new ScheduleClient(command, settings, withOutput: true);
        command.SetAction((parse, stop) => client.ShowAsync(parse, ScheduleClient.ListAsync, ScheduleLines.WriteList, stop));
        return command;
    }

    private static Command Show(Settings settings)
    {
        var name = Name();
        var command = new Command("show", "Shows a schedule: what it says, its next fire times, its last fires.") { name };
        var client = new ScheduleClient(command, settings, withOutput: true);
        command.SetAction((parse, stop) => client.ShowAsync(
            parse, ScheduleClient.Get(parse.GetValue(name)!, ""), ScheduleLines.WriteOne, stop));
        return command;
    }

    private static Command Next(Settings settings)
    {
        var name = Name();
        var count = Setting.Of(settings, "--count", "How many, 1 to 1000", Values.Count(1, 1_000), () => 10, "10");
        var command = new Command("next", "Shows the next fire times of a schedule.") { name, count };
        var client = new ScheduleClient(command, settings, withOutput: true);
        command.SetAction((parse, stop) => client.ShowAsync(
            parse, ScheduleClient.Get(parse.GetValue(name)!, $"?next={parse.GetValue(count)}"), ScheduleLines.WriteNext, stop));
        return command;
    }

    private static Command History(Settings settings)
    {
        var name = Name();
        var command = new Command(
            "history", "Shows the last fires of a schedule, newest first, and what became of them.") { name };
        var client = new ScheduleClient(command, settings, withOutput: true);
        command.SetAction((parse, stop) => client.ShowAsync(
            parse, ScheduleClient.Get(parse.GetValue(name)!, "/history"), ScheduleLines.WriteHistory, stop));
        return command;
    }

    private static Command Add(Settings settings)
    {
        var file = new Argument<string>("file") { Description = "The schedule, YAML or JSON; - reads it from standard input" };
        var replace = Setting.Flag(settings, "--replace", "Take the place of an added one of its name");
        var command = new Command("add", "Adds a schedule to the manager's own; those of rule files are added there.")
        {
            file, replace,
        };
        var client = new ScheduleClient(command, settings);
        command.SetAction(async (parse, stop) =>
        {
            string text;
            try
            {
                text = parse.GetValue(file) is "-" ? await System.Console.In.ReadToEndAsync(stop)
                    : await File.ReadAllTextAsync(parse.GetValue(file)!, stop);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CliException(e.Message, e);
            }

            return await client.SendAsync(
                parse, HttpMethod.Post, "/v1/schedules" + (parse.GetValue(replace) ? "?replace=true" : ""), text,
                "application/yaml", stop);
        });
        return command;
    }

    private static Command Remove(Settings settings)
    {
        var name = Name();
        var command = new Command("remove", "Removes an added schedule; what it has set ends.") { name };
        var client = new ScheduleClient(command, settings);
        command.SetAction((parse, stop) => client.SendAsync(
            parse, HttpMethod.Delete, ScheduleClient.PathOf(parse.GetValue(name)!), null, null, stop));
        return command;
    }

    private static Command Do(Settings settings, string what, string description, bool takesReason)
    {
        var name = Name();
        var command = new Command(what, description) { name };
        var reason = takesReason ? new Option<string?>("--reason") { Description = "Why" } : null;
        if (reason is not null) command.Add(reason);
        var client = new ScheduleClient(command, settings);
        command.SetAction((parse, stop) => client.SendAsync(
            parse, HttpMethod.Post, $"{ScheduleClient.PathOf(parse.GetValue(name)!)}/{what}",
            reason is not null && parse.GetValue(reason) is { } text
                ? new System.Text.Json.Nodes.JsonObject { ["reason"] = text }.ToJsonString() : null,
            "application/json", stop));
        return command;
    }

    private static Argument<string> Name() => new("name") { Description = "The schedule's name" };
}
