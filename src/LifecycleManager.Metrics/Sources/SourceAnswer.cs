using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Sources;

/// <summary>
/// What a server answered: one number, or why there is none although it answered. What is a part of the whole, or several
/// numbers of which nobody said how they become one, is no value.
/// </summary>
/// <param name="Value">The value; NaN where it is that (nothing was observed), or where there is none.</param>
/// <param name="Problem">Why there is none; null where there is one.</param>
internal readonly record struct SourceAnswer(double Value, string? Problem)
{
    /// <summary>What the server remarks on the question, which takes nothing from the value; null for nothing.</summary>
    public string? Note { get; init; }

    /// <summary>No value.</summary>
    public static SourceAnswer None(string problem) => new(double.NaN, problem);

    /// <summary>One number out of some.</summary>
    /// <param name="values">What was found. One that is NaN (nothing was observed) is left out where there are others.</param>
    /// <param name="across">How several become one; null where there is to be one alone.</param>
    /// <param name="what">What has the values: <c>the query</c>.</param>
    /// <param name="each">What they are: <c>series</c>.</param>
    /// <param name="nothing">What to say where there are none.</param>
    public static SourceAnswer Of(
        IReadOnlyList<double> values, Aggregation? across, string what, string each, string nothing)
    {
        if (values.Count == 0) return None(nothing);
        if (across is not { } join)
        {
            return values.Count == 1
                ? new SourceAnswer(values[0], null)
                : None($"{what} has {values.Count} {each}: say how they become one, 'across: sum' (max, min, avg or count)");
        }

        var seen = values.Where(value => !double.IsNaN(value)).ToList();
        if (seen.Count == 0) return new SourceAnswer(double.NaN, null);
        return new SourceAnswer(join switch
        {
            Aggregation.Count => seen.Count,
            Aggregation.Avg => seen.Average(),
            Aggregation.Min => seen.Min(),
            Aggregation.Max => seen.Max(),
            _ => seen.Sum(),
        }, null);
    }
}
