using System.Globalization;

namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>
/// The labels whose values are numbers, <c>le</c> of a histogram's bucket and <c>quantile</c> of a summary: <c>1</c>, <c>1.0</c>
/// and <c>1e0</c> are one value, written as Prometheus 3 and OpenMetrics write it: <c>1.0</c>.
/// </summary>
public static class NumericLabel
{
    private const NumberStyles Style =
        NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <summary>Whether a label's values are numbers.</summary>
    public static bool Is(string label) => label is "le" or "quantile";

    /// <summary>The one spelling of a value; what is no number stays as it is.</summary>
    public static string Normalize(string value) => TryParse(value, out var number) ? Format(number) : value;

    /// <summary>A number as OpenMetrics writes it: shortest, with a point or an exponent.</summary>
    public static string Format(double number)
    {
        var text = FormatShortest(number);
        return number == 0 ? "0.0" : double.IsFinite(number) && text.AsSpan().IndexOfAny('.', 'e') < 0 ? text + ".0" : text;
    }

    /// <summary>A number as Go writes it (<c>strconv</c>'s <c>'g', -1</c>): the shortest that gives it back.</summary>
    public static string FormatShortest(double number)
    {
        if (double.IsNaN(number)) return "NaN";
        if (double.IsInfinity(number)) return number > 0 ? "+Inf" : "-Inf";
        if (number == 0) return double.IsNegative(number) ? "-0" : "0";

        // "R" gives the digits; where an exponent stands is Go's choice.
        var exponent = Exponent(number.ToString("R", CultureInfo.InvariantCulture), out var digits);
        var sign = number < 0 ? "-" : "";
        if (exponent is < -4 or >= 6)
        {
            var mantissa = digits.Length > 1 ? $"{digits[..1]}.{digits[1..]}" : digits;
            return string.Create(
                CultureInfo.InvariantCulture, $"{sign}{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
        }

        if (exponent < 0) return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        return digits.Length <= exponent + 1
            ? sign + digits.PadRight(exponent + 1, '0')
            : $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    // Digits without zeros at their ends, and the power of ten of the first.
    private static int Exponent(string shortest, out string digits)
    {
        var text = shortest.TrimStart('-');
        var power = 0;
        if (text.IndexOf('E', StringComparison.Ordinal) is var e and >= 0)
        {
            power = int.Parse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            text = text[..e];
        }

        var point = text.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? text.Length : point;
        var all = text.Replace(".", "", StringComparison.Ordinal);
        var zeros = all.Length - all.TrimStart('0').Length;
        digits = all.Trim('0');
        return power + whole - zeros - 1;
    }

    // Go's ParseFloat, but for hexadecimal: underscores may stand between digits; what is beyond a double is no number.
    private static bool TryParse(string value, out double number)
    {
        number = 0;
        if (value.Length == 0) return false;
        var unsigned = value[0] is '-' or '+' ? value.AsSpan(1) : value;
        if (unsigned.Equals("inf", StringComparison.OrdinalIgnoreCase)
            || unsigned.Equals("infinity", StringComparison.OrdinalIgnoreCase))
        {
            number = value[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
            return true;
        }

        if (value.Equals("nan", StringComparison.OrdinalIgnoreCase))
        {
            number = double.NaN;
            return true;
        }

        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '_' && !(i > 0 && i + 1 < value.Length && char.IsAsciiDigit(value[i - 1])
                && char.IsAsciiDigit(value[i + 1]))) return false;
        }

        return (char.IsAsciiDigit(unsigned.Length > 0 ? unsigned[0] : ' ') || unsigned.StartsWith('.'))
            && double.TryParse(value.Replace("_", "", StringComparison.Ordinal), Style, CultureInfo.InvariantCulture, out number)
            && double.IsFinite(number);
    }
}
