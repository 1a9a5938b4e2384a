using LifecycleManager.Decisions.Rules;

namespace LifecycleManager.Decisions.Tests.Oracle;

/// <summary>The oracle's rules, made of what was read from the same file.</summary>
internal static class OracleRules
{
    public static OracleRule Of(Rule rule) => rule switch
    {
        ThresholdRule r => new OracleThresholdRule
        {
            Name = r.Name,
            Place = r.Place,
            Index = r.Index,
            When = r.When,
            For = r.For,
            Then = Of(r.Then),
        },
        TargetRule r => new OracleTargetRule
        {
            Name = r.Name,
            Place = r.Place,
            Index = r.Index,
            Metric = r.Metric,
            Value = r.Value,
            Tolerance = r.Tolerance,
            PerInstance = r.PerInstance,
            Activation = r.Activation,
            ByInstance = r.ByInstance,
            Fills = r.Fills,
            Fill = r.Fill,
        },
        StepRule r => new OracleStepRule
        {
            Name = r.Name,
            Place = r.Place,
            Index = r.Index,
            Metric = r.Metric,
            For = r.For,
            Steps = [.. r.Steps.Select(step => new OracleStep(step.Above, step.Below, Of(step.Then)))],
        },
        ScheduleRule r => new OracleScheduleRule
        {
            Name = r.Name,
            Place = r.Place,
            Index = r.Index,
            Schedule = r.Schedule,
            Then = Of(r.Then),
        },
        ForecastRule r => new OracleForecastRule
        {
            Name = r.Name,
            Place = r.Place,
            Index = r.Index,
            Metric = r.Metric,
            Value = r.Value,
            PerInstance = r.PerInstance,
            Season = r.Season,
            Step = r.Step,
            Ahead = r.Ahead,
            MaxError = r.MaxError,
        },
        _ => throw new ArgumentOutOfRangeException(nameof(rule), rule.GetType(), "the oracle knows no such rule"),
    };

    private static OracleRuleAction Of(RuleAction then) => new(then.Kind)
    {
        Amount = then.Amount,
        IsPercent = then.IsPercent,
        Count = then.Count,
        Min = then.Min,
        Max = then.Max,
    };
}
