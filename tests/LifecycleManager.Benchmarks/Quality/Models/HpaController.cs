namespace LifecycleManager.Benchmarks.Quality.Models;

/// <summary>
/// The turns of the HPA's controller: from what the metrics ask for to the count that is set, by bounds, stabilization and the
/// limits of <c>behavior</c>, or by the older limits where none is given. Times in seconds, ever rising.
/// </summary>
internal sealed class HpaController
{
    private readonly List<(double At, int Count)> _recommended = [];
    private readonly List<(double At, int Change)> _ups = [];
    private readonly List<(double At, int Change)> _downs = [];

    public required int Min { get; init; }

    public required int Max { get; init; }

    /// <summary>The controller's own window for shrinking.</summary>
    public double DownscaleStabilization { get; init; } = 300;

    /// <summary>Whether the object has a <c>behavior</c>; else the older limits hold.</summary>
    public bool HasBehavior { get; init; } = true;

    public HpaRules Up { get; init; } = HpaRules.ScaleUp;

    public HpaRules Down { get; init; } = HpaRules.ScaleDown;

    /// <summary>One turn.</summary>
    /// <param name="now">When it is.</param>
    /// <param name="current">The count.</param>
    /// <param name="wanted">What each metric asks for; null where that is not known.</param>
    /// <returns>The count that is set.</returns>
    public int Turn(double now, int current, IReadOnlyList<int?> wanted)
    {
        if (_recommended.Count == 0) _recommended.Add((now, current));
        if (current == 0 && Min > 0) return 0;
        if (current > Max || current < Min) return Set(now, current, Math.Clamp(current, Min, Max));
        var known = wanted.Where(one => one is not null).Select(one => one!.Value).ToList();
        if (known.Count == 0 || (known.Count < wanted.Count && known.Max() < current)) return current;
        return Set(now, current, HasBehavior ? ByBehavior(now, current, known.Max()) : ByOldLimits(now, current, known.Max()));
    }

    private int ByOldLimits(double now, int current, int wanted)
    {
        var (most, old) = (wanted, -1);
        for (var i = 0; i < _recommended.Count; i++)
        {
            if (_recommended[i].At < now - DownscaleStabilization) old = i;
            else most = Math.Max(most, _recommended[i].Count);
        }

        Recommend(now, wanted, old);
        return Math.Clamp(most, Min, Math.Min(Max, Math.Max(2 * current, 4)));
    }

    private int ByBehavior(double now, int current, int wanted)
    {
        var (up, down, old) = (wanted, wanted, -1);
        var (upCut, downCut) = (now - (Up.Window ?? 0), now - (Down.Window ?? DownscaleStabilization));
        for (var i = 0; i < _recommended.Count; i++)
        {
            var (at, count) = _recommended[i];
            if (at > upCut) up = Math.Min(up, count);
            if (at > downCut) down = Math.Max(down, count);
            if (at < upCut && at < downCut) old = i;
        }

        Recommend(now, wanted, old);
        var stable = Math.Min(Math.Max(current, up), down);
        if (stable > current) return Math.Min(stable, Math.Min(Max, Math.Max(current, UpLimit(now, current))));
        return stable < current ? Math.Max(stable, Math.Max(Min, Math.Min(current, DownLimit(now, current)))) : current;
    }

    /// <summary>An entry that no window sees is written over, the list else only grows.</summary>
    private void Recommend(double now, int count, int over)
    {
        if (over >= 0) _recommended[over] = (now, count);
        else _recommended.Add((now, count));
    }

    private int UpLimit(double now, int current)
    {
        if (Up.Select == HpaSelect.Disabled) return current;
        var limits = Up.Policies.Select(policy => (Policy: policy, Before: Before(now, current, policy.Period)))
            .Select(one => one.Policy.IsPercent
                ? (int)Math.Ceiling(one.Before * (1 + (one.Policy.Value / 100.0))) : one.Before + one.Policy.Value);
        return Up.Select == HpaSelect.Min ? limits.Min() : limits.Max();
    }

    private int DownLimit(double now, int current)
    {
        if (Down.Select == HpaSelect.Disabled) return current;
        var limits = Down.Policies.Select(policy => (Policy: policy, Before: Before(now, current, policy.Period)))
            .Select(one => one.Policy.IsPercent
                ? (int)(one.Before * (1 - (one.Policy.Value / 100.0))) : one.Before - one.Policy.Value);
        return Down.Select == HpaSelect.Min ? limits.Max() : limits.Min();
    }

    /// <summary>The count at the start of a period.</summary>
    private int Before(double now, int current, double period)
    {
        return current - Within(_ups) + Within(_downs);

        int Within(List<(double At, int Change)> events) => events.Where(one => one.At > now - period).Sum(one => one.Change);
    }

    private int Set(double now, int current, int count)
    {
        if (count == current || !HasBehavior) return count;
        var (events, rules, change) = count > current ? (_ups, Up, count - current) : (_downs, Down, current - count);
        var longest = rules.Policies.Max(policy => policy.Period);
        var old = events.FindLastIndex(one => one.At < now - longest);
        if (old >= 0) events[old] = (now, change);
        else events.Add((now, change));
        return count;
    }
}
