namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>
/// What a number can be: anything from <paramref name="Low"/> to <paramref name="High"/>, both included, and finite. What is
/// exactly known is a point; what is not known at all, nor whether it is a number, is <see cref="Unknown"/>.
/// <para>The arithmetic is sound: whatever the operands really are, the result contains what they come to. An operation
/// on points gives the point that the same operation on doubles gives, and <see cref="Unknown"/> where that is not finite.</para>
/// </summary>
/// <param name="Low">The least value; minus infinity where there is none, NaN where nothing is known.</param>
/// <param name="High">The greatest value; plus infinity where there is none, NaN where nothing is known.</param>
public readonly record struct Interval(double Low, double High)
{
    /// <summary>Nothing is known, not even that there is a value.</summary>
    public static Interval Unknown => new(double.NaN, double.NaN);

    /// <summary>Any number.</summary>
    public static Interval Open => new(double.NegativeInfinity, double.PositiveInfinity);

    /// <summary>Whether it is one number.</summary>
    public bool IsPoint => Low == High;

    /// <summary>Whether there is a value, if only within bounds.</summary>
    public bool IsKnown => !double.IsNaN(Low);

    /// <summary>The number that it is; NaN where it is not one.</summary>
    public double Point => Low == High ? Low : double.NaN;

    /// <summary>A number that is known; <see cref="Unknown"/> for NaN.</summary>
    public static implicit operator Interval(double value) => new(value, value);

    /// <summary>The sum.</summary>
    public static Interval operator +(Interval a, Interval b) => Of(a.Low + b.Low, a.High + b.High);

    /// <summary>The difference. The operands are taken for independent: <c>x - x</c> is a point for a point alone.</summary>
    public static Interval operator -(Interval a, Interval b) => Of(a.Low - b.High, a.High - b.Low);

    /// <summary>The number with its sign turned.</summary>
    public static Interval operator -(Interval a) => new(-a.High, -a.Low);

    /// <summary>The product.</summary>
    public static Interval operator *(Interval a, Interval b)
    {
        if (a.IsPoint && b.IsPoint) return Of(a.Low * b.Low, a.Low * b.Low);
        if (!a.IsKnown || !b.IsKnown) return Unknown;
        return Hull(Times(a.Low, b.Low), Times(a.Low, b.High), Times(a.High, b.Low), Times(a.High, b.High));

        // What it bounds is finite, so that nothing times a bound is nothing.
        static double Times(double x, double y) => x == 0 || y == 0 ? 0 : x * y;
    }

    /// <summary>The quotient; <see cref="Unknown"/> where the divisor can be zero.</summary>
    public static Interval operator /(Interval a, Interval b)
    {
        if (a.IsPoint && b.IsPoint) return Of(a.Low / b.Low, a.Low / b.Low);
        if (!a.IsKnown || !(b.Low > 0 || b.High < 0)) return Unknown;
        return Hull(Over(a.Low, b.Low), Over(a.Low, b.High), Over(a.High, b.Low), Over(a.High, b.High));

        static double Over(double x, double y) => double.IsInfinity(y) ? 0 : x / y;
    }

    /// <summary>The lesser.</summary>
    public static Interval Min(Interval a, Interval b) => new(Math.Min(a.Low, b.Low), Math.Min(a.High, b.High));

    /// <summary>The greater.</summary>
    public static Interval Max(Interval a, Interval b) => new(Math.Max(a.Low, b.Low), Math.Max(a.High, b.High));

    /// <summary>What a number can be that is one or the other; unknown where either is.</summary>
    public static Interval Either(Interval a, Interval b) => a.IsKnown && b.IsKnown
        ? new Interval(Math.Min(a.Low, b.Low), Math.Max(a.High, b.High))
        : Unknown;

    private static Interval Hull(double a, double b, double c, double d) =>
        Of(Math.Min(Math.Min(a, b), Math.Min(c, d)), Math.Max(Math.Max(a, b), Math.Max(c, d)));

    /// <summary>What overflows, and what is NaN, is no value.</summary>
    private static Interval Of(double low, double high) =>
        low < double.PositiveInfinity && high > double.NegativeInfinity ? new(low, high) : Unknown;
}
