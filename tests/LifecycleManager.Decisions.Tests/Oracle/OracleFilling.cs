using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tests.Oracle;

/// <summary>
/// The instances of an app as the HPA sorts them: those that have a value, those that start, and the silent ones.
/// </summary>
/// <param name="Ready">How many have a value.</param>
/// <param name="Sum">Their values together, negative ones taken for 0.</param>
/// <param name="Filled">The same with the silent ones filled in for a calculation that shrinks.</param>
/// <param name="Silent">How many should have a value and have none.</param>
/// <param name="NotReady">How many start, or are still to be started.</param>
internal readonly record struct OracleFilling(int Ready, double Sum, double Filled, int Silent, int NotReady)
{
    /// <summary>Sorts them.</summary>
    /// <param name="readings">The instances.</param>
    /// <param name="fill">What a silent one is taken to use when shrinking.</param>
    /// <param name="pending">How many were asked for and do not serve yet.</param>
    public static OracleFilling Of(List<InstanceReading> readings, double fill, int pending)
    {
        var (ready, sum, filled, silent, notReady) = (0, 0.0, 0.0, 0, 0);
        foreach (var reading in readings)
        {
            if (!reading.Expected)
            {
                notReady++;
            }
            else if (reading.Missing is not null || !double.IsFinite(reading.Value))
            {
                silent++;
                filled += fill;
            }
            else
            {
                // A value over a part of the window is the least that the instance uses.
                var value = Math.Max(0, reading.Value);
                ready++;
                sum += value;
                filled += reading.Range.High > value ? Math.Max(value, Math.Min(fill, reading.Range.High)) : value;
            }
        }

        // What was asked for and is not known to the reader yet: staged instances, which the HPA calls pending pods.
        return new OracleFilling(ready, sum, filled, silent, notReady + Math.Max(0, pending - notReady));
    }
}
