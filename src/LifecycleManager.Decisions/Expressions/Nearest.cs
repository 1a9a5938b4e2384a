namespace LifecycleManager.Decisions.Expressions;

/// <summary>Finds what may have been meant.</summary>
internal static class Nearest
{
    /// <summary><c>did you mean 'tpm'?</c>, or the known names where none is near and they are few; or null.</summary>
    public static string? Suggest(string word, IEnumerable<string> known)
    {
        var (best, distance) = ("", int.MaxValue);
        var all = known.Distinct(StringComparer.Ordinal).ToList();
        foreach (var candidate in all)
        {
            var d = Distance(word, candidate);
            if (d < distance) (best, distance) = (candidate, d);
        }

        if (distance <= Math.Max(1, Math.Min(word.Length, best.Length) / 2)) return $"did you mean '{best}'?";
        return all.Count is > 0 and <= 12 ? "known: " + string.Join(", ", all) : null;
    }

    /// <summary>Optimal string alignment distance, case ignored: insertions, deletions, changes and swaps of neighbours.</summary>
    public static int Distance(string left, string right)
    {
        if (left.Length > 64 || right.Length > 64) return int.MaxValue;
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
                {
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
                }
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
