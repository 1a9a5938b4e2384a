using System.CommandLine;
using LifecycleManager.Cli.Commands.Policy;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Cli.Commands;

/// <summary><c>lcm</c></summary>
public static class CommandLine
{
    /// <summary>Runs a command line.</summary>
    /// <returns>The exit code: 0 for success, 1 for failure; for <c>lcm policy</c> those of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(string[] arguments, Func<Settings> settings, TextWriter output, TextWriter error)
    {
        var failed = arguments is [PolicyCommand.Name, ..] ? ExitCodes.Failed : 1;
        try
        {
            var parse = HelpText.Use(Root(settings())).Parse(arguments);
            var code = await parse.InvokeAsync(new InvocationConfiguration
            {
                // Signals are ours: a role stops in order, and its tasks run on.
                ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false, Output = output, Error = error,
            });
            return parse.Errors.Count > 0 ? failed : code;
        }
        catch (Exception e) when (e is CliException or InvalidDataException)
        {
            await error.WriteLineAsync($"lcm: {e.Message}");
            return failed;
        }
    }

    private static RootCommand Root(Settings settings) => new("LifecycleManager: runs dockerized services on many machines and scales them by policy.")
    {
        UpCommand.Create(settings),
        MasterCommand.Create(settings),
        AgentCommand.Create(settings),
        SchedulerCommand.Create(settings),
        ManagerCommand.Create(settings),
        RebalanceCommand.Create(settings),
        ProxyCommand.Create(settings),
        StateArchiveCommands.Backup(settings),
        StateArchiveCommands.Restore(settings),
        PolicyCommand.Create(settings),
    };
}
