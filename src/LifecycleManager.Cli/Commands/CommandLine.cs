using System.CommandLine;
using System.CommandLine.Invocation;
using LifecycleManager.Cli.Commands.Policy;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands;

/// <summary><c>lcm</c></summary>
public static class CommandLine
{
    /// <summary>Runs a command line.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="settings">Reads what is set outside of it.</param>
    /// <param name="output">Standard output.</param>
    /// <param name="error">Standard error: one line for all that the user can put right.</param>
    /// <param name="whileUp">Runs beside the stack of <c>lcm up</c> once it is up.</param>
    /// <param name="stop">Cancelled when the process is to end.</param>
    /// <returns>The exit code, of <see cref="ExitStatus"/>; for <c>lcm policy</c> those of
    /// <see cref="Decisions.Tools.ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(
        string[] arguments, Func<Settings> settings, TextWriter output, TextWriter error,
        Func<RunningStack, CancellationToken, Task>? whileUp = null, CancellationToken stop = default)
    {
        var failed = arguments is [PolicyCommand.Name, ..] ? Decisions.Tools.ExitCodes.Failed : ExitStatus.Failure;
        try
        {
            var parse = HelpText.Use(Root(settings(), whileUp)).Parse(arguments);

            // A command that has only commands below it shows them; every other error is a line.
            if (parse.Action is ParseErrorAction && parse.CommandResult.Command.Subcommands.Count == 0)
            {
                await error.WriteLineAsync($"lcm: {string.Join("; ", parse.Errors.Select(problem => Line(problem.Message)))}");
                return failed;
            }

            var running = Task.Run(() => parse.InvokeAsync(new InvocationConfiguration
            {
                // Signals are ours: a role stops in order, and its tasks run on.
                ProcessTerminationTimeout = null,
                EnableDefaultExceptionHandler = false,
                Output = output,
                Error = error,
            }, stop), CancellationToken.None);

            // The tools of policies calculate to their end, whatever signal comes; nobody waits for that.
            if (arguments is [PolicyCommand.Name, ..]) await running.WaitAsync(stop);
            var code = await running;
            return parse.Errors.Count > 0 ? failed : code;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return ExitStatus.Interrupted;
        }
        catch (Exception e) when (e is CliException or InvalidDataException)
        {
            await error.WriteLineAsync($"lcm: {Line(e.Message)}");
            return failed;
        }
        catch (Exception e)
        {
            // A defect of ours: all that is known of it.
            await error.WriteLineAsync($"lcm: unexpected error: {e}");
            return failed;
        }
    }

    /// <summary>A message on one line, whatever it quotes.</summary>
    private static string Line(string message) =>
        string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    internal static RootCommand Root(Settings settings, Func<RunningStack, CancellationToken, Task>? whileUp = null) =>
        new("LifecycleManager: runs dockerized services on many machines and scales them by policy.")
    {
        UpCommand.Create(settings, whileUp),
        MasterCommand.Create(settings),
        AgentCommand.Create(settings),
        SchedulerCommand.Create(settings),
        ManagerCommand.Create(settings),
        RebalanceCommand.Create(settings),
        RecommendCommand.Create(settings),
        ScheduleCommand.Create(settings),
        ProxyCommand.Create(settings),
        StateArchiveCommands.Backup(settings),
        StateArchiveCommands.Restore(settings),
        PolicyCommand.Create(settings),
    };
}
