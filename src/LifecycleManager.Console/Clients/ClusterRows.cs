using System.Text.Json;

namespace LifecycleManager.Console.Clients;

/// <summary>The cluster as the leading master has it.</summary>
public sealed record ClusterRow
{
    /// <summary>Its version.</summary>
    public string Version { get; init; } = "";

    /// <summary>The host and port of the master that leads.</summary>
    public string Leader { get; init; } = "";

    /// <summary>Offers that frameworks think about at this moment; null where the master does not count them.</summary>
    public int? Offers { get; init; }

    /// <summary>The frameworks.</summary>
    public IReadOnlyList<FrameworkRow> Frameworks { get; init; } = [];

    /// <summary>The roles that resources are for.</summary>
    public IReadOnlyList<ResourceRole> Roles { get; init; } = [];
}

/// <summary>A framework.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Connected">Whether the master hears it.</param>
/// <param name="Roles">For which roles it takes offers.</param>
/// <param name="Tasks">Its tasks that run.</param>
/// <param name="Used">What they use.</param>
/// <param name="Offered">What it is offered.</param>
public sealed record FrameworkRow(
    string Id, string Name, bool Connected, string Roles, int Tasks, Amounts Used, Amounts Offered)
{
    /// <summary>A framework of <c>/state-summary</c>.</summary>
    public static FrameworkRow Of(JsonElement framework) => new(
        framework.GetProperty("id").ToString(), framework.GetProperty("name").ToString(),
        !framework.TryGetProperty("connected", out var connected) || connected.ValueKind == JsonValueKind.True,
        framework.TryGetProperty("roles", out var roles) && roles.ValueKind == JsonValueKind.Array
            ? string.Join(", ", roles.EnumerateArray()) : framework.TryGetProperty("role", out var role) ? role.ToString() : "*",
        framework.TryGetProperty("TASK_RUNNING", out var tasks) ? tasks.GetInt32() : 0,
        Amounts.Of(framework, "used_resources"), Amounts.Of(framework, "offered_resources"));
}

/// <summary>A role that resources are for: what it is owed, may have and has.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Weight">Its share beside the others'.</param>
/// <param name="Frameworks">How many frameworks take offers for it.</param>
/// <param name="Used">What its tasks use; of a master that does not say it apart, with what is offered.</param>
/// <param name="Guarantee">What it is owed, as written; empty for nothing.</param>
/// <param name="Limit">The most that it may have, as written; empty for no limit.</param>
public sealed record ResourceRole(string Name, double Weight, int Frameworks, Amounts Used, string Guarantee, string Limit)
{
    /// <summary>A role of <c>/roles</c>.</summary>
    public static ResourceRole Of(JsonElement role) => new(
        role.GetProperty("name").ToString(), role.TryGetProperty("weight", out var weight) ? weight.GetDouble() : 1,
        role.TryGetProperty("frameworks", out var frameworks) ? frameworks.GetArrayLength() : 0,
        Amounts.Of(role, role.TryGetProperty("allocated", out _) ? "allocated" : "resources"),
        Quota(role, "guarantee"), Quota(role, "limit"));

    private static string Quota(JsonElement role, string part) =>
        role.TryGetProperty("quota", out var quota) && quota.TryGetProperty(part, out var said)
            && said.ValueKind == JsonValueKind.Object
            ? string.Join(", ", said.EnumerateObject().Select(one => $"{one.Name} {one.Value}")) : "";
}

/// <summary>How a process of a role says that it is.</summary>
/// <param name="Role">The role.</param>
/// <param name="Address">Where it was asked.</param>
/// <param name="State">What it does: <c>leading</c>, <c>standing by</c>; empty where it does not say.</param>
/// <param name="IsUp">Whether it can do its work; null where it does not answer.</param>
/// <param name="Reasons">Why not.</param>
/// <param name="Warnings">What is to be known all the same.</param>
/// <param name="CertificateEnd">When the certificate ends that it serves with; null without one.</param>
public sealed record RoleRow(
    string Role, Uri Address, string State, bool? IsUp, IReadOnlyList<string> Reasons, IReadOnlyList<string> Warnings,
    DateTimeOffset? CertificateEnd)
{
    /// <summary>From here on a certificate's end is something to be told.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromDays(30);

    /// <summary>How it is in a word.</summary>
    public string Name => IsUp switch { true => State.Length > 0 ? State : "up", false => "cannot do its work", _ => "away" };
}

/// <summary>Which scheduler leads, and of which build the asked one is.</summary>
public sealed record SchedulerInfo(string? Leader, string Build);
