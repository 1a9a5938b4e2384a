using System.Text.Json;

namespace LifecycleManager.Console.Clients;

/// <summary>An agent as the leading master has it; amounts in cpus and MB.</summary>
public sealed record AgentRow
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>The name of its host.</summary>
    public required string Hostname { get; init; }

    /// <summary>
    /// One word for how it is, as <c>lcm agent list</c> has it: <c>active</c>, <c>draining</c>, <c>drained</c>,
    /// <c>deactivated</c>, <c>away</c> or <c>inactive</c>.
    /// </summary>
    public required string State { get; init; }

    /// <summary>Its host and port for others; empty where it does not say.</summary>
    public string Authority { get; init; } = "";

    /// <summary>Its version; empty where it does not say.</summary>
    public string Version { get; init; } = "";

    /// <summary>When it registered last.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>What of it is used.</summary>
    public Amounts Used { get; init; }

    /// <summary>All of it.</summary>
    public Amounts Total { get; init; }

    /// <summary>What of it is offered to frameworks at this moment.</summary>
    public Amounts Offered { get; init; }

    /// <summary>Its attributes.</summary>
    public IReadOnlyList<(string Name, string Value)> Attributes { get; init; } = [];

    /// <summary>Its region; null where it does not say.</summary>
    public string? Region { get; init; }

    /// <summary>Its zone; null where it does not say.</summary>
    public string? Zone { get; init; }

    /// <summary>When its machine is to be away; null where that is not planned.</summary>
    public AwayRow? Away { get; init; }

    /// <summary>Whether tasks start there.</summary>
    public bool IsActive => State == "active";

    /// <summary>Whether its tasks are not known to run.</summary>
    public bool IsLost => State is "away" or "inactive";

    /// <summary>The attributes in a line.</summary>
    public string Described => string.Join(", ", Attributes.Select(attribute => $"{attribute.Name}: {attribute.Value}"));

    /// <summary>An agent of <c>/slaves</c>.</summary>
    /// <param name="agent">It.</param>
    /// <param name="schedule">The maintenance schedule.</param>
    public static AgentRow Of(JsonElement agent, JsonElement schedule)
    {
        var hostname = agent.GetProperty("hostname").ToString();
        var fault = agent.TryGetProperty("domain", out var domain) && domain.TryGetProperty("fault_domain", out var said)
            ? said : (JsonElement?)null;
        return new AgentRow
        {
            Id = agent.GetProperty("id").ToString(),
            Hostname = hostname,
            State = StateOf(agent),
            Authority = agent.TryGetProperty("pid", out var pid) && pid.ToString().Split('@') is [_, var at] ? at : "",
            Version = agent.TryGetProperty("version", out var version) ? version.ToString() : "",
            Since = Instant(agent, "reregistered_time") ?? Instant(agent, "registered_time"),
            Used = Amounts.Of(agent, "used_resources"),
            Total = Amounts.Of(agent, "resources"),
            Offered = Amounts.Of(agent, "offered_resources"),
            Attributes = agent.TryGetProperty("attributes", out var attributes) && attributes.ValueKind == JsonValueKind.Object
                ? [.. attributes.EnumerateObject().Select(attribute => (attribute.Name, attribute.Value.ToString()))] : [],
            Region = Name(fault, "region"),
            Zone = Name(fault, "zone"),
            Away = MaintenanceText.Of(schedule, hostname),
        };
    }

    private static string StateOf(JsonElement agent) =>
        agent.TryGetProperty("drain_info", out var drain) && drain.TryGetProperty("state", out var state)
            ? state.ToString().ToLowerInvariant()
        : Is(agent, "deactivated", otherwise: false) ? "deactivated"
        : !Is(agent, "connected", otherwise: true) ? "away"
        : Is(agent, "active", otherwise: true) ? "active" : "inactive";

    private static bool Is(JsonElement agent, string name, bool otherwise) =>
        agent.TryGetProperty(name, out var value) ? value.ValueKind == JsonValueKind.True : otherwise;

    private static DateTimeOffset? Instant(JsonElement agent, string name) =>
        agent.TryGetProperty(name, out var value) && value.TryGetDouble(out var seconds) && seconds > 0
            ? DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds * 1000)) : null;

    private static string? Name(JsonElement? of, string part) =>
        of is { } fault && fault.TryGetProperty(part, out var place) && place.TryGetProperty("name", out var name)
            ? name.ToString() : null;
}

/// <summary>What tasks ask for and agents have: cpus, and memory in MB.</summary>
public readonly record struct Amounts(double Cpus, double Mem)
{
    /// <summary>Both sums.</summary>
    public Amounts Plus(Amounts other) => new(Cpus + other.Cpus, Mem + other.Mem);

    /// <summary>The difference of both.</summary>
    public Amounts Minus(Amounts other) => new(Cpus - other.Cpus, Mem - other.Mem);

    /// <summary>Whether something fits in; what is binary is not exact.</summary>
    public bool HasRoomFor(Amounts other) => Cpus + 1e-6 >= other.Cpus && Mem + 1e-6 >= other.Mem;

    /// <summary>The resources in a field; what is not there is zero.</summary>
    public static Amounts Of(JsonElement element, string field) =>
        element.TryGetProperty(field, out var resources) ? new(Amount(resources, "cpus"), Amount(resources, "mem")) : default;

    private static double Amount(JsonElement resources, string name) =>
        resources.TryGetProperty(name, out var value) && value.TryGetDouble(out var number) ? number : 0;
}

/// <summary>When a machine is to be away; without an end, until it is taken back.</summary>
public sealed record AwayRow(DateTimeOffset Start, DateTimeOffset? End);
