using System.Globalization;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Tools.Analysis;

/// <summary>
/// Numbers that are of another unit than what they are compared with: a share and 80, seconds and 500, bytes and 400.
/// </summary>
internal static class Units
{
    public const string Code = "unit";

    // A container may use more than its share of a cpu; twice of it nobody means.
    private const double MostShare = 2;
    private const double LongAnswer = 60;
    private const double FewBytes = 100_000;
    private static readonly string[] OfAnswers = ["request", "response", "latency", "duration"];
    private static readonly string[] OfMemory = ["mem", "heap", "disk", "resident", "buffer"];
    private static readonly Operator[] Comparisons =
        [Operator.Less, Operator.LessOrEqual, Operator.Greater, Operator.GreaterOrEqual, Operator.Equal, Operator.NotEqual];

    /// <summary>The findings of one policy.</summary>
    public static IEnumerable<PolicyProblem> Of(Policy policy)
    {
        var found = new List<PolicyProblem>();
        foreach (var rule in policy.RuleArray)
        {
            switch (rule)
            {
                case ThresholdRule threshold:
                    Compare(threshold.When.Root, rule);
                    break;
                case TargetRule target:
                    Judge(target.Metric.Root, target.Value, isDuration: false, rule, target.PerInstance);
                    break;
                case ForecastRule forecast:
                    Judge(forecast.Metric.Root, forecast.Value, isDuration: false, rule, forecast.PerInstance);
                    break;
                case StepRule step:
                    foreach (var end in step.Steps.SelectMany(one => new[] { one.Above, one.Below }).Where(double.IsFinite))
                        Judge(step.Metric.Root, end, isDuration: false, rule);
                    break;
            }
        }

        return found;

        void Compare(Node node, Rule rule)
        {
            if (node is UnaryNode unary) Compare(unary.Operand, rule);
            if (node is not BinaryNode binary) return;
            if (!Comparisons.Contains(binary.Operator))
            {
                Compare(binary.Left, rule);
                Compare(binary.Right, rule);
            }
            else if (binary.Right is NumberNode right)
            {
                Judge(binary.Left, right.Value, right.IsDuration, rule);
            }
            else if (binary.Left is NumberNode left)
            {
                Judge(binary.Right, left.Value, left.IsDuration, rule);
            }
        }

        void Judge(Node node, double value, bool isDuration, Rule rule, bool perInstance = false)
        {
            if (Measured(node, policy) is not { } metric) return;
            var unit = MetricUnits.Of(metric.Query);
            // All instances together use more than one share.
            if (unit == MetricUnit.Share && metric.Query.Across is Aggregation.Sum or Aggregation.Count && !perInstance) return;
            if (Problem(metric, unit, value, isDuration) is not var (message, suggestion)) return;
            found.Add(PolicyAnalysis.Warn(rule.Place, Code, $"the rule '{rule.Name}': {message}", suggestion));
        }
    }

    private static (string Message, string Suggestion)? Problem(
        PolicyMetric metric, MetricUnit unit, double value, bool isDuration)
    {
        var (name, number) = (metric.Name, Expression.Format(value));
        var of = metric.Query.Selector;
        switch (unit)
        {
            case MetricUnit.Share when isDuration:
                return ($"{name} is a share, 0 to 1, and no time", "write 0.6 or 60%");
            case MetricUnit.Share when Math.Abs(value) > MostShare:
                return ($"{name} is a share, 0 to 1: {number} is {Expression.Format(value * 100)}%",
                    value <= 100 ? $"write {number}% or {Expression.Format(value / 100)}" : "write 0.6 or 60%");
            case MetricUnit.Seconds when !isDuration && value >= LongAnswer && Says(of, OfAnswers):
                return ($"{name} is in seconds: {number} is {DurationText.Format(TimeSpan.FromSeconds(Math.Min(value, 1e9)))}",
                    $"of milliseconds write {number}ms or {Expression.Format(value / 1000)}");
            case MetricUnit.Milliseconds when isDuration:
                return ($"{name} is in milliseconds, and a duration counts seconds: {number}",
                    $"write {(value * 1000).ToString("0.###", CultureInfo.InvariantCulture)}");
            case MetricUnit.Milliseconds when value is > 0 and < 1:
                return ($"{name} is in milliseconds: {number} is less than one", $"write {Expression.Format(value * 1000)}");
            case MetricUnit.Bytes when value is > 0 and < FewBytes && Says(of, OfMemory):
                return ($"{name} is in bytes: {number} are {MetricUnits.Format(value, unit)}",
                    $"of megabytes write {number} * 1024 * 1024");
            default:
                return null;
        }
    }

    private static bool Says(string selector, string[] words) =>
        words.Any(word => selector.Contains(word, StringComparison.OrdinalIgnoreCase));

    /// <summary>The metric in whose unit a value is; null where that is not told.</summary>
    private static PolicyMetric? Measured(Node node, Policy policy) => node switch
    {
        NameNode name => policy.Metrics.FirstOrDefault(metric => metric.Name == name.Name),
        UnaryNode { Operator: Operator.Negate } negated => Measured(negated.Operand, policy),
        CallNode { Name: "rate" or "increase" or "delta" or "deriv" or "count" or "sum" or "if" } => null,
        CallNode { Arguments: [var first, ..] } => Measured(first, policy),
        _ => null,
    };
}
