using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary><c>lcm policy schema</c></summary>
internal static class SchemaCommand
{
    public static Command Create(Settings settings)
    {
        var tests = Setting.Flag(settings, "--tests", "That of tests of policies, *.test.yml");
        var command =
            new Command("schema", "Writes the JSON Schema of policy files, with which editors complete and check them.")
        {
            tests,
        };
        command.SetAction(parse => PolicySchemaTool.Run(parse.InvocationConfiguration.Output, parse.GetValue(tests)));
        return command;
    }
}
