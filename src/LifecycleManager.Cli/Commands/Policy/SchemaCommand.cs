using System.CommandLine;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary><c>lcm policy schema</c></summary>
internal static class SchemaCommand
{
    public static Command Create()
    {
        var command =
            new Command("schema", "Writes the JSON Schema of policy files, with which editors complete and check them.");
        command.SetAction(parse => PolicySchemaTool.Run(parse.InvocationConfiguration.Output));
        return command;
    }
}
