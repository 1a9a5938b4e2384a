using BenchmarkDotNet.Running;
using LifecycleManager.Benchmarks.Cluster;
using LifecycleManager.Benchmarks.Failover;
using LifecycleManager.Benchmarks.Limits;
using LifecycleManager.Benchmarks.Pages;
using LifecycleManager.Benchmarks.Quality;
using LifecycleManager.Benchmarks.Metrics;
using LifecycleManager.Benchmarks.Reaction;
using LifecycleManager.Benchmarks.Recording;
using LifecycleManager.Benchmarks.Scheduling;
using LifecycleManager.Benchmarks.Stack;

// `stack` measures the whole of `lcm up` as a process, `cluster` a master with 5,000 agents,
// `scheduler [placement|apps|held|events|group]` the scheduler's limits, `scrape [targets]` what scraping costs
// beside Prometheus, `reaction [apps]` how soon a count follows the load, `tick` what 10,000 apps and 1,000
// changes at once take, `pages [count]` what open pages of the console cost, `failover [zookeeper|postgres]` how soon another manager decides, `decisionlog [sqlite|postgres]
// [records]` what the table of decisions promises, `schedules [sqlite|postgres|zookeeper]` what 100,000 schedules cost,
// `quality [seed] [chart.svg] [policy.yml ...]` how good decisions are beside other autoscalers',
// `limits` what collector and decision engine promise; everything else is BenchmarkDotNet's: `--list flat`, `--filter '*'`.
if (args is ["stack"])
{
    await StackBenchmark.RunAsync(Console.Out);
    return;
}

if (args is ["cluster", .. var parts])
{
    await ClusterBenchmark.RunAsync(Console.Out, parts);
    return;
}

if (args is ["limits", .. var wanted])
{
    LimitsBenchmark.Run(Console.Out, wanted);
    return;
}

if (args is ["scheduler", .. var limits])
{
    await SchedulerBenchmark.RunAsync(Console.Out, limits);
    return;
}

if (args is ["scrape", .. var count])
{
    await ScrapeBenchmark.RunAsync(
        Console.Out, count is [var number] ? int.Parse(number, System.Globalization.CultureInfo.InvariantCulture) : 10_000,
        "dotnet", typeof(StackBenchmark).Assembly.Location, "scrape-targets");
    return;
}

if (args is ["reaction", .. var apps])
{
    await ReactionBenchmark.RunAsync(System.Console.Out,
        apps is [var many] ? int.Parse(many, System.Globalization.CultureInfo.InvariantCulture) : 200);
    return;
}

if (args is ["pages", .. var open])
{
    await PagesBenchmark.RunAsync(Console.Out,
        open is [var browsers] ? int.Parse(browsers, System.Globalization.CultureInfo.InvariantCulture) : 50);
    return;
}

if (args is ["tick"])
{
    await TickBenchmark.RunAsync(Console.Out);
    return;
}

if (args is ["schedules", .. var kept])
{
    await ScheduleLimits.RunAsync(Console.Out, kept is [var kind] ? kind : "sqlite");
    return;
}

if (args is ["quality", .. var settings])
{
    QualityBenchmark.Run(Console.Out, settings);
    return;
}

if (args is ["failover", .. var state])
{
    await FailoverBenchmark.RunAsync(Console.Out, state is [var store] ? store : "zookeeper");
    return;
}

if (args is ["decisionlog", .. var table])
{
    await DecisionLogBenchmark.RunAsync(
        Console.Out, table is [_, var rows] ? int.Parse(rows, System.Globalization.CultureInfo.InvariantCulture) : 1_000_000,
        table is [var database, ..] ? database : "sqlite");
    return;
}

if (args is ["scrape-targets", var served])
{
    await ScrapeBenchmark.ServeAsync(int.Parse(served, System.Globalization.CultureInfo.InvariantCulture));
    return;
}

BenchmarkSwitcher.FromAssembly(typeof(StackBenchmark).Assembly).Run(args);
