using System.Globalization;
using LifecycleManager.Storage.Tests.Children;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

// They wait for timeouts more than they work.
[assembly: Xunit.v3.Parallelization(MaxThreads = 4)]

namespace LifecycleManager.Storage.Tests;

/// <summary>The tests; with <c>child</c> as the first argument, a process that the tests start to kill it.</summary>
public static class Program
{
    public static Task<int> Main(string[] args) => args switch
    {
        ["child", var address, var password] => Child.RunAsync(address, password),
        ["child-busy", var address, var seconds] =>
            Task.FromResult(Child.RunBusy(address, TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)))),
        _ when args.Any(arg => arg is "--server" or "--internal-msbuild-node") =>
            TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions),
        _ => ConsoleRunner.Run(args),
    };
}
