using System.Globalization;

namespace LifecycleManager.Decisions.Tools.Simulation;

/// <summary>
/// The series notation of <c>promtool test rules</c>: <c>1 2 3</c>; <c>1+2x3</c> is 1 3 5 7; <c>9-3x2</c> is 9 6 3; <c>4x2</c> is
/// 4 4 4; <c>_</c> is a missing sample, <c>_x3</c> three of them; <c>idle</c> and <c>idlex3</c> are instants at which the source
/// answered and had nothing to tell.
/// </summary>
internal static class SeriesNotation
{
    /// <summary>Stands for an instant at which the metric was idle; no sample is infinite.</summary>
    public const double Idle = double.NegativeInfinity;

    private const string IdleWord = "idle";
    private const int MaxValues = 1_000_000;

    /// <summary>The values; NaN for a missing sample.</summary>
    /// <exception cref="FormatException">A word is not of the notation; the message names it.</exception>
    public static double[] Parse(string text)
    {
        var values = new List<double>();
        foreach (var word in text.Split([' ', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries))
        {
            Expand(word, values);
            if (values.Count > MaxValues) throw new FormatException($"the series has more than {MaxValues} values");
        }

        return [.. values];
    }

    private static void Expand(string word, List<double> values)
    {
        if (word is "_" or "stale" or IdleWord)
        {
            values.Add(word == IdleWord ? Idle : double.NaN);
            return;
        }

        var times = word.LastIndexOf('x');
        if (times < 0)
        {
            values.Add(Number(word, word));
            return;
        }

        if (!int.TryParse(word.AsSpan(times + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count > MaxValues)
        {
            throw new FormatException($"'{word}' has no count after the x");
        }

        var head = word[..times];
        if (head is "_" or IdleWord)
        {
            values.AddRange(Enumerable.Repeat(head == IdleWord ? Idle : double.NaN, count));
            return;
        }

        // The sign that parts start and step: not the first character, nor the sign of an exponent.
        var sign = head.Length - 1;
        while (sign > 0 && !(head[sign] is '+' or '-' && head[sign - 1] is not ('e' or 'E'))) sign--;
        var start = Number(sign > 0 ? head[..sign] : head, word);
        var step = sign > 0 ? Number(head[sign..], word) : 0;
        for (var i = 0; i <= count; i++) values.Add(start + (i * step));
    }

    private static double Number(string text, string word) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value
            : throw new FormatException($"'{word}' is not a sample; write 3, 1+2x5, 4x10, _ or idle");
}
