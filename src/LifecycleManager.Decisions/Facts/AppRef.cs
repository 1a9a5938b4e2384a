using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Decisions.Facts;

/// <summary>An app as policies and coordinations select it.</summary>
/// <param name="Id">The absolute app id.</param>
/// <param name="Labels">The app's labels; null for none.</param>
public readonly record struct AppRef(string Id, IReadOnlyDictionary<string, string>? Labels)
{
    /// <summary>The apps that it depends on, by absolute id, or the group that holds them; null for none.</summary>
    public IReadOnlyList<string>? Dependencies { get; init; }

    /// <summary>
    /// How important it is beside other apps: the scheduler launches the higher first, budgets serve the higher first. 0 where
    /// nothing is said.
    /// </summary>
    public int Priority { get; init; }

    /// <summary>What an instance takes, in cores; NaN where that is unknown.</summary>
    public double Cpus { get; init; } = double.NaN;

    /// <summary>What an instance takes, in MB; NaN where that is unknown.</summary>
    public double Memory { get; init; } = double.NaN;

    /// <summary>What an instance costs in an hour, by its app's label; NaN where that is unknown.</summary>
    internal double Price =>
        Labels is not null && Labels.TryGetValue(PriceLabel.Name, out var text) && PriceLabel.TryParse(text, out var price)
            ? price : double.NaN;
}
