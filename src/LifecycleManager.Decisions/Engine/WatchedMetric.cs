using LifecycleManager.Decisions.Expressions;

namespace LifecycleManager.Decisions.Engine;

/// <summary>Reads a metric that is compared with itself before and after a change of the count.</summary>
internal static class WatchedMetric
{
    /// <summary>
    /// Its value; NaN where that is not known: it is missing, or nobody called, which is neither good nor bad.
    /// </summary>
    /// <param name="state">The app, its metrics read.</param>
    /// <param name="metric">The expression; the higher, the worse.</param>
    /// <param name="isBefore">Of what silent instances leave open the worse end before, the better end after.</param>
    public static double Read(AppMemory state, Expression metric, bool isBefore)
    {
        foreach (var slot in metric.Reads)
        {
            if (!state.App.Readings[slot - Slots.FirstRead].IsKnown) return double.NaN;
        }

        var value = metric.Number!(state.App.Slots);
        var end = isBefore ? value.High : value.Low;
        return double.IsFinite(end) ? end : double.NaN;
    }
}
