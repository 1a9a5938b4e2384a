using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Demo;

// `lcm up`, with all of its options, and a tour of it: dotnet run --project tests/LifecycleManager.Demo
using var signals = new Signals();
return await CommandLine.RunAsync(
    ["up", .. args], Settings.Load, Console.Out, Console.Error,
    async (stack, stop) =>
    {
        var story = new DemoStory(Console.Out, TimeProvider.System);
        await new DemoRun(stack, story, TimeProvider.System).RunAsync(stop);
        story.Tell("demo", "the stack runs on; Ctrl-C stops it");
    },
    signals.Stop);
