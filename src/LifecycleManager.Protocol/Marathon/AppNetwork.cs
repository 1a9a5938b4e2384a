namespace LifecycleManager.Protocol.Marathon;

/// <summary>A network, 1.5's notation.</summary>
public sealed record AppNetwork
{
    /// <summary><c>host</c>, <c>container</c> or <c>container/bridge</c>.</summary>
    public string? Mode { get; init; }

    /// <summary>The name, for <c>container</c>.</summary>
    public string? Name { get; init; }

    /// <summary>Free labels.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
}

/// <summary>An address for each task, the notation before networks.</summary>
public sealed record AppIpAddress
{
    /// <summary>The network's name.</summary>
    public string? NetworkName { get; init; }

    /// <summary>Labels of the network.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Of no effect, in Marathon either.</summary>
    public IReadOnlyList<string>? Groups { get; init; }

    /// <summary>Ports that are told to who discovers services.</summary>
    public AppIpDiscovery? Discovery { get; init; }
}

/// <summary>What is told to who discovers services.</summary>
public sealed record AppIpDiscovery
{
    /// <summary>The ports.</summary>
    public IReadOnlyList<AppIpPort>? Ports { get; init; }
}

/// <summary>A port of a task's own address.</summary>
public sealed record AppIpPort
{
    /// <summary>The port.</summary>
    public int? Number { get; init; }

    /// <summary>Its name.</summary>
    public string? Name { get; init; }

    /// <summary><c>tcp</c> or <c>udp</c>.</summary>
    public string? Protocol { get; init; }

    /// <summary>Free labels.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
}
