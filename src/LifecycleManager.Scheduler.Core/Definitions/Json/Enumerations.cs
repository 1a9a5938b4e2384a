using System.Collections.Frozen;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scheduler.Core.Definitions.Json;

/// <summary>
/// The fields of definitions whose values are some names. Marathon's readers take them in any letter case, and show them as they
/// are here.
/// </summary>
internal static class Enumerations
{
    private static readonly string[] Kill = ["YOUNGEST_FIRST", "OLDEST_FIRST"];
    private static readonly string[] Engines = ["DOCKER", "MESOS"];
    private static readonly string[] Transports = ["tcp", "udp", "udp,tcp", "tcp,udp"];
    private static readonly string[] Web = ["HTTP", "HTTPS"];

    private static readonly FrozenDictionary<(Type, string), string[]> Fields = new Dictionary<(Type, string), string[]>
    {
        [(typeof(App), "killSelection")] = Kill,
        [(typeof(AppContainer), "type")] = Engines,
        [(typeof(AppDocker), "type")] = Engines,
        [(typeof(AppDocker), "network")] = ["BRIDGE", "HOST", "NONE", "USER"],
        [(typeof(AppHealthCheck), "protocol")] =
            ["HTTP", "HTTPS", "TCP", "COMMAND", "MESOS_HTTP", "MESOS_HTTPS", "MESOS_TCP"],
        [(typeof(AppHealthCheck), "ipProtocol")] = ["IPv4", "IPv6"],
        [(typeof(AppIpPort), "protocol")] = Transports,
        [(typeof(AppNetwork), "mode")] = [NetworkNotation.Host, NetworkNotation.Container, NetworkNotation.Bridge],
        [(typeof(AppPortMapping), "protocol")] = Transports,
        [(typeof(AppVolume), "mode")] = ["RW", "RO"],
        [(typeof(PodConstraint), "operator")] = [.. ConstraintOperators.Names],
        [(typeof(PodHttpCheck), "scheme")] = Web,
        [(typeof(PodImage), "kind")] = ["DOCKER", "APPC"],
        [(typeof(PodScaling), "kind")] = ["fixed"],
        [(typeof(PodScheduling), "killSelection")] = Kill,
        [(typeof(PortDefinition), "protocol")] = Transports,
        [(typeof(ReadinessCheck), "protocol")] = Web,
    }.ToFrozenDictionary();

    /// <summary>All of them: the names by type and field.</summary>
    public static IReadOnlyDictionary<(Type Type, string Name), string[]> All => Fields;

    /// <summary>A value in the letters that it is shown in; as it was sent where it is none of the field's.</summary>
    public static string Canonical(Type type, string field, string value) =>
        Fields.TryGetValue((type, field), out var names)
            ? Array.Find(names, name => name.Equals(value, StringComparison.OrdinalIgnoreCase)) ?? value : value;
}
