using LifecycleManager.Decisions.Tests.Engine;

namespace LifecycleManager.Decisions.Tests.Tools.Import;

/// <summary>A source, and what it means.</summary>
/// <param name="Name">What it is.</param>
/// <param name="File">Its file's name.</param>
/// <param name="Text">The source.</param>
/// <param name="Seconds">From one of its turns to the next.</param>
/// <param name="Model">A new model of it.</param>
/// <param name="Metrics">Its metrics.</param>
internal sealed record Meaning(
    string Name, string File, string Text, int Seconds, Func<SourceModels.Turn> Model, params DrawnMetric[] Metrics)
{
    /// <summary>The count at first.</summary>
    public int Start { get; init; } = 10;

    /// <summary>The code of the import; 1 where it says that the policy differs in something else than is compared.</summary>
    public int Code { get; init; }

    /// <summary>Whether two counts that follow one may differ.</summary>
    public Func<int, int, int, bool> MayDiffer { get; init; } = (_, _, _) => false;
}

/// <summary>A metric with values by chance.</summary>
/// <param name="Draw">The next value.</param>
/// <param name="Feed">How the engine reads a value.</param>
internal sealed record DrawnMetric(Func<Random, double> Draw, Action<Cluster, double> Feed)
{
    /// <summary>Whole numbers, one for all instances.</summary>
    public static DrawnMetric Joined(string selector, int most) =>
        new(random => random.Next(most + 1), (cluster, value) => cluster.Metrics[selector] = value);

    /// <summary>Quarters, the same at each instance.</summary>
    public static DrawnMetric Each(string selector, int most) =>
        new(random => random.Next((most * 4) + 1) / 4.0, (cluster, value) => Fill(cluster, selector, value));

    /// <summary>Even percent, read as a share of each instance: bounds are odd, so that rounding decides nothing.</summary>
    public static DrawnMetric Percent(string selector) =>
        new(random => random.Next(61) * 2, (cluster, value) => Fill(cluster, selector, value / 100));

    private static void Fill(Cluster cluster, string selector, double value) =>
        cluster.Metrics.Instances(selector, [.. Enumerable.Repeat((value, true), cluster.Instances)]);
}
