using System.CommandLine;
using LifecycleManager.Cli.Commands.Operating.Calls;

namespace LifecycleManager.Cli.Commands.Operating;

/// <summary>What all operators' commands have in common: how they are made, and that each failure is one line.</summary>
internal static class OperatorCommand
{
    /// <summary>Gives a command what it does.</summary>
    /// <param name="command">The command.</param>
    /// <param name="run">What it does; the exit code.</param>
    /// <param name="examples">Two of how it is used, for the end of its help.</param>
    public static Command Does(
        this Command command, Func<ParseResult, CancellationToken, Task<int>> run, params string[] examples)
    {
        command.SetAction(async (parse, stop) =>
        {
            try
            {
                return await run(parse, stop);
            }
            catch (Exception e) when (e is InvalidOperationException or FormatException or KeyNotFoundException
                or OverflowException or ArgumentException or NullReferenceException)
            {
                // JSON of another shape than the roles give it: what a reader finds missing or null there it trips over.
                throw new CliException(
                    "what was answered cannot be read: is it the address of a role of this version? 'lcm status' shows them", e);
            }
        });
        HelpText.Add(command, examples);
        return command;
    }

    /// <summary>The same, for what has no other exit code than 0.</summary>
    public static Command Does(this Command command, Func<ParseResult, CancellationToken, Task> run, params string[] examples) =>
        command.Does(async (parse, stop) =>
        {
            await run(parse, stop);
            return ExitStatus.Success;
        }, examples);

    /// <summary>Asks before something that cannot be undone; without a terminal <c>--yes</c> has to say it.</summary>
    /// <exception cref="CliException">It is not to be done.</exception>
    public static void Confirm(this Output.Terminal terminal, bool yes, string what)
    {
        if (yes) return;
        if (!terminal.IsTerminal || System.Console.IsInputRedirected)
            throw new CliException($"{what}: say --yes if that is meant");
        terminal.Output.Write(Output.SafeText.Line($"{what}. Go on? [y/N] "));
        if (System.Console.ReadLine()?.Trim() is not ("y" or "Y" or "yes")) throw new CliException("nothing was done");
    }
}
