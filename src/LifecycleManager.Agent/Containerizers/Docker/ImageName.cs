namespace LifecycleManager.Agent.Containerizers.Docker;

/// <summary>An image's name: <c>[registry/]repository[:tag][@digest]</c>.</summary>
/// <param name="Repository">With its registry, if stated.</param>
/// <param name="Tag">The tag or digest; <c>latest</c> when none is stated.</param>
internal sealed record ImageName(string Repository, string Tag)
{
    /// <summary>Splits a name.</summary>
    public static ImageName Parse(string name)
    {
        var digest = name.IndexOf('@', StringComparison.Ordinal);
        if (digest > 0) return new ImageName(WithoutTag(name[..digest]).Repository, name[(digest + 1)..]);
        var (repository, tag) = WithoutTag(name);
        return new ImageName(repository, tag ?? "latest");
    }

    /// <summary>The registry's host; <c>docker.io</c> when none is stated.</summary>
    public string Registry
    {
        get
        {
            var slash = Repository.IndexOf('/', StringComparison.Ordinal);
            var first = slash < 0 ? "" : Repository[..slash];
            return first.AsSpan().ContainsAny('.', ':') || first == "localhost" ? first : "docker.io";
        }
    }

    private static (string Repository, string? Tag) WithoutTag(string name)
    {
        // A colon before the last slash belongs to the registry's port.
        var colon = name.LastIndexOf(':');
        return colon > name.LastIndexOf('/') ? (name[..colon], name[(colon + 1)..]) : (name, null);
    }
}
