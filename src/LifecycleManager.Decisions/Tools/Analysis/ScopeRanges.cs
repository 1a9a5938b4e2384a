using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tools.Analysis;

/// <summary>What the names of a coordination's expressions can stand for, given the policies that may govern its apps.</summary>
internal sealed class ScopeRanges(Coordination coordination, Governance governance) : ValueRanges
{
    private static readonly Interval NeverNegative = new(0, double.PositiveInfinity);

    /// <summary>The values that a read may have.</summary>
    public Interval Of(ScopeRead read) => Find(read.Alias) is not { } alias ? NeverNegative
        : read.Function is { } function ? Joined(alias, function, read.Field) : Field(alias, read.Field);

    /// <inheritdoc />
    protected override Interval Name(string name)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? Interval.Open : Find(name[..dot]) is { } alias ? Field(alias, name[(dot + 1)..]) : NeverNegative;
    }

    /// <inheritdoc />
    protected override Interval? Call(CallNode call)
    {
        if (call.Arguments is not [NameNode { Name: var name }]) return null;
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return Find(dot < 0 ? name : name[..dot]) is { } alias ? Joined(alias, call.Name, name[(dot + 1)..]) : null;
    }

    private AppAlias? Find(string? name) => coordination.Apps.FirstOrDefault(alias => alias.Name == name);

    private Interval Joined(AppAlias alias, string function, string field)
    {
        var most = alias.Apps is { IsExact: true, Ids.Count: var count } ? count : double.PositiveInfinity;
        if (function == "count") return new Interval(0, most);
        var each = Field(alias, field);
        return function == "sum" ? Interval.Either(0, each * new Interval(0, most)) : each;
    }

    private Interval Field(AppAlias alias, string field)
    {
        var policies = governance.Of(alias);
        var most = governance.IsSure(alias) ? policies.Max(policy => policy.Instances.Max) : double.PositiveInfinity;
        return field switch
        {
            // An app may have been switched off, whatever the least of its policy.
            ScopeRead.Wanted or "instances" or "healthy" or "staged" or "max" => new Interval(0, most),
            "min" => new Interval(double.IsFinite(most) ? policies.Min(policy => policy.Instances.Min) : 0, most),
            "cpus" or "memory" => NeverNegative,
            "priority" => Interval.Open,
            _ => policies.Select(policy => Of(policy.Metrics.FirstOrDefault(metric => metric.Name == field)?.Query))
                .DefaultIfEmpty(Interval.Open).Aggregate(Interval.Either),
        };
    }
}
