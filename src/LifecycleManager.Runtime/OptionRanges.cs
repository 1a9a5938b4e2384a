using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Runtime;

/// <summary>
/// Enforces the ranges that options declare by <see cref="RangeAttribute"/>: also for options that are made in code, which no
/// command line has checked.
/// </summary>
public static class OptionRanges
{
    /// <summary>Checks every property that declares a range; null is always within it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range; the message names both.</exception>
    public static void Check(object options)
    {
        ArgumentNullException.ThrowIfNull(options);
        foreach (var property in options.GetType().GetProperties())
        {
            if (property.GetCustomAttribute<RangeAttribute>() is not { } range) continue;
            var value = property.GetValue(options);
            if (range.IsValid(value)) continue;
            throw new ArgumentOutOfRangeException(
                property.Name, Text(value),
                $"{options.GetType().Name}.{property.Name} must be {(range.MinimumIsExclusive ? "more than" : "at least")} "
                + $"{Text(range.Minimum)} and at most {Text(range.Maximum)}");
        }
    }

    // IsValid has converted the limits to the property's type.
    private static string? Text(object? value) => value is TimeSpan time
        ? DurationText.Format(time) : Convert.ToString(value, CultureInfo.InvariantCulture);
}
