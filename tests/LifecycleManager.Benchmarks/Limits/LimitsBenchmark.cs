using System.Diagnostics;
using System.Globalization;
using LifecycleManager.Benchmarks.Decisions;
using LifecycleManager.Benchmarks.Metrics;

namespace LifecycleManager.Benchmarks.Limits;

/// <summary>
/// The limits that collector and decision engine promise, beside what they take: cpu time of this process, the best of several
/// rounds, so that a busy machine does not count; and what a thread allocates.
/// </summary>
internal static class LimitsBenchmark
{
    private const int Rounds = 7;

    public static void Run(TextWriter output)
    {
        var parsing = new ExpositionBenchmarks();
        var text = Measure(() => parsing.Text(), 400);
        var open = Measure(() => parsing.OpenMetrics(), 400);
        var scrape = Measure(() => parsing.Scrape(), 400);
        Say("parse Prometheus text", Speed(text, ExpositionText.Make(ExpositionBenchmarks.Samples).Length), "at least 300 MB/s",
            text.Bytes);
        Say("parse OpenMetrics", Speed(open, ExpositionText.Make(ExpositionBenchmarks.Samples, openMetrics: true).Length),
            "at least 300 MB/s", open.Bytes);
        Say("parse and find what is wanted", Speed(scrape, ExpositionText.Make(ExpositionBenchmarks.Samples).Length), "",
            scrape.Bytes);

        var deciding = new DecisionBenchmarks();
        deciding.Setup();
        var tick = Measure(() => deciding.Tick(), 10);
        var alone = Measure(() => deciding.RulesAlone(), 20);
        var other = Measure(() => deciding.RulesEnginePackage().GetAwaiter().GetResult(), 2);
        Say("10,000 apps with 5 rules, a tick", Milliseconds(tick), "under 50 ms", tick.Bytes);
        Say("their rules alone", Milliseconds(alone), "", alone.Bytes);
        Say("the same rules in RulesEngine 6.0.1", Milliseconds(other), $"{other.Cpu / alone.Cpu:0.0} times as long, at least 10",
            other.Bytes);

        var replaying = new ReplayBenchmarks();
        replaying.Setup();
        var year = Measure(() => replaying.Year(), 1);
        replaying.Cleanup();
        Say("a year of minutes replayed", Milliseconds(year), "under 2000 ms", year.Bytes);

        void Say(string what, string measured, string goal, long bytes) => output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{what,-38} {measured,12}   {goal,-34} {bytes,12:#,##0} bytes allocated"));
    }

    private static string Speed(in Cost cost, int bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{bytes / cost.Cpu.TotalSeconds / 1e6:0} MB/s");

    private static string Milliseconds(in Cost cost) =>
        string.Create(CultureInfo.InvariantCulture, $"{cost.Cpu.TotalMilliseconds:0.0} ms");

    private static Cost Measure<T>(Func<T> operation, int times)
    {
        for (var i = 0; i < times; i++) operation();
        // The compiler's second tier works in the background.
        Thread.Sleep(500);
        var best = new Cost(TimeSpan.MaxValue, long.MaxValue);
        for (var round = 0; round < Rounds; round++)
        {
            using var process = Process.GetCurrentProcess();
            var (cpu, bytes) = (process.TotalProcessorTime, GC.GetAllocatedBytesForCurrentThread());
            for (var i = 0; i < times; i++) operation();
            bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
            process.Refresh();
            best = new Cost(TimeSpan.FromTicks(Math.Min(best.Cpu.Ticks, ((process.TotalProcessorTime - cpu) / times).Ticks)),
                Math.Min(best.Bytes, bytes / times));
        }

        return best;
    }

    private readonly record struct Cost(TimeSpan Cpu, long Bytes);
}
