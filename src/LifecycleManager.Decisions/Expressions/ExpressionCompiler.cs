using System.Globalization;
using System.Text;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Decisions.Expressions;

/// <summary>Checks the types of an expression and turns it into closures over the slots.</summary>
internal sealed class ExpressionCompiler
{
    private static readonly string[] Functions =
        ["avg", "max", "min", "sum", "rate", "increase", "delta", "deriv", "predict", .. Enumerable.Range(1, 99).Select(p => $"p{p}")];

    private static readonly string[] SuggestedFunctions = [.. Functions.Where(f => f[0] != 'p' || f is "p50" or "p90" or "p95" or "p99" or "predict")];

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

    private enum Kind
    {
        Number,
        Time,
        Truth,
    }

    /// <summary>Compiles a condition.</summary>
    /// <exception cref="ExpressionException">The text is no condition over the known names.</exception>
    public static Expression Condition(string text, ReadTable table) => Compile(text, table, wantsCondition: true);

    /// <summary>Compiles a number.</summary>
    /// <exception cref="ExpressionException">The text is no number over the known names.</exception>
    public static Expression Number(string text, ReadTable table) => Compile(text, table, wantsCondition: false);

    private static Expression Compile(string text, ReadTable table, bool wantsCondition)
    {
        var root = ExpressionParser.Parse(text);
        var compiler = new ExpressionCompiler(table, text);
        var code = compiler.Visit(root);
        if (wantsCondition && code.Kind != Kind.Truth)
        {
            throw new ExpressionException(root.Start, $"expected a condition, but this is a {Name(code.Kind)}", "compare it with something: tpm > 10");
        }

        if (!wantsCondition && code.Kind != Kind.Number)
        {
            throw new ExpressionException(root.Start, $"expected a number, but this is a {Name(code.Kind)}");
        }

        var (folded, map) = Fold(text);
        return new Expression
        {
            Root = root,
            Text = folded,
            Condition = code.Condition,
            Number = code.Number,
            Shown = [.. compiler._shown.OrderBy(shown => shown.Offset).Select(shown => (map[shown.Offset], shown.Value, shown.IsTime))],
            Reads = [.. compiler._reads],
            Thresholds = compiler._thresholds,
            SingleRead = code.Slot >= Slots.FirstRead ? code.Slot : -1,
            IsConstant = code.IsConstant,
        };
    }

    private Code Visit(Node node) => node switch
    {
        NumberNode number => Code.Constant(number.Value),
        TimeNode time => Code.Constant(time.Seconds) with { Kind = Kind.Time },
        TruthNode truth => Constant(truth.Value ? Truth.True : Truth.False),
        NameNode name => Reference(name),
        CallNode call => Call(call),
        UnaryNode unary => Unary(unary),
        BinaryNode binary => Binary(binary),
        _ => throw new InvalidOperationException(),
    };

    private static Code Constant(Truth value) => new(Kind.Truth, null, _ => value) { IsConstant = true, HasReads = false };

    private Code Reference(NameNode node)
    {
        var fact = Array.IndexOf(Slots.Facts, node.Name);
        if (fact >= 0)
        {
            return Load(fact, node.End) with { Kind = fact == Slots.Time ? Kind.Time : Kind.Number };
        }

        if (_table.Find(node.Name) is { } metric) return Guard(node.Start, () => LoadRead(_table.Plain(metric), node.End));
        if (Array.IndexOf(Functions, node.Name) >= 0)
        {
            throw new ExpressionException(node.Start, $"'{node.Name}' is a function", $"write {node.Name}(metric) or {node.Name}(metric, 5m)");
        }

        throw new ExpressionException(node.Start, $"unknown name '{node.Name}'", NearestName.Suggest(node.Name, _table.Names));
    }

    private Code Load(int slot, int end)
    {
        Interval Value(ReadOnlySpan<Interval> slots) => slots[slot];
        _shown.Add((end, Value, slot == Slots.Time));
        return new Code(Kind.Number, Value, null) { Slot = slot };
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
            Expect(operand, Kind.Truth, node.Operand, "not");
            var condition = operand.Condition!;
            return new Code(Kind.Truth, null, slots => (Truth)(-(int)condition(slots))) { HasReads = operand.HasReads, IsConstant = operand.IsConstant };
        }

