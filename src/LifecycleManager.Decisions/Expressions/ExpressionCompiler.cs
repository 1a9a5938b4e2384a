using System.Globalization;
using System.Text;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Decisions.Expressions;

/// <summary>Checks the types of an expression and turns it into closures over the slots.</summary>
internal sealed class ExpressionCompiler
{
    private static readonly string[] Functions =
        ["if", "avg", "max", "min", "sum", "rate", "increase", "delta", "deriv", "predict", .. Enumerable.Range(1, 99)
            .Select(p => $"p{p}")];

    private static readonly string[] SuggestedFunctions = [.. Functions.Where(f => f[0] != 'p'
        || f is "p50" or "p90" or "p95" or "p99" or "predict")];

    private readonly ReadTable _table;
    private readonly string _text;
    private readonly List<(int Offset, NumberCode Value, bool IsTime)> _shown = [];
    private readonly SortedSet<int> _reads = [];
    private readonly List<(int Slot, NumberCode Value)> _thresholds = [];

    private ExpressionCompiler(ReadTable table, string text)
    {
        _table = table;
        _text = text;
    }

    /// <summary>Compiles a condition.</summary>
    /// <exception cref="ExpressionException">The text is not a condition over the known names.</exception>
    public static Expression Condition(string text, ReadTable table) => Compile(text, table, wantsCondition: true);

    /// <summary>Compiles a number.</summary>
    /// <exception cref="ExpressionException">The text is not a number over the known names.</exception>
    public static Expression Number(string text, ReadTable table) => Compile(text, table, wantsCondition: false);

    private static Expression Compile(string text, ReadTable table, bool wantsCondition)
    {
        var root = ExpressionParser.Parse(text);
        var compiler = new ExpressionCompiler(table, text);
        var code = compiler.Visit(root);
        if (wantsCondition && code.Kind != ValueKind.Truth)
        {
            throw new ExpressionException(root.Start, $"expected a condition, but this is a {Operators.Name(code.Kind)}",
                "compare it with something: tpm > 10");
        }

        if (!wantsCondition && code.Kind != ValueKind.Number)
        {
            throw new ExpressionException(root.Start, $"expected a number, but this is a {Operators.Name(code.Kind)}");
        }

        var (folded, map) = Expression.Fold(text);
        return new Expression
        {
            Root = root,
            Text = folded,
            Condition = code.Condition,
            Number = code.Number,
            Shown = [.. compiler._shown.OrderBy(shown => shown.Offset)
                .Select(shown => (map[shown.Offset], shown.Value, shown.IsTime))],
            Reads = [.. compiler._reads],
            Thresholds = compiler._thresholds,
            SingleRead = code.Slot >= Slots.FirstRead ? code.Slot : -1,
            IsConstant = code.IsConstant,
        };
    }

    private Code Visit(Node node) => node switch
    {
        NumberNode number => Code.Constant(number.Value),
        TimeNode time => Code.Constant(time.Seconds) with { Kind = ValueKind.Time },
        TruthNode truth => Constant(truth.Value ? Truth.True : Truth.False),
        NameNode name => Reference(name),
        CallNode call => Call(call),
        UnaryNode unary => Unary(unary),
        BinaryNode binary => Binary(binary),
        _ => throw new InvalidOperationException(),
    };

    private static Code Constant(Truth value) => new(ValueKind.Truth, null, _ => value) { IsConstant = true, HasReads = false };

    private Code Reference(NameNode node)
    {
        var fact = Guard(node.Start, () => _table.Fact(node.Name));
        if (fact >= 0)
        {
            return Load(fact, node.End) with { Kind = fact == Slots.Time ? ValueKind.Time : ValueKind.Number };
        }

        if (_table.Find(node.Name) is { } metric) return Guard(node.Start, () => LoadRead(_table.Plain(metric), node.End));
        if (Array.IndexOf(Functions, node.Name) >= 0)
        {
            throw new ExpressionException(node.Start, $"'{node.Name}' is a function",
                $"write {node.Name}(metric) or {node.Name}(metric, 5m)");
        }

        throw new ExpressionException(node.Start, $"unknown name '{node.Name}'", NearestName.Suggest(node.Name, _table.Names));
    }

    private Code Load(int slot, int end)
    {
        Interval Value(ReadOnlySpan<Interval> slots) => slots[slot];
        _shown.Add((end, Value, slot == Slots.Time));
        return new Code(ValueKind.Number, Value, null) { Slot = slot };
    }

    private Code LoadRead(int slot, int end)
    {
        _reads.Add(slot);
        return Load(slot, end) with { HasReads = true };
    }

