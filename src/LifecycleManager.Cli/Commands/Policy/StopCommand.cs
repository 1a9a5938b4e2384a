using System.CommandLine;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary><c>lcm policy stop</c> and <c>lcm policy start</c></summary>
internal static class StopCommand
{
    public static Command Create(Settings settings) => Create(settings, "stop",
        "Stops all changes that managers make (decisions, schedules, overrides, counts given back, retries), over restarts "
        + "and failovers, until 'lcm policy start'. What is on its way to the target may end.",
        "Why; it is shown in place of what would have been done");

    public static Command CreateStart(Settings settings) => Create(
        settings, "start", "Lets changes begin again that 'lcm policy stop' has stopped.", "Why; it is in the manager's log");

    private static Command Create(Settings settings, string name, string description, string why)
    {
        var reason = new Option<string?>("--reason") { Description = why };
        var manager = ManagerHttp.Option(settings, "A manager");
        var command = new Command(name, description) { reason, manager };
        var caller = new CallerSettings(command, settings, "a manager");
        command.SetAction((parse, cancellation) => ManagerPost.SendAsync(
            parse.GetValue(manager)!, "/v1/" + name,
            parse.GetValue(reason) is { } text ? new JsonObject { ["reason"] = text }.ToJsonString() : null,
            caller.Caller(parse), parse.InvocationConfiguration, cancellation));
        return command;
    }
}
