namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>One port of an app, of both network notations.</summary>
/// <param name="ContainerPort">In the container, 0 for the same as the host port; null on the host's network.</param>
/// <param name="HostPort">On the host: a number, 0 for any, null where it is not published.</param>
/// <param name="ServicePort">For load balancers.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>udp,tcp</c>.</param>
/// <param name="Name">A name.</param>
/// <param name="Labels">Free labels.</param>
internal sealed record PortSpec(
    int? ContainerPort,
    int? HostPort,
    int ServicePort,
    string Protocol = "tcp",
    string? Name = null,
    IReadOnlyDictionary<string, string>? Labels = null);

/// <summary>How an app is on the network.</summary>
internal enum NetworkMode
{
    /// <summary>The host's own network.</summary>
    Host,

    /// <summary>The engine's bridge, with mapped ports.</summary>
    Bridge,

    /// <summary>A named network.</summary>
    Container,
}
