using LifecycleManager.Decisions.Engine;
using LifecycleManager.Runtime.Observability;
using Prometheus;

namespace LifecycleManager.Manager.Observability;

/// <summary>What is used and allowed of each budget. What is unknown is not shown.</summary>
internal sealed class BudgetMetrics
{
    private readonly Gauge _used;
    private readonly Gauge _allowed;
    private HashSet<(string Budget, string Resource)> _shown = [];

    public BudgetMetrics(CollectorRegistry registry)
    {
        var metrics = Prometheus.Metrics.WithCustomRegistry(registry);
        _used = metrics.CreateGauge("lcm_manager_budget_used",
            "What the apps of a budget use of it by the counts asked for: instances, cpus, memory_mb, or cost_per_hour.",
            ["budget", "resource"]);
        _allowed = metrics.CreateGauge("lcm_manager_budget_allowed", "What a budget allows its apps together.",
            ["budget", "resource"]);
    }

    /// <summary>Shows these budgets and no others.</summary>
    public void Show(IEnumerable<BudgetUse> uses)
    {
        var shown = new HashSet<(string, string)>();
        foreach (var (budget, instances, cpus, memory, cost) in uses)
        {
            Show("instances", instances, budget.Instances);
            Show("cpus", cpus, budget.Cpus);
            Show("memory_mb", memory, budget.Memory);
            Show("cost_per_hour", cost, budget.Cost);

            void Show(string resource, double? used, double? allowed)
            {
                if (allowed is null) return;
                _allowed.WithLabels(budget.Name, resource).Set(allowed.Value);
                if (used is null) _used.RemoveLabelled(budget.Name, resource);
                else _used.WithLabels(budget.Name, resource).Set(used.Value);
                shown.Add((budget.Name, resource));
            }
        }

        foreach (var (budget, resource) in _shown.Except(shown))
        {
            _used.RemoveLabelled(budget, resource);
            _allowed.RemoveLabelled(budget, resource);
        }

        _shown = shown;
    }
}
