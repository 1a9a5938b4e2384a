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
        command.SetAction(async (parse, _) =>
        {
            using var signals = new Signals();
            using var loggers = logging.Create(parse);
            await using var stack = new RoleStack(loggers, TimeProvider.System);
            var asked = role(parse);
            await stack.StartAsync(asked, signals.Stop);
            System.Console.Out.WriteLine($"lcm: {asked.Name} listens on {RoleSettings.AddressOf(asked)}");
            await Task.Delay(Timeout.Infinite, signals.Stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return 0;
        });
        return command;
    }
}
