using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tools.Analysis;

/// <summary>
/// Interval arithmetic over an expression: which truth values a condition can take at all, whatever the metrics say. It errs to
/// the side of "possible".
/// </summary>
internal abstract class ValueRanges
{
    /// <summary>The values that a name may stand for.</summary>
    protected abstract Interval Name(string name);

    /// <summary>The values of a function over what a name stands for; null where it is none of this table's.</summary>
    protected virtual Interval? Call(CallNode call) => null;

    /// <summary>Whether a condition can be true, and whether it can be false.</summary>
    public (bool CanHold, bool CanFail) Of(Node node)
    {
        switch (node)
        {
            case TruthNode truth:
                return (truth.Value, !truth.Value);
            case UnaryNode { Operator: Operator.Not } not:
                var (holds, fails) = Of(not.Operand);
                return (fails, holds);
            case BinaryNode { Operator: Operator.And or Operator.Or } junction:
                var (left, right) = (Of(junction.Left), Of(junction.Right));
                return junction.Operator == Operator.And
                    ? (left.CanHold && right.CanHold && !Contradict(junction), left.CanFail || right.CanFail)
                    : (left.CanHold || right.CanHold, left.CanFail && right.CanFail);
            case BinaryNode comparison when IsNumber(comparison.Left) && IsNumber(comparison.Right):
                return Compare(comparison.Operator, Number(comparison.Left), Number(comparison.Right));
            default:
                return (true, true);
        }
    }

    /// <summary>The values that a number may take.</summary>
    public Interval Number(Node node)
    {
        switch (node)
        {
            case NumberNode number:
                return new Interval(number.Value, number.Value);
            case TimeNode time:
                return new Interval(time.Seconds, time.Seconds);
            case NameNode name:
                return Name(name.Name);
            case UnaryNode { Operator: Operator.Negate } negated:
                var inner = Number(negated.Operand);
                return -inner;
            case BinaryNode binary:
                return Arithmetic(binary.Operator, Number(binary.Left), Number(binary.Right));
            case CallNode own when Call(own) is { } value:
                return value;
            case CallNode { Name: "min" or "max" } call when call.Arguments.Count > 1
                && call.Arguments.All(argument => argument is not NumberNode { IsDuration: true }):
                var ranges = call.Arguments.Select(Number).ToList();
                return ranges.Aggregate(call.Name == "min" ? Interval.Min : Interval.Max);
            case CallNode { Name: "if", Arguments: [var when, var then, var otherwise] }:
                return Of(when) switch
                {
                    (true, false) => Number(then),
                    (false, true) => Number(otherwise),
                    _ => Interval.Either(Number(then), Number(otherwise)),
                };
            case CallNode { Name: "delta" or "deriv" or "predict" }:
                return Interval.Open;
            case CallNode { Arguments: [NameNode metric, ..] }:
                return Name(metric.Name);
            default:
                return Interval.Open;
        }
    }

    /// <summary>The values that a metric may have; anything where it is not known.</summary>
    protected static Interval Of(MetricQuery? query) =>
        query is not null && (query.NeverNegative || query.Source == MetricSource.Histogram)
            ? new Interval(0, double.PositiveInfinity) : Interval.Open;

    private static bool IsNumber(Node node) => node switch
    {
        TruthNode => false,
        UnaryNode unary => unary.Operator == Operator.Negate,
        BinaryNode binary => binary.Operator is Operator.Add or Operator.Subtract or Operator.Multiply or Operator.Divide,
        _ => true,
    };

    private static (bool, bool) Compare(Operator op, Interval left, Interval right) => op switch
    {
        Operator.Less => (left.Low < right.High, left.High >= right.Low),
        Operator.LessOrEqual => (left.Low <= right.High, left.High > right.Low),
        Operator.Greater => (left.High > right.Low, left.Low <= right.High),
        Operator.GreaterOrEqual => (left.High >= right.Low, left.Low < right.High),
        Operator.Equal => (left.Low <= right.High && right.Low <= left.High, !IsOne(left, right)),
        Operator.NotEqual => (!IsOne(left, right), left.Low <= right.High && right.Low <= left.High),
        _ => (true, true),
    };

    private static bool IsOne(Interval left, Interval right) =>
        left.Low == left.High && right.Low == right.High && left.Low == right.Low;

    // A divisor that may be zero, or an overflow, makes anything possible here.
    private static Interval Arithmetic(Operator op, Interval a, Interval b)
    {
        var value = op switch
        {
            Operator.Add => a + b,
            Operator.Subtract => a - b,
            Operator.Multiply => a * b,
            _ => a / b,
        };
        return value.IsKnown ? value : Interval.Open;
    }

    /// <summary>
    /// Whether the parts of an <c>and</c> bound the same text to ranges that do not meet: <c>cpu &gt; 0.8 and cpu &lt; 0.2</c>.
    /// </summary>
    private bool Contradict(BinaryNode junction)
    {
        var bounds = new Dictionary<string, Interval>(StringComparer.Ordinal);
        foreach (var part in Parts(junction))
        {
            if (part is not BinaryNode comparison || !IsNumber(comparison.Left) || !IsNumber(comparison.Right)) continue;
            if (Bound(comparison.Left, comparison.Right, comparison.Operator)
                || Bound(comparison.Right, comparison.Left, Turned(comparison.Operator))) return true;
        }

        return false;

        bool Bound(Node of, Node by, Operator op)
        {
            if (of is not NameNode { Name: var name } || Number(by) is var limit
                && (double.IsInfinity(limit.Low) || double.IsInfinity(limit.High))) return false;
            var known = bounds.GetValueOrDefault(name, Name(name));
            var narrowed = op switch
            {
                Operator.Less => known with { High = Math.Min(known.High, Math.BitDecrement(limit.High)) },
                Operator.LessOrEqual => known with { High = Math.Min(known.High, limit.High) },
                Operator.Greater => known with { Low = Math.Max(known.Low, Math.BitIncrement(limit.Low)) },
                Operator.GreaterOrEqual => known with { Low = Math.Max(known.Low, limit.Low) },
                Operator.Equal => new Interval(Math.Max(known.Low, limit.Low), Math.Min(known.High, limit.High)),
                _ => known,
            };
            bounds[name] = narrowed;
            return narrowed.Low > narrowed.High;
        }
    }

    private static IEnumerable<Node> Parts(Node node) => node is BinaryNode { Operator: Operator.And } and
        ? Parts(and.Left).Concat(Parts(and.Right))
        : [node];

    private static Operator Turned(Operator op) => op switch
    {
        Operator.Less => Operator.Greater,
        Operator.LessOrEqual => Operator.GreaterOrEqual,
        Operator.Greater => Operator.Less,
        Operator.GreaterOrEqual => Operator.LessOrEqual,
        _ => op,
    };
}
