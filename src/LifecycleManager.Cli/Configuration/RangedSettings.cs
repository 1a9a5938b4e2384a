using System.CommandLine;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Cli.Configuration;

/// <summary>
/// Options whose default and range are those of a property of a role's options: its value and its <see cref="RangeAttribute"/>.
/// A value beyond the range is refused, and <c>--help</c> shows the range.
/// </summary>
/// <typeparam name="TOptions">The role's options.</typeparam>
internal sealed class RangedSettings<TOptions>(Settings settings, TOptions defaults) where TOptions : class
{
    /// <summary>A duration.</summary>
    /// <exception cref="InvalidOperationException">The property declares no range.</exception>
    public Option<TimeSpan> Time(string name, string description, string property)
    {
        var (min, max) = Range<TimeSpan>(property);
        var otherwise = Default<TimeSpan>(property);
        return Setting.Of(
            settings, name, $"{description}, {DurationText.Format(min)} to {DurationText.Format(max)}", Values.Time(min, max),
            () => otherwise, DurationText.Format(otherwise));
    }

    /// <summary>A duration that may be left out.</summary>
    /// <exception cref="InvalidOperationException">The property declares no range.</exception>
    public Option<TimeSpan?> OptionalTime(string name, string description, string property, string absent)
    {
        var (min, max) = Range<TimeSpan>(property);
        return Setting.Of<TimeSpan?>(
            settings, name, $"{description}, {DurationText.Format(min)} to {DurationText.Format(max)}",
            text => Values.Time(min, max)(text), () => null, absent);
    }

    /// <summary>A whole number.</summary>
    /// <exception cref="InvalidOperationException">The property declares no range.</exception>
    public Option<int> Count(string name, string description, string property)
    {
        var (min, max) = Range<int>(property);
        var otherwise = Default<int>(property);
        return Setting.Of(
            settings, name, $"{description}, {min} to {max}", Values.Count(min, max), () => otherwise, $"{otherwise}");
    }

    /// <summary>A whole number that may be left out.</summary>
    /// <exception cref="InvalidOperationException">The property declares no range.</exception>
    public Option<int?> OptionalCount(string name, string description, string property, string absent)
    {
        var (min, max) = Range<int>(property);
        return Setting.Of<int?>(
            settings, name, $"{description}, {min} to {max}", text => Values.Count(min, max)(text), () => null, absent);
    }

    /// <summary>A number, or a share in percent.</summary>
    /// <exception cref="InvalidOperationException">The property declares no range.</exception>
    public Option<double> Number(string name, string description, string property)
    {
        var (min, max) = Range<double>(property);
        var otherwise = Default<double>(property);
        return Setting.Of(
            settings, name, string.Create(CultureInfo.InvariantCulture, $"{description}, {min} to {max}"),
            Values.Number(min, max), () => otherwise, otherwise.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>A number of bytes.</summary>
    /// <exception cref="InvalidOperationException">The property declares no range.</exception>
    public Option<long> Size(string name, string description, string property)
    {
        var (min, max) = Range<long>(property);
        var otherwise = Default<long>(property);
        return Setting.Of(
            settings, name, $"{description}, {Values.FormatSize(min)} to {Values.FormatSize(max)}", Values.Size(min, max),
            () => otherwise, Values.FormatSize(otherwise));
    }

    private static (T Min, T Max) Range<T>(string property) where T : IParsable<T>
    {
        var range = typeof(TOptions).GetProperty(property)?.GetCustomAttribute<RangeAttribute>()
            ?? throw new InvalidOperationException($"{typeof(TOptions).Name}.{property} declares no range");
        return (Limit<T>(range.Minimum), Limit<T>(range.Maximum));
    }

    /// <summary>A limit as the attribute has it: a number, or the text of one or of a duration.</summary>
    private static T Limit<T>(object limit) where T : IParsable<T> =>
        limit is T value ? value : T.Parse(Convert.ToString(limit, CultureInfo.InvariantCulture)!, CultureInfo.InvariantCulture);

    private T Default<T>(string property) => (T)typeof(TOptions).GetProperty(property)!.GetValue(defaults)!;
}
