using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Cli.Commands;

/// <summary>A command that runs one role until a signal ends it.</summary>
internal static class RoleCommand
{
    public static Command Create(Settings settings, Command command, Func<ParseResult, Role> role)
    {
        var logging = new Logging(command, settings, LogLevel.Information);
        command.SetAction(async (parse, stop) =>
        {
            using var loggers = logging.Create(parse);
            await using var stack = new RoleStack(loggers, TimeProvider.System);
            try
            {
                var asked = role(parse);
                await stack.StartAsync(asked, stop);
                System.Console.Out.WriteLine($"lcm: {asked.Name} listens on {RoleSettings.AddressOf(asked)}");
                var memory = IdleMemory.KeepAsync(TimeProvider.System, stop);
                await stack.UntilFailureAsync(stop);
                await memory;
            }
            catch (RoleFailedException e)
            {
                // Whoever watches the process starts it again; what it ran goes on.
                loggers.CreateLogger(nameof(RoleCommand)).LogCritical(e.InnerException, "{Reason}", e.Message);
                return ExitStatus.RoleFailed;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Asked to stop, be it in the middle of the start.
            }

            return ExitStatus.Success;
        });
        return command;
    }
}
