using System.Globalization;
using System.Numerics;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>
/// A Kubernetes quantity, as apimachinery's <c>resource.Quantity</c> reads it: a decimal number with n, u, m, k, M, G, T, P, E,
/// with Ki to Ei, or with an exponent of ten. Below a billionth it is rounded away from zero; with a binary unit it is at most
/// 2^63 - 1.
/// </summary>
internal readonly record struct Quantity
{
    private const int Digits = 9;

    // Longer ones are not written by people, and cost more than they tell.
    private const int Longest = 200;
    private const int LargestExponent = 400;
    private static readonly BigInteger Unit = BigInteger.Pow(10, Digits);

    private static readonly (string Suffix, int Ten)[] Decimals =
        [("n", -9), ("u", -6), ("m", -3), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

    private static readonly string[] Binaries = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

    private Quantity(BigInteger billionths) => Billionths = billionths;

    /// <summary>The value in billionths, exactly.</summary>
    public BigInteger Billionths { get; }

    public bool IsPositive => Billionths.Sign > 0;

    /// <summary>The value in plain decimal digits.</summary>
    public override string ToString()
    {
        var all = BigInteger.Abs(Billionths).ToString(CultureInfo.InvariantCulture).PadLeft(Digits + 1, '0');
        var fraction = all[^Digits..].TrimEnd('0');
        return (Billionths.Sign < 0 ? "-" : "") + all[..^Digits] + (fraction.Length > 0 ? "." + fraction : "");
    }

    /// <summary>Reads a quantity; false where the text is none.</summary>
    public static bool TryParse(string text, out Quantity quantity)
    {
        quantity = default;
        if (text.Length is 0 or > Longest) return false;
        var at = text[0] is '+' or '-' ? 1 : 0;
        var from = at;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        var whole = text[from..at];
        var fraction = "";
        if (at < text.Length && text[at] == '.')
        {
            from = ++at;
            while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
            fraction = text[from..at];
        }

        var suffix = text[at..];
        if (whole.Length + fraction.Length + suffix.Length == 0 || !TryScale(suffix, out var factor, out var ten)) return false;
        var digits = BigInteger.Parse("0" + whole + fraction, NumberStyles.None, CultureInfo.InvariantCulture) * factor;
        var scale = ten - fraction.Length + Digits;
        var billionths = scale >= 0 ? digits * BigInteger.Pow(10, scale) : RoundUp(digits, BigInteger.Pow(10, -scale));
        if (factor > 1) billionths = BigInteger.Min(billionths, long.MaxValue * Unit);
        quantity = new Quantity(text[0] == '-' ? -billionths : billionths);
        return true;
    }

    private static BigInteger RoundUp(BigInteger value, BigInteger divisor)
    {
        var quotient = BigInteger.DivRem(value, divisor, out var rest);
        return rest.IsZero ? quotient : quotient + 1;
    }

    private static bool TryScale(string suffix, out BigInteger factor, out int ten)
    {
        (factor, ten) = (BigInteger.One, 0);
        if (suffix.Length == 0) return true;
        var binary = Array.IndexOf(Binaries, suffix);
        if (binary >= 0)
        {
            factor = BigInteger.One << (10 * (binary + 1));
            return true;
        }

        foreach (var (name, power) in Decimals)
        {
            if (suffix != name) continue;
            ten = power;
            return true;
        }

        return suffix[0] is 'e' or 'E'
            && int.TryParse(suffix.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out ten)
            && Math.Abs(ten) <= LargestExponent;
    }
}
