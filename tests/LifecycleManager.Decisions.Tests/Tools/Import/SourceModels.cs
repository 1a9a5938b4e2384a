using LifecycleManager.Benchmarks.Quality.Models;

namespace LifecycleManager.Decisions.Tests.Tools.Import;

/// <summary>
/// What a source makes of readings, turn for turn: the models of the quality benchmark, which are held against the originals' own
/// answers, with what a source does around them.
/// </summary>
internal static class SourceModels
{
    /// <summary>The count that is set at a turn.</summary>
    /// <param name="now">Seconds since the first.</param>
    /// <param name="count">The count that there is.</param>
    /// <param name="readings">The source's metrics.</param>
    public delegate int Turn(double now, int count, IReadOnlyList<double> readings);

    private const int Milli = 1000;

    /// <summary>The HPA: what each of its metrics asks for, then its controller.</summary>
    public static Turn Hpa(HpaController controller, params Func<int, double, HpaAnswer>[] metrics) => (now, count, readings) =>
        controller.Turn(now, count, [.. metrics.Select((metric, i) => (int?)metric(count, readings[i]).Count)]);

    /// <summary>A share of what all pods request, in whole percent.</summary>
    public static Func<int, double, HpaAnswer> Utilization(long percent) => (count, value) => new HpaReplicas().Utilization(
        count, percent, Pods(count, (long)(value * Milli / 100)), isCpu: true);

    /// <summary>The average of the pods' own values.</summary>
    public static Func<int, double, HpaAnswer> Average(double target, HpaReplicas? replicas = null) => (count, value) =>
        (replicas ?? new HpaReplicas()).Average(count, (long)(target * Milli), Pods(count, (long)(value * Milli)), isCpu: false);

    /// <summary>A value that all pods share.</summary>
    public static Func<int, double, HpaAnswer> AverageOf(double target) => (count, value) =>
        new HpaReplicas().AverageOf(count, (long)(target * Milli), (long)(value * Milli));

    /// <summary>A value of something else.</summary>
    public static Func<int, double, HpaAnswer> Value(double target, HpaReplicas? replicas = null) => (count, value) =>
        (replicas ?? new HpaReplicas()).Value(count, (long)(target * Milli), (long)(value * Milli), Pods(count, 0));

    /// <summary>KEDA: its operator's look at the first trigger every second turn, its HPA else.</summary>
    public static Turn Keda(KedaActivation activation, Turn hpa)
    {
        var turn = 0;
        return (now, count, readings) =>
        {
            if (turn++ % 2 == 0) count = activation.Poll(now, count, readings[0]);
            return count == 0 ? 0 : hpa(now, count, readings);
        };
    }

    /// <summary>Nomad: the counts of checks of one metric, each null where it asks for none; then bounds and cooldown.</summary>
    public static Turn Nomad(int min, int max, double cooldown, bool isGroup, params Func<int, double, int?>[] checks)
    {
        var last = double.NegativeInfinity;
        return (now, count, readings) =>
        {
            var wanted = checks.Select(check => check(count, readings[0])).ToList();
            var asked = wanted.Where(one => one is not null).Select(one => one!.Value).ToList();
            if (asked.Count == 0 || now - last < cooldown) return count;
            // Without a group a check that asks for nothing keeps the count.
            var most = isGroup || asked.Count == wanted.Count ? asked.Max() : Math.Max(count, asked.Max());
            var to = Math.Clamp(most, min, max);
            if (to != count) last = now;
            return to;
        };
    }

    /// <summary>One value within bounds is enough for a step.</summary>
    public static Func<int, double, int?> Within(double lower, double upper, Func<int, int> step) => (count, value) =>
        NomadStrategies.Threshold(count, [value], lower, upper, step, trigger: 1);

    /// <summary>marathon-autoscale: over, within or under the range of each metric, as 1, 0 and -1, and how they join.</summary>
    public static Turn Marathon(MarathonAutoscale polls, (double Min, double Max)[] ranges, Func<int, int, int> join) =>
        (_, count, readings) =>
        {
            // Tens, since -1 is no value to it.
            var signs = ranges.Select((range, i) => readings[i] > range.Max ? 1 : readings[i] < range.Min ? -1 : 0);
            return polls.Poll(count, signs.Aggregate(join) * 10);
        };

    private static List<HpaPod> Pods(int count, long usage) => [.. Enumerable.Repeat(new HpaPod { Usage = usage }, count)];
}
