using System.Globalization;
using System.Runtime.CompilerServices;

namespace LifecycleManager.Metrics.Exposition;

/// <summary>Numbers as the exposition formats write them: Go's <c>ParseFloat</c> without hexadecimal and underscores.</summary>
internal static class ExpositionNumber
{
    private const ulong ExactMantissa = 1UL << 53;
    private const int MostDigits = 18;

    private static ReadOnlySpan<double> PowersOfTen =>
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22];

    /// <summary>Reads the whole of <paramref name="text"/>. A number beyond the range of a double is refused, as Go does.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out double value)
    {
        // Clinger's fast path: a mantissa below 2^53 and a power of ten up to 22 are both exact, so one operation rounds once.
        var at = 0;
        var negative = false;
        if (text.Length > 0 && text[0] is (byte)'-' or (byte)'+')
        {
            negative = text[0] == '-';
            at = 1;
        }

        ulong mantissa = 0;
        var first = at;
        while ((uint)at < (uint)text.Length && (uint)(text[at] - '0') <= 9) mantissa = mantissa * 10 + (uint)(text[at++] - '0');
        var digits = at - first;
        var scale = 0;
        if ((uint)at < (uint)text.Length && text[at] == '.')
        {
            first = ++at;
            while ((uint)at < (uint)text.Length && (uint)(text[at] - '0') <= 9) mantissa = mantissa * 10 + (uint)(text[at++] - '0');
            scale = first - at;
            digits -= scale;
        }

        if (digits is > 0 and <= MostDigits)
        {
            if ((uint)at < (uint)text.Length && (text[at] | 0x20) == 'e' && !TryExponent(text[(at + 1)..], ref scale, ref at)) return Slow(text, out value);
            if (at == text.Length && mantissa <= ExactMantissa && scale is >= -22 and <= 22)
            {
                double exact = mantissa;
                exact = scale < 0 ? exact / PowersOfTen[-scale] : exact * PowersOfTen[scale];
                value = negative ? -exact : exact;
                return true;
            }
        }

        return Slow(text, out value);
    }

    private static bool TryExponent(ReadOnlySpan<byte> text, ref int scale, ref int at)
    {
        var i = 0;
        var negative = false;
        if (text.Length > 0 && text[0] is (byte)'-' or (byte)'+')
        {
            negative = text[0] == '-';
            i = 1;
        }

        var first = i;
        var exponent = 0;
        while (i < text.Length && i - first < 4 && (uint)(text[i] - '0') <= 9) exponent = exponent * 10 + (text[i++] - '0');
        if (i == first || i < text.Length) return false;
        scale += negative ? -exponent : exponent;
        at += 1 + i;
        return true;
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
            if (System.Text.Ascii.EqualsIgnoreCase(unsigned, "inf"u8) || System.Text.Ascii.EqualsIgnoreCase(unsigned, "infinity"u8))
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
