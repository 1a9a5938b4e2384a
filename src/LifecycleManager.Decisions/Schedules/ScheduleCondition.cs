using LifecycleManager.Decisions.Facts;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Schedules;

/// <summary>A condition over one app's metrics and counts, such as <c>queue == 0</c>.</summary>
public abstract class ScheduleCondition
{
    /// <summary>As it is written.</summary>
    public abstract string Text { get; }

    /// <summary>What has to be collected for it.</summary>
    public abstract IEnumerable<MetricDemand> Demands(AppRef app);

    /// <summary>Whether it holds; null where that is not known.</summary>
    public abstract bool? Holds(in AppFacts facts, IMetricReader metrics);
}
