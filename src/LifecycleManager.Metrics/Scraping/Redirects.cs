namespace LifecycleManager.Metrics.Scraping;

/// <summary>
/// Which redirects of a target are safe to follow: to its own host, port and scheme, or from http to https of its own host. A
/// credential so goes to nobody who has not had it, and a target cannot have the collector ask what it cannot reach itself.
/// </summary>
internal static class Redirects
{
    /// <summary>So many are followed, one after the other.</summary>
    public const int Most = 5;

    /// <summary>Where a redirect leads, or why it is not followed.</summary>
    /// <param name="from">Who answered.</param>
    /// <param name="location">The answer's <c>Location</c>; relative ones are of <paramref name="from"/>.</param>
    /// <param name="refusal">Why not, as the end of a sentence; null where it is followed.</param>
    public static Uri? Follow(Uri from, Uri? location, out string? refusal)
    {
        refusal = null;
        if (location is null || !Uri.TryCreate(from, location, out var to) || to.Scheme is not ("http" or "https"))
        {
            refusal = "which is no address to follow";
            return null;
        }

        var isSame = to.Scheme == from.Scheme && to.Port == from.Port;
        var isUpgrade = from.Scheme == "http" && to.Scheme == "https";
        if (!string.Equals(to.Host, from.Host, StringComparison.OrdinalIgnoreCase))
            refusal = "another host, which is not followed";
        else if (from.Scheme == "https" && to.Scheme == "http")
            refusal = "which gives up TLS and is not followed";
        else if (!isSame && !isUpgrade)
            refusal = "another port, which is not followed";

        // What an address says of a user is not taken from an answer.
        else if (to.UserInfo.Length > 0)
            refusal = "with a user in it, which is not followed";
        return refusal is null ? to : null;
    }
}
