using System.Globalization;
using System.Text;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Expressions;

/// <summary>A compiled expression over the slots of a policy.</summary>
internal sealed class Expression
{
    /// <summary>What was parsed, for those who look into expressions without running them.</summary>
    public required Node Root { get; init; }

    /// <summary>The text, white space folded.</summary>
    public required string Text { get; init; }

    /// <summary>The code of a condition; null for a number.</summary>
    public ConditionCode? Condition { get; init; }

    /// <summary>The code of a number; null for a condition.</summary>
    public NumberCode? Number { get; init; }

    /// <summary>Where which slot's value goes in <see cref="Text"/> when it is shown, in rising order.</summary>
    public required IReadOnlyList<(int Offset, NumberCode Value, bool IsTime)> Shown { get; init; }

    /// <summary>The slots of the reads (not the facts) that take part.</summary>
    public required IReadOnlyList<int> Reads { get; init; }

    /// <summary>The comparisons of one read with something free of reads: what is a threshold on a chart.</summary>
    public required IReadOnlyList<(int Slot, NumberCode Value)> Thresholds { get; init; }

    /// <summary>The slot where the expression is one read and nothing else; -1 otherwise.</summary>
    public int SingleRead { get; init; } = -1;

    /// <summary>Whether the value depends on neither facts nor reads.</summary>
    public bool IsConstant { get; init; }

    /// <summary>Whether the time of the day takes part.</summary>
    public bool UsesTime => Shown.Any(shown => shown.IsTime);

    /// <summary>The text with values: <c>tpm 24 > 10 * instances 2</c>.</summary>
    public string Show(ReadOnlySpan<Interval> slots)
    {
        var text = new StringBuilder();
        var from = 0;
        foreach (var (offset, value, isTime) in Shown)
        {
            text.Append(Text, from, offset - from).Append(' ');
            var number = value(slots);
            text.Append(isTime ? TimeSpan.FromSeconds(number.Point).ToString(@"hh\:mm", CultureInfo.InvariantCulture)
                : Format(number));
            from = offset;
        }

        return text.Append(Text, from, Text.Length - from).ToString();
    }

    /// <summary>A number that is not exactly known, for people: <c>at least 45</c>.</summary>
    public static string Format(Interval value) => (double.IsInfinity(value.Low), double.IsInfinity(value.High)) switch
    {
        _ when value.IsPoint || !value.IsKnown => Format(value.Low),
        (false, false) => $"{Format(value.Low)} to {Format(value.High)}",
        (false, true) => $"at least {Format(value.Low)}",
        (true, false) => $"at most {Format(value.High)}",
        _ => "anything",
    };

    /// <summary>A number for people: four digits are enough.</summary>
    public static string Format(double value)
    {
        if (double.IsNaN(value)) return "?";
        var size = Math.Abs(value);
        var format = size switch
        {
            0 => "0",
            >= 1e15 or < 1e-4 => "0.###e0",
            >= 1000 => "0",
            >= 100 => "0.#",
            >= 10 => "0.##",
            >= 1 => "0.###",
            _ => "0.#####"
        };
        return value.ToString(format, CultureInfo.InvariantCulture);
    }

    /// <summary>Folds white space to single blanks; the map tells where an offset went.</summary>
    public static (string Text, int[] Map) Fold(string text)
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
}
