using System.Globalization;

namespace LifecycleManager.Scheduler.Api;

/// <summary>The header <c>Accept</c>: the forms of an answer that a client takes, and how gladly. None is any.</summary>
internal readonly struct AcceptedMedia(string header)
{
    /// <summary>Whether the client would rather have plain text than JSON.</summary>
    public bool PrefersText
    {
        get
        {
            var (text, json) = (Quality("text/plain"), Quality("application/json", "application/*", "*/*"));
            return text > json || (text > 0 && text == json
                && header.AsSpan().TrimStart().StartsWith("text/plain", StringComparison.OrdinalIgnoreCase));
        }
    }

    /// <summary>Whether the client names JSON, where an answer is plain text to everybody else.</summary>
    public bool AsksForJson => Quality("application/json") is > 0 and var json && json >= Quality("text/plain");

    /// <summary>Whether the client takes an answer in one of these forms.</summary>
    public bool TakesOneOf(IReadOnlyList<string> media)
    {
        if (string.IsNullOrWhiteSpace(header)) return true;
        var takes = this;
        return media.Any(form => takes.Quality(form, form[..form.IndexOf('/', StringComparison.Ordinal)] + "/*", "*/*") > 0);
    }

    /// <summary>How much the client would like one of these media, 0 to 1; 0 where it names none of them.</summary>
    private double Quality(params ReadOnlySpan<string> media)
    {
        var most = 0.0;
        foreach (var part in header.Split(','))
        {
            var at = part.Split(';', StringSplitOptions.TrimEntries);
            if (!media.Contains(at[0].Trim().ToLowerInvariant())) continue;
            var quality = at.FirstOrDefault(item => item.StartsWith("q=", StringComparison.OrdinalIgnoreCase)) is { } q
                && double.TryParse(q.AsSpan(2), NumberStyles.Float, CultureInfo.InvariantCulture, out var given) ? given : 1;
            most = Math.Max(most, quality);
        }

        return most;
    }
}
