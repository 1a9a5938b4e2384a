using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Security.Admission;

/// <summary>
/// Names of images as the engine reads them: <c>busybox</c> is <c>docker.io/library/busybox</c>, so that a pattern of a registry
/// means that registry alone.
/// </summary>
internal static class ImagePattern
{
    private const string Hub = "docker.io";

    /// <summary>Whether an image is of one of the patterns; one without a tag is for all of them.</summary>
    public static bool IsAny(IReadOnlyList<string> patterns, string image)
    {
        var (name, version) = Parts(image);
        return patterns.Any(pattern =>
        {
            if (pattern is "**") return true;
            var (names, versions) = Parts(pattern);
            return PathPattern.IsMatch(names, name) && (versions.Length == 0
                || Glob.IsMatch(versions, version.Length == 0 ? ":latest" : version, paths: false)
                || (versions[0] == '@' && version.EndsWith(versions, StringComparison.Ordinal)));
        });
    }

    /// <summary>Registry and path; tag and digest with the characters before them.</summary>
    private static (string Name, string Version) Parts(string image)
    {
        var at = image.IndexOf('@', StringComparison.Ordinal);
        var end = at < 0 ? image.Length : at;
        var slash = image.LastIndexOf('/', Math.Max(0, end - 1));
        var colon = image.IndexOf(':', slash + 1);
        if (colon >= 0 && colon < end) end = colon;
        var (name, version) = (image[..end], image[end..]);
        var first = name.IndexOf('/', StringComparison.Ordinal);
        var registry = first < 0 ? "" : name[..first];

        // The engine's own rule for what is a registry and what the first part of a path.
        if (!registry.Contains('.') && !registry.Contains(':') && registry != "localhost" && registry != "**")
            (registry, name) = (Hub, first < 0 ? $"library/{name}" : name);
        else name = name[(first + 1)..];
        registry = registry.ToLowerInvariant();
        return ($"{(registry == "index.docker.io" ? Hub : registry)}/{name}", version);
    }
}
