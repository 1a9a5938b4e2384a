namespace LifecycleManager.Benchmarks.Quality.Models;

/// <summary>The strategies of the Nomad Autoscaler: the count that a check asks for; null where it asks for none.</summary>
internal static class NomadStrategies
{
    /// <summary><c>target-value</c>: in proportion to the metric, rounded up.</summary>
    /// <param name="count">The count.</param>
    /// <param name="metric">The newest value.</param>
    /// <param name="target">The target; at 0 the metric itself is the factor.</param>
    /// <param name="threshold">The share that the metric may be off the target.</param>
    public static int? TargetValue(int count, double metric, double target, double threshold = 0.01)
    {
        var factor = target == 0 ? metric : metric / target;
        if (count > 0 && factor >= 1 - threshold && factor <= 1 + threshold) return null;
        var wanted = (int)Math.Ceiling(count == 0 ? factor : count * factor);
        return wanted == count ? null : wanted;
    }

    /// <summary><c>threshold</c>: a step while enough values of the window lie within bounds.</summary>
    /// <param name="count">The count.</param>
    /// <param name="metrics">The values of the window.</param>
    /// <param name="lower">Within from here.</param>
    /// <param name="upper">Within below here.</param>
    /// <param name="step">The count that the step comes to, of the count there is.</param>
    /// <param name="trigger">So many values have to be within.</param>
    public static int? Threshold(
        int count, IReadOnlyList<double> metrics, double lower, double upper, Func<int, int> step, int trigger = 5)
    {
        if (metrics.Count(value => value >= lower && value < upper) < trigger) return null;
        var wanted = step(count);
        return wanted == count ? null : wanted;
    }

    /// <summary>A step by a share of the count, rounded up.</summary>
    public static Func<int, int> Percentage(double percent) => count => (int)Math.Ceiling(count * (1 + (percent / 100)));

    /// <summary>A step by so many.</summary>
    public static Func<int, int> Delta(int delta) => count => count + delta;

    /// <summary>A step to a count.</summary>
    public static Func<int, int> Value(int value) => _ => value;
}
