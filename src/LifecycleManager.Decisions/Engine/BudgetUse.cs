using LifecycleManager.Decisions.Coordinations;

namespace LifecycleManager.Decisions.Engine;

/// <summary>
/// What the apps of a budget use of it, by the counts that are asked for. Null where that is unknown: what an instance of one of
/// them takes, or costs, is not said.
/// </summary>
/// <param name="Budget">The budget.</param>
/// <param name="Instances">The instances.</param>
/// <param name="Cpus">In cores.</param>
/// <param name="Memory">In MB.</param>
/// <param name="Cost">An hour, by the apps' labels.</param>
public sealed record BudgetUse(Budget Budget, double? Instances, double? Cpus, double? Memory, double? Cost);
