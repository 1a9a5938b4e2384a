using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;

// First of all: a signal may come at any moment.
using var signals = new Signals();
return await CommandLine.RunAsync(args, Settings.Load, Console.Out, Console.Error, stop: signals.Stop);
