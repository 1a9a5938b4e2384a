using System.Globalization;
using CsCheck;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tests.Expressions;

/// <summary>Expressions over intervals: what is said of a whole interval is so at each of its points.</summary>
public sealed class IntervalTests
{
    private const double Inf = double.PositiveInfinity;
    private static readonly string[] Names = ["a", "b", "c"];

    private static readonly Gen<string> Numbers = Gen.Recursive<string>((depth, inner) =>
    {
        var leaf = Gen.OneOf(One(Names), Gen.Int[-3, 20]
            .Select(n => n < 0 ? $"(-{-n})" : n.ToString(CultureInfo.InvariantCulture)), Gen.Const("instances"));
        if (depth > 3) return leaf;
        return Gen.OneOf(
            leaf,
            Gen.Select(inner, One("+", "-", "*"), inner).Select((x, op, y) => $"({x} {op} {y})"),
            // A divisor with a metric in it: what is zero whatever is measured does not compile.
            Gen.Select(inner, One(Names), inner).Select((x, name, y) => $"({x} / ({name} + {y}))"),
            Gen.Select(One("min", "max", "avg", "sum"), inner, inner).Select((name, x, y) => $"{name}(0 + {x}, {y})"),
            inner.Select(x => $"(-{x})"));
    });

    private static readonly Gen<string> Conditions = Gen.Recursive<string>((depth, inner) =>
    {
        var leaf = Gen.Select(Numbers, One("<", "<=", ">", ">=", "==", "!="), Numbers).Select((x, op, y) => $"({x} {op} {y})");
        if (depth > 2) return leaf;
        return Gen.OneOf(
            leaf,
            Gen.Select(inner, One("and", "or", "==", "!="), inner).Select((x, op, y) => $"({x} {op} {y})"),
            inner.Select(x => $"(not {x})"));
    });

    // An interval, and points that are in it.
    private static readonly Gen<(Interval Range, double[] Points)> Readings =
        Gen.Select(Gen.Int[-20, 60], Gen.Int[0, 30], Gen.Int[0, 4], Gen.Double[0, 1].Array[6])
        .Select((low, width, kind, shares) =>
        {
            Interval range = kind switch
            {
                0 => low,
                1 => new Interval(low, Inf),
                2 => new Interval(-Inf, low),
                3 => Interval.Open,
                _ => new Interval(low, low + width),
            };
            var (from, to) = (double.IsInfinity(range.Low) ? Math.Min(-1000, range.High) : range.Low,
                double.IsInfinity(range.High) ? Math.Max(1000, range.Low) : range.High);
            return (range, shares.Select((share, i) => i switch { 0 => from, 1 => to, _ => from + (share * (to - from)) })
                .ToArray());
        });

    [Theory]
    [InlineData("a < 72", 45, Inf, Truth.Unknown)]
    [InlineData("a > 40", 45, Inf, Truth.True)]
    [InlineData("a < 45", 45, Inf, Truth.False)]
    [InlineData("a <= 45", 45, Inf, Truth.Unknown)]
    [InlineData("a >= 45", 45, Inf, Truth.True)]
    [InlineData("a == 44", 45, Inf, Truth.False)]
    [InlineData("a != 44", 45, Inf, Truth.True)]
    [InlineData("a == 50", 45, Inf, Truth.Unknown)]
    [InlineData("not (a > 40)", 45, Inf, Truth.False)]
    [InlineData("-a < -40", 45, Inf, Truth.True)]
    [InlineData("a * 0 == 0", 45, Inf, Truth.True)]
    [InlineData("a - a == 0", 45, 46, Truth.Unknown)]
    [InlineData("10 / a < 1", 45, Inf, Truth.True)]
    [InlineData("10 / a < 1", 0, Inf, Truth.Unknown)]
    [InlineData("min(10 / a, 5) < 6", 0, 1, Truth.Unknown)]
    [InlineData("max(a, 60) > 50", 0, Inf, Truth.True)]
    [InlineData("min(a, 60) < 70", 0, Inf, Truth.True)]
    [InlineData("avg(a + 0, 100) >= 50", 0, Inf, Truth.True)]
    [InlineData("a * a >= 0", -3, 3, Truth.Unknown)]
    [InlineData("a > 40 and instances == 3", 0, Inf, Truth.False)]
    [InlineData("a > 40 or instances == 2", 0, Inf, Truth.True)]
    [InlineData("a < 1 or a > 0", 0, 2, Truth.Unknown)]
    public void What_does_not_hold_for_the_whole_interval_is_unknown(string text, double low, double high, object expected)
    {
        var (condition, slots) = Compile(text, ExpressionCompiler.Condition);
        Fill(slots, [new Interval(low, high), 0, 0]);
        Assert.Equal((Truth)expected, condition.Condition!(slots));
    }

