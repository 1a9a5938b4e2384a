using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary><c>lcm policy test</c></summary>
internal static class TestCommand
{
    public static Command Create(Settings settings)
    {
        var paths = PolicyCommand.Paths("Test files (x.test.yml), and directories of them");
        var code = PolicyCommand.Code(settings);
        var junit = Setting.Of<string?>(settings, "--junit", "A file for the results in JUnit's XML, which pipelines show",
            Values.Text, () => null);
        var command =
            new Command("test", "Runs the unit tests of policies: series of metrics, and the counts expected over time.") {
                paths, junit, code };
        command.SetAction(parse =>
        {
            using var rules = PolicyCommand.Rules(parse.GetValue(code));
            return PolicyTest.Run(parse.GetValue(paths)!, parse.InvocationConfiguration.Output,
                parse.InvocationConfiguration.Error, rules: rules,
                junit: parse.GetValue(junit));
        });
        return command;
    }
}
