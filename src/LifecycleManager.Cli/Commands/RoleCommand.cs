using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Cli.Commands;

/// <summary>A command that runs one role until a signal ends it.</summary>
internal static class RoleCommand
{
    /// <param name="settings">Where options come from, too.</param>
    /// <param name="command">The role's command.</param>
    /// <param name="common">The options that all roles have.</param>
    /// <param name="role">Makes the role, once it has joined where that is asked for.</param>
    /// <param name="hostname">A name that it is known by itself, or null.</param>
    public static Command Create(
        Settings settings, Command command, RoleSettings common, Func<ParseResult, Role> role, Option<string?>? hostname = null)
    {
        var logging = new Logging(command, settings, LogLevel.Information);
        command.SetAction(async (parse, stop) =>
        {
            using var loggers = logging.Create(parse);
            await using var stack = new RoleStack(loggers, TimeProvider.System);
            try
            {
                await common.Join.PrepareAsync(
                    parse, common, hostname is null ? null : parse.GetValue(hostname), loggers.CreateLogger(nameof(RoleCommand)),
                        stop);
                var asked = role(parse);
                await stack.StartAsync([asked], stop);
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
