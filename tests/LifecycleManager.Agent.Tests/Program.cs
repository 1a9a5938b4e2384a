using LifecycleManager.Agent.Fetching;
using LifecycleManager.Agent.Tests;
using LifecycleManager.Agent.Tests.Fakes;

// The tests kill real agents: they start this same program as one, and agents start it to fetch.
if (args is [FetchProcess.Verb]) return FetchProcess.Run();
if (args is [AgentProcess.Verb, var options]) return await AgentProcess.RunAsync(options);
if (args.Any(arg => arg is "--server" or "--internal-msbuild-node"))
    return await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args,
        SelfRegisteredExtensions.AddSelfRegisteredExtensions);
return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