    private Code Unary(UnaryNode node)
    {
        var operand = Visit(node.Operand);
        if (node.Operator == Operator.Not)
        {
            Operators.Expect(operand, ValueKind.Truth, node.Operand, "not");
            var condition = operand.Condition!;
            return new Code(ValueKind.Truth, null, slots => (Truth)(-(int)condition(slots)))
            {
                HasReads = operand.HasReads,
                IsConstant = operand.IsConstant
            };
        }

        Operators.Expect(operand, ValueKind.Number, node.Operand, "-");
        var number = operand.Number!;
        return new Code(ValueKind.Number, slots => -number(slots), null)
        {
            HasReads = operand.HasReads,
            IsConstant = operand.IsConstant
        };
    }

    private Code Binary(BinaryNode node)
    {
        var (left, right) = (Visit(node.Left), Visit(node.Right));
        var code = node.Operator switch
        {
            Operator.And or Operator.Or => Operators.Junction(node, left, right),
            Operator.Add or Operator.Subtract or Operator.Multiply or Operator.Divide => Operators.Arithmetic(node, left, right),
            _ => Operators.Comparison(node, left, right, _thresholds),
        };
        _table.HasRatio |= Operators.IsRatio(node, left, right);
        return code with { HasReads = left.HasReads || right.HasReads, IsConstant = left.IsConstant && right.IsConstant };
    }

    private Code Call(CallNode node)
    {
        if (node.Arguments is [NameNode all] && Guard(all.Start, () => _table.Aggregate(node.Name, all.Name)) is >= 0 and var slot)
            return Load(slot, node.End);

        if (Array.IndexOf(Functions, node.Name) < 0)
        {
            throw new ExpressionException(node.Start, $"unknown function '{node.Name}'",
                NearestName.Suggest(node.Name, SuggestedFunctions));
        }

        var metric = node.Arguments is [NameNode first, ..] && _table.Fact(first.Name) < 0
            ? _table.Find(first.Name) : null;
        var text = _text[node.Start..node.End];
        switch (node.Name)
        {
            case "avg" or "max" or "min" or "sum" when metric is not null && node.Arguments.Count == 1:
                return Guard(node.Start, () => LoadRead(_table.Joined(metric, text, Across(node.Name)), node.End));
            case "avg" or "max" or "min" or "sum" when metric is not null
                && node.Arguments is [_, NumberNode { IsDuration: true }]:
                return Guard(node.Start, () => LoadRead(_table.Windowed(metric, text, Function(node.Name), Window(node, 1)),
                    node.End));
            case "avg" or "max" or "min" or "sum":
                if (node.Arguments is [NameNode { Name: var fact, Start: var at }, NumberNode { IsDuration: true }]
                    && _table.Momentary(fact) is var (message, hint))
                {
                    throw new ExpressionException(at, message, hint);
                }

                return OfNumbers(node);
            case "rate" or "increase" or "delta" or "deriv":
                return Guard(node.Start, () => LoadRead(
                    _table.Windowed(Metric(node, metric, 2, "(metric, 5m)"), text, Function(node.Name), Window(node, 1)),
                    node.End));
            case "if":
                return Choice(node);
            case "predict":
                return Predict(node, Metric(node, metric, 3, "(metric, 10m, 5m): the window, and how far ahead"), text);
            default:
                var quantile = int.Parse(node.Name.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture) / 100.0;
                var of = Metric(node, metric, node.Arguments.Count == 2 ? 2 : 1, "(metric) or (metric, 5m)");
                return Guard(node.Start, () => LoadRead(
                    _table.Quantile(of, text, quantile, node.Arguments.Count == 2 ? Window(node, 1) : null), node.End));
        }
    }

    /// <summary>The newest value plus the window's slope times the way ahead.</summary>
    private Code Predict(CallNode node, PolicyMetric metric, string text)
    {
        var ahead = Window(node, 2).TotalSeconds;
        return Guard(node.Start, () =>
        {
            var last = _table.Plain(metric);
            var slope = _table.Windowed(metric, $"deriv of {text}", WindowFunction.Deriv, Window(node, 1));
            _reads.Add(last);
            _reads.Add(slope);
            Interval Value(ReadOnlySpan<Interval> slots) => slots[last] + (slots[slope] * ahead);
            _shown.Add((node.End, Value, false));
            return new Code(ValueKind.Number, Value, null) { HasReads = true };
        });
    }

