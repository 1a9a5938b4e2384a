using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tools.Analysis;

/// <summary>What the names of a policy's expressions can stand for, given its bounds.</summary>
internal sealed class PolicyRanges(Policy policy) : ValueRanges
{
    /// <inheritdoc />
    protected override Interval Name(string name)
    {
        var (min, max) = ((double)policy.Instances.Min, (double)policy.Instances.Max);
        return name switch
        {
            "instances" => new Interval(min, max),
            "healthy" or "staged" => new Interval(0, max),
            "min" or "max" => new Interval(min, max),
            "time" => new Interval(0, 86399),
            _ => Of(policy.Metrics.FirstOrDefault(metric => metric.Name == name)?.Query),
        };
    }
}
