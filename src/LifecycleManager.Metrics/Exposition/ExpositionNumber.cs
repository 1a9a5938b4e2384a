using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace LifecycleManager.Metrics.Exposition;

/// <summary>Numbers as the exposition formats write them: Go's <c>ParseFloat</c> without hexadecimal and underscores.</summary>
internal static class ExpositionNumber
{
    private const ulong ExactMantissa = 1UL << 53;
    private const int MaxDigits = 19;
    private const int MostPower = 22;
    private static readonly (ulong Reciprocal, int Exponent)[] Reciprocals = MakeReciprocals();

    private static ReadOnlySpan<double> PowersOfTen =>
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21,
            1e22];

    /// <summary>
    /// Reads the whole of <paramref name="text"/>. A number beyond the range of a double is refused, as Go does.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out double value) =>
        (TryParseAhead(text, 0, out value, out var end) && end == text.Length) || Slow(text, out value);

    /// <summary>
    /// Reads a decimal number of a usual length that a blank, a line's end or the text's end follows. What is not one may be a
    /// number all the same.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="at">Where the number starts.</param>
    /// <param name="value">The number.</param>
    /// <param name="end">Its end.</param>
    public static bool TryParseAhead(ReadOnlySpan<byte> text, int at, out double value, out int end)
    {
        var negative = false;
        if ((uint)at < (uint)text.Length && text[at] is (byte)'-' or (byte)'+') negative = text[at++] == '-';
        ulong mantissa = 0;
        var first = at;
        while ((uint)at < (uint)text.Length && (uint)(text[at] - '0') <= 9) mantissa = mantissa * 10 + (uint)(text[at++] - '0');
        var digits = at - first;
        var scale = 0;
        if ((uint)at < (uint)text.Length && text[at] == '.')
        {
            first = ++at;
            while ((uint)at < (uint)text.Length && (uint)(text[at] - '0') <= 9)
                mantissa = mantissa * 10 + (uint)(text[at++] - '0');
            scale = first - at;
            digits -= scale;
        }

        (value, end) = (0, at);
        if (digits is 0 or > MaxDigits) return false;
        if ((uint)at < (uint)text.Length && (text[at] | 0x20) == 'e' && !TryExponent(text, ref at, ref scale)) return false;
        end = at;
        if (((uint)at < (uint)text.Length && text[at] > ' ') || scale is < -MostPower or > MostPower) return false;

        // Clinger's fast path: a mantissa below 2^53 and a power of ten up to 22 are both exact, so one operation rounds once.
        if (mantissa <= ExactMantissa) value = scale < 0 ? mantissa / PowersOfTen[-scale] : mantissa * PowersOfTen[scale];
        else if (scale > 0 || !TryDivide(mantissa, -scale, out value)) return false;
        if (negative) value = -value;
        return true;
    }

    /// <summary>
    /// A mantissa of up to 64 bits over a power of ten, rounded once: by the first 64 bits of the product with the reciprocal,
    /// where these tell how to round (Eisel and Lemire). That they do not is rare.
    /// </summary>
    private static bool TryDivide(ulong mantissa, int power, out double value)
    {
        var zeros = BitOperations.LeadingZeroCount(mantissa);
        var (reciprocal, exponent) = Reciprocals[power];
        var high = Math.BigMul(mantissa << zeros, reciprocal, out _);

        // 53 bits and one to round by; what is below is not exact in its last place.
        var below = 9 + (int)(high >> 63);
        var rest = high & ((1UL << below) - 1);
        var bits = high >> below;
        value = Math.ScaleB((double)((bits + (bits & 1)) >> 1), exponent - zeros + below + 1 + 64);
        return rest != 0 && rest != (1UL << below) - 1;
    }

    // 10^-power = reciprocal * 2^exponent, the reciprocal cut off to 64 bits.
    private static (ulong Reciprocal, int Exponent)[] MakeReciprocals()
    {
        var all = new (ulong, int)[MostPower + 1];
        for (var power = 0; power <= MostPower; power++)
        {
            var ten = BigInteger.Pow(10, power);
            var shift = 63 + (int)ten.GetBitLength();
            var quotient = (BigInteger.One << shift) / ten;

            // A power of two, which 1 alone is, comes to one bit more.
            var excess = (int)quotient.GetBitLength() - 64;
            all[power] = ((ulong)(quotient >> excess), excess - shift);
        }

        return all;
    }

    /// <summary>A timestamp of Prometheus text: a whole number of milliseconds.</summary>
    public static bool TryMilliseconds(ReadOnlySpan<byte> text, out long milliseconds)
    {
        // The format's own documentation has a negative one, which Prometheus refuses; it does no harm.
        return System.Buffers.Text.Utf8Parser.TryParse(text, out milliseconds, out var used) && used == text.Length
            && text[0] != '+';
    }

    /// <summary>A timestamp of OpenMetrics: seconds. One that does not fit into milliseconds is refused.</summary>
    public static bool TrySeconds(ReadOnlySpan<byte> text, out long milliseconds)
    {
        milliseconds = 0;
        if (!TryParse(text, out var seconds) || !(Math.Abs(seconds) <= 1e15)) return false;
        milliseconds = (long)(seconds * 1000);
        return true;
    }

    private static bool TryExponent(ReadOnlySpan<byte> text, ref int at, ref int scale)
    {
        at++;
        var negative = false;
        if ((uint)at < (uint)text.Length && text[at] is (byte)'-' or (byte)'+') negative = text[at++] == '-';
        var first = at;
        var exponent = 0;
        while ((uint)at < (uint)text.Length && at - first < 4 && (uint)(text[at] - '0') <= 9)
            exponent = exponent * 10 + (text[at++] - '0');
        scale += negative ? -exponent : exponent;
        return at > first;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool Slow(ReadOnlySpan<byte> text, out double value)
    {
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        value = 0;
        if (text.IsEmpty) return false;
        var unsigned = text[0] is (byte)'-' or (byte)'+' ? text[1..] : text;
        if (unsigned.IsEmpty) return false;
        if (!char.IsAsciiDigit((char)unsigned[0]) && unsigned[0] != '.')
        {
            if (System.Text.Ascii.EqualsIgnoreCase(unsigned, "inf"u8)
                || System.Text.Ascii.EqualsIgnoreCase(unsigned, "infinity"u8))
            {
                value = text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
                return true;
            }

            value = double.NaN;
            return unsigned.Length == text.Length && System.Text.Ascii.EqualsIgnoreCase(text, "nan"u8);
        }

        return double.TryParse(text, Style, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);
    }
}
