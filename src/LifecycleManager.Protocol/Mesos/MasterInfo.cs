namespace LifecycleManager.Protocol.Mesos;

/// <summary>A master, as frameworks and those who look for the leader get it.</summary>
public sealed record MasterInfo
{
    /// <summary>How the names of the nodes begin by which the leader is found in ZooKeeper; the one that leads has the lowest
    /// number behind.</summary>
    public const string NodePrefix = "json.info_";

    /// <summary>The id of its term: prefix of the ids that it gives.</summary>
    public required string Id { get; init; }

    /// <summary>
    /// Its IPv4 address as a number whose lowest byte is the first part (the network's order in a little-endian machine's
    /// memory); 0 where it has none. <see cref="Address"/> says the same in words.
    /// </summary>
    public required uint Ip { get; init; }

    /// <summary>Its port.</summary>
    public required int Port { get; init; }

    /// <summary>Its name in Mesos' inner protocol: <c>master@HOST:PORT</c>.</summary>
    public string? Pid { get; init; }

    /// <summary>Its host name.</summary>
    public string? Hostname { get; init; }

    /// <summary>Its version.</summary>
    public string? Version { get; init; }

    /// <summary>Where it is reached.</summary>
    public OfferAddress? Address { get; init; }
}
