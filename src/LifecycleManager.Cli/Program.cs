using System.CommandLine;
using LifecycleManager.Cli;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;

try
{
    var settings = Settings.Load();
    var root = new RootCommand("LifecycleManager: runs dockerized services on many machines and scales them by policy.")
    {
        UpCommand.Create(settings),
        MasterCommand.Create(settings),
        AgentCommand.Create(settings),
        SchedulerCommand.Create(settings),
        ManagerCommand.Create(settings),
    };
    // Signals are ours: a role stops in order, and its tasks run on.
    var invocation = new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false };
    return await root.Parse(args).InvokeAsync(invocation);
}
catch (Exception e) when (e is CliException or InvalidDataException)
{
    Console.Error.WriteLine($"lcm: {e.Message}");
    return 1;
}
