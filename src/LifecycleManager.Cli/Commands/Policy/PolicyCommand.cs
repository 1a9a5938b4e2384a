using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.CSharp;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary>
/// <c>lcm policy</c>: the tools of those who write policies. Exit codes: 0 all is well, 1 something was found, 2 it did not work.
/// </summary>
internal static class PolicyCommand
{
    public const string Name = "policy";
    private const string Codes = "Exit codes: 0 all is well, 1 something was found, 2 it could not be done.";

    public static Command Create(Settings settings) => new(Name, $"Checks, tests, replays, explains and stops policies. {Codes}")
    {
        CheckCommand.Create(settings),
        TestCommand.Create(settings),
        ReplayCommand.Create(settings),
        ExplainCommand.Create(settings),
        EndCommand.Create(settings),
        StopCommand.Create(settings),
        StopCommand.CreateStart(settings),
        SchemaCommand.Create(settings),
        InitCommand.Create(settings),
        FmtCommand.Create(settings),
        ImportCommand.Create(settings),
    };

    /// <summary>
    /// The files and directories that a tool works on; the rules of the current directory unless others are named.
    /// </summary>
    public static Argument<string[]> Paths(string description) => new("path")
    {
        Description = $"{description} [default: rules]",
        Arity = ArgumentArity.ZeroOrMore,
        DefaultValueFactory = _ => ["rules"],
    };

    /// <summary>Whether a tool may run rules in C#.</summary>
    public static Option<bool> Code(Settings settings) => Setting.Flag(settings, "--csharp-rules",
        "Compile and run rules in C# too; they have the rights of whoever runs this command");

    /// <summary>Compiles rules in C#; null where that was not asked for.</summary>
    public static ToolRules? Rules(bool isAllowed) => isAllowed ? new ToolRules(TimeProvider.System) : null;
}