    [Fact]
    public void A_condition_is_as_it_is_at_every_point() => Gen.Select(Conditions.Where(Fits), Readings.Array[3]).Sample(
        (text, readings) =>
        {
            var (condition, slots) = Compile(text, ExpressionCompiler.Condition);
            Fill(slots, [.. readings.Select(reading => reading.Range)]);
            var whole = condition.Condition!(slots);
            return whole == Truth.Unknown || Points(readings).All(points =>
            {
                Fill(slots, points);
                return condition.Condition(slots) == whole;
            });
        },
        iter: 20_000);

    [Fact]
    public void A_number_contains_what_it_is_at_every_point() => Gen.Select(Numbers.Where(Fits), Readings.Array[3]).Sample(
        (text, readings) =>
        {
            var (number, slots) = Compile(text, ExpressionCompiler.Number);
            Fill(slots, [.. readings.Select(reading => reading.Range)]);
            var whole = number.Number!(slots);
            return !whole.IsKnown || Points(readings).All(points =>
            {
                Fill(slots, points);
                var point = number.Number(slots);
                return point.IsPoint && point.Low >= whole.Low && point.Low <= whole.High;
            });
        },
        iter: 20_000);

    [Fact]
    public void Points_come_to_the_points_that_doubles_come_to() =>
        Gen.Select(Gen.Double[-1e6, 1e6], Gen.Double[-1e6, 1e6]).Sample((x, y) =>
    {
        Interval a = x, b = y;
        return (a + b).Point.Equals(x + y) && (a - b).Point.Equals(x - y) && (a * b).Point.Equals(x * y)
            && (y == 0 ? !(a / b).IsKnown : (a / b).Point.Equals(x / y))
            && Interval.Min(a, b).Point.Equals(Math.Min(x, y)) && Interval.Max(a, b).Point.Equals(Math.Max(x, y));
    });

    [Fact]
    public void What_is_not_finite_is_unknown()
    {
        Interval zero = 0, big = double.MaxValue;
        Assert.All(
            [zero / zero, big / zero, big + big, big * big, -big - big, Interval.Unknown + zero, Interval.Unknown * zero,
                zero / Interval.Unknown, Interval.Max(Interval.Unknown, zero)],
            value => Assert.False(value.IsKnown));
    }

    [Theory]
    [InlineData(45, 45, "45")]
    [InlineData(45, Inf, "at least 45")]
    [InlineData(-Inf, 0.5, "at most 0.5")]
    [InlineData(1, 2, "1 to 2")]
    [InlineData(-Inf, Inf, "anything")]
    [InlineData(double.NaN, double.NaN, "?")]
    public void People_read_it_so(double low, double high, string expected) =>
        Assert.Equal(expected, Expression.Format(new Interval(low, high)));

    private static bool Fits(string text) => text.Length < 1000;

    private static (Expression Expression, Interval[] Slots) Compile(string text, Func<string, ReadTable, Expression> compile)
    {
        var table =
            new ReadTable(
                [.. Names.Select(name => new PolicyMetric(name,
                    new MetricQuery { Source = MetricSource.Actuator, Selector = name }, default))]);
        // Each name has its place, also where the text does not use it.
        foreach (var name in Names) table.Plain(table.Find(name)!);
        return (compile(text, table), new Interval[Slots.FirstRead + table.Reads.Count]);
    }

    private static void Fill(Interval[] slots, Interval[] values)
    {
        Array.Fill<Interval>(slots, 2, 0, Slots.FirstRead);
        values.CopyTo(slots, Slots.FirstRead);
    }

    /// <summary>Some points of the box: its corners, and within.</summary>
    private static IEnumerable<Interval[]> Points((Interval Range, double[] Points)[] readings)
    {
        foreach (var a in readings[0].Points)
        {
            foreach (var b in readings[1].Points)
            {
                foreach (var c in readings[2].Points) yield return [a, b, c];
            }
        }
    }

    private static Gen<string> One(params string[] choices) => Gen.Int[0, choices.Length - 1].Select(i => choices[i]);
}
