using System.Runtime.CompilerServices;
using LifecycleManager.Agent.Fetching;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;

// An agent starts its own program to fetch artifacts as a task's user.
if (args is [FetchProcess.Verb]) return Fetch();

// First of all: a signal may come at any moment.
using var signals = new Signals();
return await CommandLine.RunAsync(args, Settings.Load, Console.Out, Console.Error, stop: signals.Stop);

// By itself, so that the agent is not loaded where it is not called.
[MethodImpl(MethodImplOptions.NoInlining)]
static int Fetch() => FetchProcess.Run();
