namespace LifecycleManager.Scheduler.Definitions.Json;

/// <summary>What somebody may have meant.</summary>
internal static class NearestName
{
    private const int Longest = 64;

    /// <summary>The known name that is nearest to a wrong one, if one is near.</summary>
    public static string? Of(string wrong, IEnumerable<string> known)
    {
        if (wrong.Length is 0 or > Longest) return null;
        string? nearest = null;
        var least = (wrong.Length < 4 ? 1 : Math.Max(2, wrong.Length / 3)) + 1;
        foreach (var name in known)
        {
            var distance = string.Equals(name, wrong, StringComparison.OrdinalIgnoreCase) ? 0 : Distance(wrong, name);
            if (distance >= least) continue;
            (nearest, least) = (name, distance);
        }

        return nearest;
    }

    /// <summary>A sentence's end: <c>; did you mean 'x'?</c>, or nothing.</summary>
    public static string Hint(string wrong, IEnumerable<string> known) =>
        Of(wrong, known) is { } name ? $"; did you mean '{name}'?" : "";

    // Levenshtein's distance, case aside.
    private static int Distance(string left, string right)
    {
        if (right.Length > Longest) return int.MaxValue;
        Span<int> row = stackalloc int[Longest + 1];
        for (var column = 0; column <= right.Length; column++) row[column] = column;
        for (var line = 1; line <= left.Length; line++)
        {
            var diagonal = row[0];
            row[0] = line;
            for (var column = 1; column <= right.Length; column++)
            {
                var same = char.ToUpperInvariant(left[line - 1]) == char.ToUpperInvariant(right[column - 1]);
                var replaced = diagonal + (same ? 0 : 1);
                diagonal = row[column];
                row[column] = Math.Min(replaced, Math.Min(row[column], row[column - 1]) + 1);
            }
        }

        return row[right.Length];
    }
}
