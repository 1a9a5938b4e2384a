using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>Some partitions of a topic: <c>0, 2, 4-7</c>.</summary>
public sealed class PartitionSet
{
    private readonly (int First, int Last)[] _ranges;

    private PartitionSet(List<(int, int)> ranges) => _ranges = [.. ranges];

    /// <summary>The greatest of them.</summary>
    public int Greatest => _ranges.Max(range => range.Last);

    /// <summary>Reads numbers from 0 and ranges of them, with commas between.</summary>
    /// <param name="text">The text.</param>
    /// <param name="set">The partitions; null where the text is none.</param>
    /// <param name="problem">What is wrong with it; null where nothing is.</param>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out PartitionSet? set, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ranges = new List<(int First, int Last)>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var ends = part.Split('-', StringSplitOptions.TrimEntries);
            if (ends.Length > 2 || !TryNumber(ends[0], out var first) || !TryNumber(ends[^1], out var last) || first > last)
            {
                (set, problem) = (null, $"'{part}' is no partition and no range of them: 0, 2, 4-7");
                return false;
            }

            ranges.Add((first, last));
        }

        (set, problem) = (new PartitionSet(ranges), null);
        return true;
    }

    /// <summary>Whether a partition is one of them.</summary>
    public bool Contains(int partition) =>
        Array.Exists(_ranges, range => partition >= range.First && partition <= range.Last);

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