        Expect(operand, Kind.Number, node.Operand, "-");
        var number = operand.Number!;
        return new Code(Kind.Number, slots => -number(slots), null) { HasReads = operand.HasReads, IsConstant = operand.IsConstant };
    }

    private Code Binary(BinaryNode node)
    {
        var (left, right) = (Visit(node.Left), Visit(node.Right));
        var code = node.Operator switch
        {
            Operator.And or Operator.Or => Junction(node, left, right),
            Operator.Add or Operator.Subtract or Operator.Multiply or Operator.Divide => Arithmetic(node, left, right),
            _ => Comparison(node, left, right),
        };
        return code with { HasReads = left.HasReads || right.HasReads, IsConstant = left.IsConstant && right.IsConstant };
    }

    private static Code Junction(BinaryNode node, Code left, Code right)
    {
        var word = node.Operator == Operator.And ? "and" : "or";
        Expect(left, Kind.Truth, node.Left, word);
        Expect(right, Kind.Truth, node.Right, word);
        var (a, b) = (left.Condition!, right.Condition!);
        return node.Operator == Operator.And
            ? new Code(Kind.Truth, null, slots => a(slots) is var x and not Truth.False ? Min(x, b(slots)) : Truth.False)
            : new Code(Kind.Truth, null, slots => a(slots) is var x and not Truth.True ? Max(x, b(slots)) : Truth.True);

        static Truth Min(Truth x, Truth y) => x < y ? x : y;
        static Truth Max(Truth x, Truth y) => x > y ? x : y;
    }

    private static Code Arithmetic(BinaryNode node, Code left, Code right)
    {
        var symbol = Symbol(node.Operator);
        Expect(left, Kind.Number, node.Left, symbol);
        Expect(right, Kind.Number, node.Right, symbol);
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
            _ => slots => a(slots) / b(slots),
        };
        return new Code(Kind.Number, code, null);
    }

    private Code Comparison(BinaryNode node, Code left, Code right)
    {
        var symbol = Symbol(node.Operator);
        if (left.Kind != right.Kind)
        {
            throw new ExpressionException(
                node.Start,
                $"'{symbol}' compares a {Name(left.Kind)} with a {Name(right.Kind)}",
                left.Kind == Kind.Truth || right.Kind == Kind.Truth ? "join conditions with 'and' or 'or'" : "a time of the day is written 22:30");
        }

        if (left.Kind == Kind.Truth) return TruthComparison(node, left, right);
        var (a, b) = (left.Number!, right.Number!);
        if (left.Slot >= Slots.FirstRead && !right.HasReads) _thresholds.Add((left.Slot, b));
        if (right.Slot >= Slots.FirstRead && !left.HasReads) _thresholds.Add((right.Slot, a));
        ConditionCode code = node.Operator switch
        {
            Operator.Equal => slots => Same(a(slots), b(slots)),
            Operator.NotEqual => slots => (Truth)(-(int)Same(a(slots), b(slots))),
            Operator.Less => slots => Less(a(slots), b(slots)),
            Operator.LessOrEqual => slots => (Truth)(-(int)Less(b(slots), a(slots))),
            Operator.Greater => slots => Less(b(slots), a(slots)),
            _ => slots => (Truth)(-(int)Less(a(slots), b(slots))),
        };
        return new Code(Kind.Truth, null, code);

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
            throw new ExpressionException(node.Start, $"'{Symbol(node.Operator)}' cannot compare conditions", "join conditions with 'and' or 'or'");
        }

        var (a, b, same) = (left.Condition!, right.Condition!, node.Operator == Operator.Equal ? 1 : -1);
        return new Code(Kind.Truth, null, slots => (Truth)((int)a(slots) * (int)b(slots) * same));
    }

    private Code Call(CallNode node)
    {
        if (Array.IndexOf(Functions, node.Name) < 0)
        {
            throw new ExpressionException(node.Start, $"unknown function '{node.Name}'", NearestName.Suggest(node.Name, SuggestedFunctions));
        }

        var metric = node.Arguments is [NameNode first, ..] && Array.IndexOf(Slots.Facts, first.Name) < 0 ? _table.Find(first.Name) : null;
        var text = _text[node.Start..node.End];
        switch (node.Name)
        {
            case "avg" or "max" or "min" or "sum" when metric is not null && node.Arguments.Count == 1:
                return Guard(node.Start, () => LoadRead(_table.Joined(metric, text, Across(node.Name)), node.End));
            case "avg" or "max" or "min" or "sum" when metric is not null && node.Arguments is [_, NumberNode { IsDuration: true }]:
                return Guard(node.Start, () => LoadRead(_table.Windowed(metric, text, Function(node.Name), Window(node, 1)), node.End));
            case "avg" or "max" or "min" or "sum":
                return OfNumbers(node);
            case "rate" or "increase" or "delta" or "deriv":
                return Guard(node.Start, () => LoadRead(
                    _table.Windowed(Metric(node, metric, 2, "(metric, 5m)"), text, Function(node.Name), Window(node, 1)), node.End));
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
            return new Code(Kind.Number, Value, null) { HasReads = true };
        });
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
                node.Start, $"{node.Name} takes a metric, a metric and a window, or two to eight numbers", $"{node.Name}(tpm), {node.Name}(tpm, 5m) or {node.Name}(1, tpm)");
        }

        var codes = new NumberCode[node.Arguments.Count];
        var (hasReads, constant) = (false, true);
        for (var i = 0; i < codes.Length; i++)
        {
            var code = Visit(node.Arguments[i]);
            Expect(code, Kind.Number, node.Arguments[i], node.Name);
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
        return new Code(Kind.Number, value, null) { HasReads = hasReads, IsConstant = constant };

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
            throw Array.IndexOf(Slots.Facts, name) >= 0
                ? new ExpressionException(start, $"'{name}' is a fact of this moment and has no history", $"write {node.Name}{form}")
                : new ExpressionException(start, $"unknown metric '{name}'", NearestName.Suggest(name, _table.Names.Except(Slots.Facts)));
        }

        if (metric is null || node.Arguments.Count != arguments)
        {
            throw new ExpressionException(node.Start, $"{node.Name} takes {arguments} arguments, the first a metric's name", $"write {node.Name}{form}");
        }

        return metric;
    }

    private static TimeSpan Window(CallNode node, int argument) => node.Arguments[argument] is NumberNode { IsDuration: true, Value: > 0 } window
        ? TimeSpan.FromSeconds(window.Value)
        : throw new ExpressionException(node.Arguments[argument].Start, $"{node.Name} takes a duration here", "write 30s, 5m or 1h30m");

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

    private static Code Guard(int offset, Func<Code> make)
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

    private static void Expect(Code code, Kind kind, Node node, string by)
    {
        if (code.Kind != kind) throw new ExpressionException(node.Start, $"'{by}' takes a {Name(kind)}, but this is a {Name(code.Kind)}");
    }

    private static string Name(Kind kind) => kind switch { Kind.Number => "number", Kind.Time => "time of the day", _ => "condition" };

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

    /// <summary>Folds white space to single blanks; the map tells where an offset went.</summary>
    private static (string Text, int[] Map) Fold(string text)
    {
        var folded = new StringBuilder(text.Length);
        var map = new int[text.Length + 1];
        for (var i = 0; i < text.Length; i++)
        {
            var blank = char.IsWhiteSpace(text[i]);
            map[i] = blank && folded.Length > 0 && folded[^1] == ' ' ? folded.Length - 1 : folded.Length;
            if (!blank) folded.Append(text[i]);
            else if (folded.Length > 0 && folded[^1] != ' ') folded.Append(' ');
        }

        map[text.Length] = folded.Length;
        var trimmed = folded.ToString().TrimEnd();
        for (var i = 0; i < map.Length; i++) map[i] = Math.Min(map[i], trimmed.Length);
        return (trimmed, map);
    }

    private sealed record Code(Kind Kind, NumberCode? Number, ConditionCode? Condition)
    {
        /// <summary>The slot where the code is a load and nothing else.</summary>
        public int Slot { get; init; } = -1;

        public bool HasReads { get; init; }

        public bool IsConstant { get; init; }

        public static Code Constant(double value) => new(Kind.Number, _ => value, null) { IsConstant = true };
    }
}
