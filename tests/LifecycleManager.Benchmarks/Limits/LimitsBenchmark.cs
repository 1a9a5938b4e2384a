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

    /// <param name="output">Where the lines go.</param>
    /// <param name="parts">
    /// <c>parsing</c>, <c>load</c>, <c>edits</c>, <c>decisions</c>, <c>replay</c>, <c>tests</c>, <c>csharp</c>; all where none is
    /// named.
    /// </param>
    public static void Run(TextWriter output, IReadOnlyCollection<string> parts)
    {
        if (Wanted("parsing"))
        {
            var parsing = new ExpositionBenchmarks();
            var text = Measure(() => parsing.Text(), 400);
            var open = Measure(() => parsing.OpenMetrics(), 400);
            var scrape = Measure(() => parsing.Scrape(), 400);
            Say("parse Prometheus text", Speed(text, ExpositionText.Make(ExpositionBenchmarks.Samples).Length),
                "at least 1000 MB/s", text.Bytes);
            Say("parse OpenMetrics", Speed(open, ExpositionText.Make(ExpositionBenchmarks.Samples, openMetrics: true).Length),
                "at least 1000 MB/s", open.Bytes);
            Say("parse and find what is wanted", Speed(scrape, ExpositionText.Make(ExpositionBenchmarks.Samples).Length), "",
                scrape.Bytes);
        }

        if (Wanted("load"))
        {
            var before = GC.GetTotalMemory(forceFullCollection: true);
            var began = Stopwatch.GetTimestamp();
            DecisionBenchmarks.Load(1000);
            Say("1,000 policies, each with its own rules", $"{Stopwatch.GetElapsedTime(began).TotalMilliseconds:0} ms",
                "under 15000 ms",
                GC.GetTotalMemory(forceFullCollection: false) - before);
        }

        if (Wanted("edits"))
        {
            using var edits = new EditLimits();
            edits.Edit(20);
            var before = Heap();
            var took = edits.Edit(200);
            Say("an edited file of 1,000: in force after", $"{took[took.Count / 2].TotalMilliseconds:0} ms", "", 0);
            Say("  19 of 20", $"{took[took.Count * 19 / 20].TotalMilliseconds:0} ms", "under 300 ms", 0);
            var early = Heap() - before;
            edits.Edit(1000);
            Say("  the heap after 200 edits", $"{early / 1e6:0.0} MB", "", 0);
            Say("  the heap after 1,200 edits", $"{(Heap() - before) / 1e6:0.0} MB", "flat", 0);
        }

        if (Wanted("decisions"))
        {
            foreach (var (policies, coordinated) in ((int, bool)[])[(1, false), (1000, false), (200, true)])
            {
                var before = Heap();
                var deciding = new DecisionBenchmarks { Policies = policies, Coordinated = coordinated };
                var began = Stopwatch.GetTimestamp();
                deciding.Setup();
                var what = coordinated ? "coordinations" : "policies";
                Say($"{policies} {what} of 10,000 apps: begin", $"{Stopwatch.GetElapsedTime(began).TotalMilliseconds:0} ms", "",
                    0);
                Say("  first decisions of all", $"{deciding.FirstTick.TotalMilliseconds:0} ms", "under 3000 ms", 0);
                var all = Measure(() => deciding.AllChanged(), 10);
                var few = Measure(() => deciding.OnePercentChanged(), 10);
                var none = Measure(() => deciding.NoneChanged(), 10);
                Say("  all facts changed", Milliseconds(all), "under 200 ms and 20 MB", all.Bytes);
                Say("  1% changed", Milliseconds(few), "under 5 ms", few.Bytes);
                Say("  none changed", Milliseconds(none), "under 1 ms", none.Bytes);
                var same = Measure(() => deciding.AllTheSame(), 10);
                Say("  the heap of it", $"{(Heap() - before) / 1e6:0} MB", "under 400 MB", 0);
                GC.KeepAlive(deciding);
                Say("  all read anew, and the same", Milliseconds(same), "", same.Bytes);
            }
        }

        if (Wanted("replay"))
        {
            var replaying = new ReplayBenchmarks();
            replaying.Setup();
            var year = Measure(() => replaying.Year(), 1);
            replaying.Cleanup();
            Say("a year of minutes replayed", Milliseconds(year), "under 10000 ms", year.Bytes);
        }

        if (Wanted("csharp"))
        {
            using var rules = new CSharpRulesLimits();
            Say("5 rules in C#: begin", $"{rules.Begin().TotalMilliseconds:0} ms", "", 0);
            var (each, process, heap) = rules.Reloads(100);
            Say("  a reload, of 100", $"{each.TotalMilliseconds:0} ms", "", 0);
            Say("  the heap after 100 reloads", $"{heap / 1e6:0.0} MB", "under 20 MB", 0);
            Say("  the process after 100 reloads", $"{process / 1e6:0.0} MB", "under 20 MB", 0);
            var island = rules.Island();
            var decided = Measure(() => rules.Decide(island), 10);
            Say("  an island of 50 apps, 2 rounds", Milliseconds(decided), "", decided.Bytes);
        }

        if (Wanted("tests"))
        {
            var hundred = Measure(() => new PolicyTestBenchmarks().Hundred(), 1);
            Say("a hundred tests of policies", Milliseconds(hundred), "under 2000 ms", hundred.Bytes);
        }

        bool Wanted(string part) => parts.Count == 0 || parts.Contains(part);

        void Say(string what, string measured, string goal, long bytes) => output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{what,-38} {measured,12}   {goal,-34} {bytes,12:#,##0} bytes allocated"));
    }

    private static long Heap()
    {
        for (var i = 0; i < 5; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
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
