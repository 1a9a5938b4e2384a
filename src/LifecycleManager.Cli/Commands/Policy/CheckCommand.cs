using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary><c>lcm policy check</c></summary>
internal static class CheckCommand
{
    public static Command Create(Settings settings)
    {
        var paths = PolicyCommand.Paths("Policy files, and directories of them");
        var format = Setting.Of(settings, "--format", "How findings are written: text, json, github (annotations) or sarif",
            Values.Among<CheckFormat>(), () => CheckFormat.Text, "text");
        var strict = Setting.Flag(settings, "--strict", "Warnings fail the check too");
        var command =
            new Command("check",
                "Finds what is wrong with policies: errors, rules that never act or fight, bounds that cannot hold.")
        {
            paths, format, strict,
        };
        command.SetAction(parse => PolicyCheck.Run(
            parse.GetValue(paths)!, parse.GetValue(format), parse.GetValue(strict), parse.InvocationConfiguration.Output,
            parse.InvocationConfiguration.Error));
        return command;
    }
}
