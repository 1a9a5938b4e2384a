using System.CommandLine;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary><c>lcm policy end</c></summary>
internal static class EndCommand
{
    public static Command Create(Settings settings)
    {
        var name = new Argument<string>("name") { Description = "The policy's name" };
        var manager = ManagerHttp.Option(settings, "The manager that leads");
        var command = new Command("end",
            "Ends a policy that is in force though its file is gone, as where the last file of the directory was deleted, "
            + "and gives its counts back. The same file, should it come back, puts it in force again.")
        {
            name, manager,
        };
        var caller = new CallerSettings(command, settings, "a manager");
        command.SetAction((parse, cancellation) => ManagerPost.SendAsync(
            parse.GetValue(manager)!, $"/v1/policies/{Uri.EscapeDataString(parse.GetValue(name)!)}/end", null,
            caller.Caller(parse), parse.InvocationConfiguration, cancellation));
        return command;
    }
}