    /// <summary>One number or another; where the condition is unknown, all that both can be.</summary>
    private Code Choice(CallNode node)
    {
        if (node.Arguments.Count != 3)
        {
            throw new ExpressionException(node.Start, "if takes a condition and two numbers", "write if(tpm > 100, 4, 2)");
        }

        var (when, then, otherwise) = (Visit(node.Arguments[0]), Visit(node.Arguments[1]), Visit(node.Arguments[2]));
        Operators.Expect(when, ValueKind.Truth, node.Arguments[0], "if");
        Operators.Expect(then, ValueKind.Number, node.Arguments[1], "if");
        Operators.Expect(otherwise, ValueKind.Number, node.Arguments[2], "if");
        var (condition, a, b) = (when.Condition!, then.Number!, otherwise.Number!);
        return new Code(ValueKind.Number, slots => condition(slots) switch
        {
            Truth.True => a(slots),
            Truth.False => b(slots),
            _ => Interval.Either(a(slots), b(slots)),
        }, null)
        {
            HasReads = when.HasReads || then.HasReads || otherwise.HasReads,
            IsConstant = when.IsConstant && then.IsConstant && otherwise.IsConstant,
        };
    }

    private Code OfNumbers(CallNode node)
    {
        if (node.Arguments is [NameNode { Name: var unknown } name] && Array.IndexOf(Slots.Facts, unknown) < 0)
        {
            throw new ExpressionException(name.Start, $"unknown metric '{unknown}'", NearestName.Suggest(unknown, _table.Names));
        }

        if (node.Arguments.Count is < 2 or > 8)
        {
            throw new ExpressionException(
                node.Start, $"{node.Name} takes a metric, a metric and a window, or two to eight numbers",
                $"{node.Name}(tpm), {node.Name}(tpm, 5m) or {node.Name}(1, tpm)");
        }

        var codes = new NumberCode[node.Arguments.Count];
        var (hasReads, constant) = (false, true);
        for (var i = 0; i < codes.Length; i++)
        {
            var code = Visit(node.Arguments[i]);
            Operators.Expect(code, ValueKind.Number, node.Arguments[i], node.Name);
            codes[i] = code.Number!;
            hasReads |= code.HasReads;
            constant &= code.IsConstant;
        }

        NumberCode value = node.Name switch
        {
            "min" => slots => Fold(slots, codes, Interval.Min),
            "max" => slots => Fold(slots, codes, Interval.Max),
            "sum" => slots => Fold(slots, codes, static (x, y) => x + y),
            _ => slots => Fold(slots, codes, static (x, y) => x + y) / codes.Length,
        };
        return new Code(ValueKind.Number, value, null) { HasReads = hasReads, IsConstant = constant };

        static Interval Fold(ReadOnlySpan<Interval> slots, NumberCode[] codes, Func<Interval, Interval, Interval> join)
        {
            var value = codes[0](slots);
            for (var i = 1; i < codes.Length; i++) value = join(value, codes[i](slots));
            return value;
        }
    }

    private PolicyMetric Metric(CallNode node, PolicyMetric? metric, int arguments, string form)
    {
        if (metric is null && node.Arguments is [NameNode { Name: var name, Start: var start }, ..])
        {
            throw _table.Momentary(name) is var (message, hint)
                ? new ExpressionException(start, message, hint ?? $"write {node.Name}{form}")
                : new ExpressionException(start, $"unknown metric '{name}'",
                    NearestName.Suggest(name, _table.Names.Except(Slots.Facts)));
        }

        if (metric is null || node.Arguments.Count != arguments)
        {
            throw new ExpressionException(node.Start, $"{node.Name} takes {arguments} arguments, the first a metric's name",
                $"write {node.Name}{form}");
        }

        return metric;
    }

    private static TimeSpan Window(CallNode node, int argument) =>
        node.Arguments[argument] is NumberNode { IsDuration: true, Value: > 0 } window
        ? TimeSpan.FromSeconds(window.Value)
        : throw new ExpressionException(node.Arguments[argument].Start, $"{node.Name} takes a duration here",
            "write 30s, 5m or 1h30m");

    private static Aggregation Across(string name) => name switch
    {
        "avg" => Aggregation.Avg,
        "max" => Aggregation.Max,
        "min" => Aggregation.Min,
        _ => Aggregation.Sum,
    };

    private static WindowFunction Function(string name) => name switch
    {
        "avg" => WindowFunction.Avg,
        "max" => WindowFunction.Max,
        "min" => WindowFunction.Min,
        "sum" => WindowFunction.Sum,
        "rate" => WindowFunction.Rate,
        "increase" => WindowFunction.Increase,
        "delta" => WindowFunction.Delta,
        _ => WindowFunction.Deriv,
    };

    private static T Guard<T>(int offset, Func<T> make)
    {
        try
        {
            return make();
        }
        catch (ArgumentException e)
        {
            throw new ExpressionException(offset, e.Message);
        }
    }
}
