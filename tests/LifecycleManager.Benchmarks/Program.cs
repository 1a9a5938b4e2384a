using BenchmarkDotNet.Running;
using LifecycleManager.Benchmarks.Stack;

// `stack` measures the whole of `lcm up` as a process; everything else is BenchmarkDotNet's: `--list flat`, `--filter '*'`.
if (args is ["stack"])
{
    await StackBenchmark.RunAsync(Console.Out);
    return;
}

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
