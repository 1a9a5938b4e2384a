namespace LifecycleManager.Benchmarks.Quality.Models;

/// <summary>
/// The count that one metric asks for, as Kubernetes' Horizontal Pod Autoscaler reckons it before any limit: whole numbers where
/// it has whole numbers, since what they cut away decides at the edges.
/// </summary>
internal sealed class HpaReplicas
{
    /// <summary>The share under the target that is let be.</summary>
    public double ScaleInTolerance { get; init; } = 0.1;

    /// <summary>The share over the target that is let be.</summary>
    public double ScaleOutTolerance { get; init; } = 0.1;

    /// <summary>So many seconds after its start a pod's cpu counts only once it is ready and measured since.</summary>
    public double CpuInitialization { get; init; } = 300;

    /// <summary>A pod that became unready within so many seconds of its start has never been ready.</summary>
    public double InitialReadinessDelay { get; init; } = 30;

    /// <summary>A resource metric with a utilization of what is requested.</summary>
    /// <param name="current">The count.</param>
    /// <param name="percent">The target.</param>
    /// <param name="pods">The pods.</param>
    /// <param name="isCpu">Whether it is the cpu, of which a start says nothing.</param>
    /// <param name="container">Of which container; null for the pod's.</param>
    public HpaAnswer Utilization(int current, long percent, IReadOnlyList<HpaPod> pods, bool isCpu, int? container = null)
    {
        if (pods.Count == 0) return HpaAnswer.Of(HpaError.NoPods);
        var sorted = Sorted.Of(pods, pod => IsUnready(pod, isCpu));
        if (sorted.Measured.Count == 0) return HpaAnswer.Of(HpaError.NoMetrics);
        if (pods.Any(pod => Request(pod, container) is null)) return HpaAnswer.Of(HpaError.MissingRequest);
        if (Sum(sorted.Measured.Select(pod => Request(pod, container)!.Value)) == 0) return HpaAnswer.Of(HpaError.ZeroRequests);
        return Of(current, sorted, Ratio, pod => Request(pod, container)!.Value * Math.Max(100, percent) / 100);

        double Ratio(IReadOnlyList<(HpaPod Pod, long Usage)> all)
        {
            var requested = Sum(all.Select(one => Request(one.Pod, container)!.Value));
            return (double)(int)(Sum(all.Select(one => one.Usage)) * 100 / requested) / percent;
        }
    }

    /// <summary>A metric of each pod, or a resource, with an average value, thousandths.</summary>
    public HpaAnswer Average(int current, long target, IReadOnlyList<HpaPod> pods, bool isCpu)
    {
        if (pods.Count == 0) return HpaAnswer.Of(HpaError.NoPods);
        var sorted = Sorted.Of(pods, pod => IsUnready(pod, isCpu));
        return sorted.Measured.Count == 0 ? HpaAnswer.Of(HpaError.NoMetrics)
            : Of(current, sorted, all => (double)(Sum(all.Select(one => one.Usage)) / all.Count) / target, _ => target);
    }

    /// <summary>An object's or an external metric with a value, thousandths.</summary>
    public HpaAnswer Value(int current, long target, long value, IReadOnlyList<HpaPod> pods)
    {
        var ratio = (double)value / target;
        if (current == 0) return new HpaAnswer((int)Math.Ceiling(ratio), HpaError.None);
        if (IsWithin(ratio)) return new HpaAnswer(current, HpaError.None);
        if (pods.Count == 0) return HpaAnswer.Of(HpaError.NoPods);
        var ready = pods.Count(pod => pod is { Phase: PodPhase.Running, Ready: ReadyCondition.True });
        return new HpaAnswer((int)Math.Ceiling(ratio * ready), HpaError.None);
    }

    /// <summary>An object's or an external metric of which each pod has its share, thousandths.</summary>
    public HpaAnswer AverageOf(int current, long target, long value) => new(
        IsWithin(value / ((double)target * current)) ? current : (int)Math.Ceiling((double)value / target), HpaError.None);

    private HpaAnswer Of(
        int current, Sorted sorted, Func<IReadOnlyList<(HpaPod Pod, long Usage)>, double> ratio, Func<HpaPod, long> fill)
    {
        var all = sorted.Measured.Select(pod => (pod, pod.Usage!.Value)).ToList();
        var first = ratio(all);
        var withUnready = sorted.Unready.Count > 0 && first > 1;
        if (!withUnready && sorted.Missing.Count == 0)
            return new HpaAnswer(IsWithin(first) ? current : (int)Math.Ceiling(first * all.Count), HpaError.None);
        if (first < 1) all.AddRange(sorted.Missing.Select(pod => (pod, fill(pod))));
        else if (first > 1) all.AddRange(sorted.Missing.Select(pod => (pod, 0L)));
        if (withUnready) all.AddRange(sorted.Unready.Select(pod => (pod, 0L)));
        var second = ratio(all);
        if (IsWithin(second) || (first < 1 && second > 1) || (first > 1 && second < 1))
            return new HpaAnswer(current, HpaError.None);
        var count = (int)Math.Ceiling(second * all.Count);
        return new HpaAnswer(
            (second < 1 && count > current) || (second > 1 && count < current) ? current : count, HpaError.None);
    }

    private bool IsWithin(double ratio) => 1 - ScaleInTolerance <= ratio && ratio <= 1 + ScaleOutTolerance;

    private bool IsUnready(HpaPod pod, bool isCpu)
    {
        if (!isCpu) return false;
        if (pod.Ready == ReadyCondition.None || pod.StartedAt is not { } started) return true;
        if (started + CpuInitialization > 0)
            return pod.Ready == ReadyCondition.False || pod.MeasuredAt < pod.ReadySince + pod.Window;
        return pod.Ready == ReadyCondition.False && started + InitialReadinessDelay > pod.ReadySince;
    }

    // Sums go round where they are too great, as the original's do.
    private static long Sum(IEnumerable<long> values) => values.Aggregate(0L, (sum, value) => unchecked(sum + value));

    private static long? Request(HpaPod pod, int? container)
    {
        var requests = container is { } index ? [pod.Requests[index]] : pod.Requests;
        return requests.Contains(null) ? null : Sum(requests.Select(request => request!.Value));
    }

    /// <summary>The pods by what their metric is worth.</summary>
    private sealed record Sorted(List<HpaPod> Measured, List<HpaPod> Unready, List<HpaPod> Missing)
    {
        public static Sorted Of(IReadOnlyList<HpaPod> pods, Func<HpaPod, bool> isUnready)
        {
            var sorted = new Sorted([], [], []);
            foreach (var pod in pods)
            {
                if (pod.IsTerminating || pod.Phase == PodPhase.Failed) continue;
                var into = pod.Phase == PodPhase.Pending ? sorted.Unready
                    : pod.Usage is null ? sorted.Missing
                    : isUnready(pod) ? sorted.Unready
                    : sorted.Measured;
                into.Add(pod);
            }

            return sorted;
        }
    }
}

/// <summary>What came of it.</summary>
/// <param name="Count">The count; -1 where there is none.</param>
/// <param name="Error">Why there is none.</param>
internal readonly record struct HpaAnswer(int Count, HpaError Error)
{
    public static HpaAnswer Of(HpaError error) => new(-1, error);
}

/// <summary>Why the HPA gets no count out of a metric.</summary>
internal enum HpaError
{
    None,
    NoPods,
    NoMetrics,
    MissingRequest,
    ZeroRequests,
}
