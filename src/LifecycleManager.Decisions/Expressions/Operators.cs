using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Expressions;

/// <summary>What the operators take, and the code of what they compute.</summary>
internal static class Operators
{
    public static Code Junction(BinaryNode node, Code left, Code right)
    {
        var word = node.Operator == Operator.And ? "and" : "or";
        Expect(left, ValueKind.Truth, node.Left, word);
        Expect(right, ValueKind.Truth, node.Right, word);
        var (a, b) = (left.Condition!, right.Condition!);
        return node.Operator == Operator.And
            ? new Code(ValueKind.Truth, null, slots => a(slots) is var x and not Truth.False ? Min(x, b(slots)) : Truth.False)
            : new Code(ValueKind.Truth, null, slots => a(slots) is var x and not Truth.True ? Max(x, b(slots)) : Truth.True);

        static Truth Min(Truth x, Truth y) => x < y ? x : y;
        static Truth Max(Truth x, Truth y) => x > y ? x : y;
    }

    public static Code Arithmetic(BinaryNode node, Code left, Code right)
    {
        var symbol = Symbol(node.Operator);
        Expect(left, ValueKind.Number, node.Left, symbol);
        Expect(right, ValueKind.Number, node.Right, symbol);
        var (a, b) = (left.Number!, right.Number!);
        if (node.Operator == Operator.Divide && right.IsConstant && b([]).Point == 0)
        {
            throw new ExpressionException(node.Right.Start, "division by zero");
        }

        NumberCode code = node.Operator switch
        {
            Operator.Add => slots => a(slots) + b(slots),
            Operator.Subtract => slots => a(slots) - b(slots),
            Operator.Multiply => slots => a(slots) * b(slots),
            _ when IsRatio(node, left, right) => slots => Ratio(a(slots), b(slots), slots),
            _ => slots => a(slots) / b(slots),
        };
        return new Code(ValueKind.Number, code, null);
    }

    /// <summary>Whether a quotient is of one metric by another, which neither says anything of without an event.</summary>
    public static bool IsRatio(BinaryNode node, Code left, Code right) =>
        node.Operator == Operator.Divide && left.HasReads && right.HasReads && !HasFacts(node.Right);

    // A fact that is 0, as a count of healthy instances, is no lack of load.
    private static bool HasFacts(Node node) => node switch
    {
        NameNode name => Array.IndexOf(Slots.Facts, name.Name) >= 0,
        CallNode call => call.Arguments.Any(HasFacts),
        UnaryNode unary => HasFacts(unary.Operand),
        BinaryNode binary => HasFacts(binary.Left) || HasFacts(binary.Right),
        _ => false,
    };

    // Seconds spent by calls served, errors by requests: without an event both are 0 and the ratio is idle.
    private static Interval Ratio(Interval x, Interval y, ReadOnlySpan<Interval> slots) =>
        x is { Low: 0, High: 0 } && y is { Low: 0, High: 0 } ? slots[Slots.Idle] : x / y;

    public static Code Comparison(BinaryNode node, Code left, Code right, ICollection<(int Slot, NumberCode Value)> thresholds)
    {
        var symbol = Symbol(node.Operator);
        if (left.Kind != right.Kind)
        {
            throw new ExpressionException(
                node.Start,
                $"'{symbol}' compares a {Name(left.Kind)} with a {Name(right.Kind)}",
                left.Kind == ValueKind.Truth || right.Kind == ValueKind.Truth ? "join conditions with 'and' or 'or'"
                    : "a time of the day is written 22:30");
        }

        if (left.Kind == ValueKind.Truth) return TruthComparison(node, left, right);
        var (a, b) = (left.Number!, right.Number!);
        if (left.Slot >= Slots.FirstRead && !right.HasReads) thresholds.Add((left.Slot, b));
        if (right.Slot >= Slots.FirstRead && !left.HasReads) thresholds.Add((right.Slot, a));
        ConditionCode code = node.Operator switch
        {
            Operator.Equal => slots => Same(a(slots), b(slots)),
            Operator.NotEqual => slots => (Truth)(-(int)Same(a(slots), b(slots))),
            Operator.Less => slots => Less(a(slots), b(slots)),
            Operator.LessOrEqual => slots => (Truth)(-(int)Less(b(slots), a(slots))),
            Operator.Greater => slots => Less(b(slots), a(slots)),
            _ => slots => (Truth)(-(int)Less(a(slots), b(slots))),
        };
        return new Code(ValueKind.Truth, null, code);

        // Nothing compares with NaN, so that what is not known leaves the answer unknown.
        static Truth Less(Interval x, Interval y) => x.High < y.Low ? Truth.True : x.Low >= y.High ? Truth.False : Truth.Unknown;

        static Truth Same(Interval x, Interval y) => x.High < y.Low || y.High < x.Low ? Truth.False
            : x.IsPoint && y.IsPoint ? Truth.True
            : Truth.Unknown;
    }

    private static Code TruthComparison(BinaryNode node, Code left, Code right)
    {
        if (node.Operator is not (Operator.Equal or Operator.NotEqual))
        {
            throw new ExpressionException(node.Start, $"'{Symbol(node.Operator)}' cannot compare conditions",
                "join conditions with 'and' or 'or'");
        }

        var (a, b, same) = (left.Condition!, right.Condition!, node.Operator == Operator.Equal ? 1 : -1);
        return new Code(ValueKind.Truth, null, slots => (Truth)((int)a(slots) * (int)b(slots) * same));
    }

    public static void Expect(Code code, ValueKind kind, Node node, string by)
    {
        if (code.Kind != kind)
            throw new ExpressionException(node.Start, $"'{by}' takes a {Name(kind)}, but this is a {Name(code.Kind)}");
    }

    public static string Name(ValueKind kind) =>
        kind switch { ValueKind.Number => "number", ValueKind.Time => "time of the day", _ => "condition" };

    private static string Symbol(Operator op) => op switch
    {
        Operator.Equal => "==",
        Operator.NotEqual => "!=",
        Operator.Less => "<",
        Operator.LessOrEqual => "<=",
        Operator.Greater => ">",
        Operator.GreaterOrEqual => ">=",
        Operator.Add => "+",
        Operator.Subtract => "-",
        Operator.Multiply => "*",
        _ => "/",
    };
}
