using System.CommandLine;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary><c>lcm policy test</c></summary>
internal static class TestCommand
{
    public static Command Create()
    {
        var paths = PolicyCommand.Paths("Test files (x.test.yml), and directories of them");
        var command =
            new Command("test", "Runs the unit tests of policies: series of metrics, and the counts expected over time.") {
                paths };
        command.SetAction(parse => PolicyTest.Run(parse.GetValue(paths)!, parse.InvocationConfiguration.Output,
            parse.InvocationConfiguration.Error));
        return command;
    }
}
