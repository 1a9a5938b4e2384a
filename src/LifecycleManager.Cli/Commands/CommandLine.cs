using System.CommandLine;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;
using LifecycleManager.Cli.Commands.Policy;
using LifecycleManager.Cli.Commands.Operating;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Primitives.Text;

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
            var parse = HelpText.Use(Root(settings(), whileUp, Words(arguments))).Parse(arguments);

            // A command that has only commands below it shows them where none is said; every other error is a line.
            if (parse.Action is ParseErrorAction
                && (parse.CommandResult.Command.Action is not null || parse.UnmatchedTokens.Count > 0))
            {
                await error.WriteLineAsync($"lcm: {Problem(parse)}");
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
            return (e as CliException)?.Code ?? failed;
        }
        catch (Exception e)
        {
            // A defect of ours: all that is known of it.
            await error.WriteLineAsync($"lcm: unexpected error: {e}");
            return failed;
        }
    }

    // A shell that completes a line gives it as a whole, behind the directive that asks for words.
    private static string[] Words(string[] arguments) =>
        arguments is [['[', 's', 'u', 'g', 'g', 'e', 's', 't', ..], var line, ..]
            ? [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1)] : arguments;

    /// <summary>What is wrong with a command line: a word that no command is, or what the words of one are wrong by.</summary>
    private static string Problem(ParseResult parse)
    {
        var command = parse.CommandResult.Command;
        if (command.Action is not null) return string.Join("; ", parse.Errors.Select(problem => Line(problem.Message)));
        var (word, path) = (parse.UnmatchedTokens[0], Path(parse.CommandResult));
        return Line(
            $"'{word}' is no command of '{path}'{NearestName.Hint(word, command.Subcommands.Select(known => known.Name))}; "
            + $"'{path} --help' lists them");
    }

    private static string Path(System.CommandLine.Parsing.CommandResult result) =>
        result.Parent is System.CommandLine.Parsing.CommandResult parent ? $"{Path(parent)} {result.Command.Name}" : "lcm";

    /// <summary>A message on one line, whatever it quotes.</summary>
    private static string Line(string message) => Operating.Output.SafeText.Line(
        string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)));

    /// <summary>The whole command line; with the name of a command alone, no more than it.</summary>
    /// <param name="settings">What is set outside of it.</param>
    /// <param name="whileUp">Runs beside the stack of <c>lcm up</c> once it is up.</param>
    /// <param name="only">
    /// The words of a command line, of which the first name a command. What makes the other commands is not loaded: a command
    /// that asks a role takes a moment, and the roles' rooms would take many times that.
    /// </param>
    internal static RootCommand Root(
        Settings settings, Func<RunningStack, CancellationToken, Task>? whileUp = null, IReadOnlyList<string>? only = null)
    {
        var root = new RootCommand("LifecycleManager: runs dockerized services on many machines and scales them by policy.");
        if (OperatorCommands.Find(only ?? []) is { } alone) root.Add(alone(settings));
        else AddAll(root, settings, whileUp);
        return root;
    }

    // By itself, so that nothing of it is loaded where it is not called.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddAll(RootCommand root, Settings settings, Func<RunningStack, CancellationToken, Task>? whileUp)
    {
        root.Add(UpCommand.Create(settings, whileUp));
        root.Add(MasterCommand.Create(settings));
        root.Add(AgentCommand.Create(settings));
        root.Add(SchedulerCommand.Create(settings));
        root.Add(ManagerCommand.Create(settings));
        foreach (var create in OperatorCommands.All) root.Add(create(settings));
        root.Add(RebalanceCommand.Create(settings));
        root.Add(RecommendCommand.Create(settings));
        root.Add(ScheduleCommand.Create(settings));
        root.Add(ProxyCommand.Create(settings));
        root.Add(StateArchiveCommands.Backup(settings));
        root.Add(StateArchiveCommands.Restore(settings));
        root.Add(PolicyCommand.Create(settings));
        root.Add(AdmissionCommand.Create(settings));
        root.Add(AuthorityCommands.Authority(settings));
        root.Add(AuthorityCommands.Token(settings));
    }
}
