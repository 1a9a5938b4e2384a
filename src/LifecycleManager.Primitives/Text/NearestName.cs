namespace LifecycleManager.Primitives.Text;

/// <summary>What somebody may have meant by a name that is not known.</summary>
/// <remarks>Optimal string alignment distance: insertions, deletions, changes and swaps of neighbours; case is ignored.</remarks>
public static class NearestName
{
    private const int Longest = 64;
    private const int Few = 12;

    /// <summary>The known name that is nearest to a wrong one; null where none is near.</summary>
    public static string? Of(string wrong, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(wrong);
        if (wrong.Length is 0 or > Longest) return null;
        var (best, least) = ((string?)null, int.MaxValue);
        foreach (var name in known)
        {
            if (Distance(wrong, name) is var distance && distance < least) (best, least) = (name, distance);
        }

        return best is not null && least <= Math.Max(1, Math.Min(wrong.Length, best.Length) / 2) ? best : null;
    }

    /// <summary><c>did you mean 'x'?</c>, or the known names where none is near and they are few; else null.</summary>
    public static string? Suggest(string wrong, IEnumerable<string> known)
    {
        var all = known.Distinct(StringComparer.Ordinal).ToList();
        if (Of(wrong, all) is { } name) return $"did you mean '{name}'?";
        return all.Count is > 0 and <= Few ? "known: " + string.Join(", ", all) : null;
    }

    /// <summary>The end of a sentence: <c>; did you mean 'x'?</c>, or nothing.</summary>
    public static string Hint(string wrong, IEnumerable<string> known) => Of(wrong, known) is { } name
        ? $"; did you mean '{name}'?" : "";

    internal static int Distance(string left, string right)
    {
        if (left.Length > Longest || right.Length > Longest) return int.MaxValue;
        Span<int> before = stackalloc int[right.Length + 1];
        Span<int> last = stackalloc int[right.Length + 1];
        Span<int> row = stackalloc int[right.Length + 1];
        for (var j = 0; j <= right.Length; j++) last[j] = j;
        for (var i = 1; i <= left.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var same = Same(left[i - 1], right[j - 1]);
                row[j] = Math.Min(Math.Min(last[j] + 1, row[j - 1] + 1), last[j - 1] + (same ? 0 : 1));
                if (i > 1 && j > 1 && Same(left[i - 1], right[j - 2]) && Same(left[i - 2], right[j - 1]))
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
            }

            var spare = before;
            before = last;
            last = row;
            row = spare;
        }

        return last[right.Length];

        static bool Same(char a, char b) => char.ToLowerInvariant(a) == char.ToLowerInvariant(b);
    }
}
