using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Decisions.Engine.Islands;

/// <summary>One of the things that a budget limits.</summary>
/// <param name="Limit">The most of it; null where the budget does not limit it.</param>
/// <param name="Each">What an instance takes of it; NaN where that is unknown.</param>
/// <param name="Unit">As people call it.</param>
/// <param name="Unknown">What is said of an app of which it is unknown.</param>
internal sealed record BudgetResource(
    Func<Budget, double?> Limit, Func<IslandApp, double> Each, string Unit, Func<string, string> Unknown)
{
    public static BudgetResource Instances { get; } = new(budget => budget.Instances, _ => 1, "instances", Takes);

    public static BudgetResource Cpus { get; } = new(budget => budget.Cpus, app => app.App.Cpus, "cpus", Takes);

    public static BudgetResource Memory { get; } = new(budget => budget.Memory, app => app.App.Memory, "MB", Takes);

    public static BudgetResource Cost { get; } = new(budget => budget.Cost, app => app.App.Price, "an hour",
        app => $"what an instance of {app} costs is unknown: it has no label {PriceLabel.Name} that {PriceLabel.Form}");

    public static IReadOnlyList<BudgetResource> All { get; } = [Instances, Cpus, Memory, Cost];

    private static string Takes(string app) => $"what an instance of {app} takes is unknown";
}
