using System.Globalization;

namespace LifecycleManager.Manager.Recording;

/// <summary>
/// Ids of decisions, <c>20261124T190512345-00000</c>: readable, ordered as text, unique, and growing even when the clock is set
/// back.
/// </summary>
internal sealed class DecisionIds
{
    private const string Format = "yyyyMMdd'T'HHmmssfff";
    private const int MaxCount = 99_999;
    private string _stem = "";
    private int _count;

    /// <summary>The instant that an id names; null where it is none of ours.</summary>
    public static DateTimeOffset? TimeOf(string id) => id.Split('-') is [var stem, _] && DateTimeOffset.TryParseExact(
        stem, Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;

    /// <summary>All later ids are greater than this one.</summary>
    public void Follow(string id)
    {
        var dash = id.LastIndexOf('-');
        if (dash < 0 || !int.TryParse(id.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            return;
        if (string.CompareOrdinal(id, Compose(_stem, _count)) < 0) return;
        _stem = id[..dash];
        _count = count;
    }

    public string Next(DateTimeOffset now)
    {
        var stem = now.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);
        if (string.CompareOrdinal(stem, _stem) > 0)
        {
            _stem = stem;
            _count = 0;
        }
        else if (_count < MaxCount)
        {
            _count++;
        }
        else
        {
            var last = DateTime.ParseExact(_stem, Format, CultureInfo.InvariantCulture);
            _stem = last.AddMilliseconds(1).ToString(Format, CultureInfo.InvariantCulture);
            _count = 0;
        }

        return Compose(_stem, _count);
    }

    private static string Compose(string stem, int count) => string.Create(CultureInfo.InvariantCulture, $"{stem}-{count:D5}");
}
