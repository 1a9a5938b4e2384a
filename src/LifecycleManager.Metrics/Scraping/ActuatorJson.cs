namespace LifecycleManager.Metrics.Scraping;

/// <summary>What actuators are asked for, and where they usually are.</summary>
internal static class ActuatorJson
{
    /// <summary>The accepted media types, of every version of Boot.</summary>
    public const string Accept =
        "application/json,application/vnd.spring-boot.actuator.v3+json;q=0.9,application/vnd.spring-boot.actuator.v2+json;q=0.8";

    /// <summary>What is said to be needed where something else is answered.</summary>
    public const string Needed = "an actuator's JSON";

    private static readonly string[] Usual = ["/actuator", "/admin", "/"];

    /// <summary>
    /// The base paths to try. A path of Prometheus text that serves both kinds of endpoints stands beside the actuator's others.
    /// </summary>
    /// <param name="givenPath">What the query, the source of the target or a label says; null: nothing.</param>
    public static string[] Candidates(string? givenPath)
    {
        if (givenPath?.Split('?')[0].TrimEnd('/') is not { } path) return Usual;
        if (path.Length == 0) return ["/"];
        var last = path.LastIndexOf('/');
        return path[last..] is "/prometheus" or "/metrics" ? [last == 0 ? "/" : path[..last], path] : [path];
    }

    /// <summary>An address below a base path.</summary>
    public static string Below(string place, string path) => place.TrimEnd('/') + path;
}
