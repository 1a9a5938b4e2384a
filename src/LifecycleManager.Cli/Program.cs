using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;

return await CommandLine.RunAsync(args, Settings.Load, Console.Out, Console.Error);
