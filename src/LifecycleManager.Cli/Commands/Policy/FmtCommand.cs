using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary><c>lcm policy fmt</c></summary>
internal static class FmtCommand
{
    public static Command Create(Settings settings)
    {
        var paths = PolicyCommand.Paths("Policy files, and directories of them");
        var check = Setting.Flag(settings, "--check",
            "Change nothing; name the files that would change, and exit with 1 if there are any");
        var command =
            new Command("fmt", "Brings policy files into their one form, with their comments, and names those it changed.") {
                paths, check };
        command.SetAction(parse => PolicyFmt.Run(
            parse.GetValue(paths)!, parse.GetValue(check), parse.InvocationConfiguration.Output,
            parse.InvocationConfiguration.Error));
        return command;
    }
}
