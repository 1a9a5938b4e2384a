namespace LifecycleManager.Metrics.Scraping;

/// <summary>
/// Tells the calls to an instance's own actuator, which its timers count too, from those of its users: a scrape is no load.
/// </summary>
internal static class ManagementPath
{
    /// <summary>Whether a uri, as timers write it, is below a place such as <c>/actuator</c>.</summary>
    public static bool IsBelow(string uri, string place)
    {
        var root = place.TrimEnd('/');
        return root.Length > 0 && uri.StartsWith(root, StringComparison.Ordinal)
            && (uri.Length == root.Length || uri[root.Length] == '/');
    }

    /// <summary>
    /// Where an actuator is whose Prometheus text is at a path: <c>/actuator</c> of <c>/actuator/prometheus</c>.
    /// </summary>
    public static string Of(string textPath)
    {
        var path = textPath.Split('?')[0];
        return path.LastIndexOf('/') is var last and > 0 ? path[..last] : path;
    }
}
