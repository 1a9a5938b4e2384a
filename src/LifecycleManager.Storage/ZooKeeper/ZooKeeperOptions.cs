namespace LifecycleManager.Storage.ZooKeeper;

/// <summary>Where ZooKeeper is, and who we are there.</summary>
/// <param name="Servers">Tried in turn.</param>
/// <param name="Root">The path below which all ours lies: empty, or <c>/a/b</c>.</param>
/// <param name="Timeout">The session's; the servers may lengthen it.</param>
/// <param name="Patience">How long a call waits for a connection.</param>
/// <param name="Digest"><c>user:password</c>, or null; with it the nodes are for this user alone.</param>
internal sealed record ZooKeeperOptions(
    IReadOnlyList<(string Host, int Port)> Servers, string Root, TimeSpan Timeout, TimeSpan Patience, string? Digest)
{
    public override string ToString() => string.Join(",", Servers.Select(server => $"{server.Host}:{server.Port}")) + Root;

    /// <exception cref="ArgumentException">The address is wrong, or a password is missing.</exception>
    public static ZooKeeperOptions From(StateAddress address, string? password, TimeSpan patience)
    {
        var root = address.Path.Trim('/');
        if (root.Length > 0 && root.Split('/').Any(part => part is "" or "." or ".." || part.Any(char.IsControl)))
        {
            throw StateAddress.Wrong("a part of ZooKeeper's path is empty, of dots alone, or holds control characters");
        }

        if (address.User is not null && string.IsNullOrEmpty(password))
            throw StateAddress.Wrong("a user of ZooKeeper needs a password");
        return new ZooKeeperOptions(
            address.Servers,
            root.Length > 0 ? "/" + root : "",
            address.Seconds("session", TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)),
            patience,
            address.User is null ? null : $"{address.User}:{password}");
    }
}
