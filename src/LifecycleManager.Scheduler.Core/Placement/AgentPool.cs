using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Scheduler.Core.Placement;

/// <summary>
/// What one agent offers at the moment, over all of its offers: the free resources by the role that they are reserved for.
/// Mutable: placing an instance takes from it. Scalars are in thousandths, as Mesos counts them.
/// </summary>
internal sealed class AgentPool
{
    /// <summary>The agent.</summary>
    public required string AgentId { get; init; }

    /// <summary>Its host name.</summary>
    public required string Host { get; init; }

    /// <summary>Its region.</summary>
    public string? Region { get; init; }

    /// <summary>Its zone.</summary>
    public string? Zone { get; init; }

    /// <summary>Its attributes, as text.</summary>
    public IReadOnlyDictionary<string, string> Attributes { get; init; } = new Dictionary<string, string>();

    /// <summary>The offers that this is made of.</summary>
    public IReadOnlyList<Offer> Offers { get; init; } = [];

    /// <summary>The resources by role.</summary>
    public required RoleResources[] Roles { get; init; }

    /// <summary>Whether an agent that states its containerizers lacks a Docker engine.</summary>
    public bool LacksDocker => Attributes.TryGetValue("containerizers", out var has)
        && !has.Split(',', StringSplitOptions.TrimEntries).Contains("docker", StringComparer.Ordinal);

    /// <summary>Free cpus in thousandths over all roles, for the order of agents.</summary>
    public long FreeCpus
    {
        get
        {
            long sum = 0;
            foreach (var role in Roles) sum += role.Cpus;
            return sum;
        }
    }

    /// <summary>Free memory in thousandths of a MB over all roles, for the order of agents.</summary>
    public long FreeMem
    {
        get
        {
            long sum = 0;
            foreach (var role in Roles) sum += role.Mem;
            return sum;
        }
    }

    /// <summary>
    /// The agents behind some offers, each once, in the order of their first offers. Revocable resources are left alone.
    /// </summary>
    public static IReadOnlyList<AgentPool> From(IEnumerable<Offer> offers)
    {
        var agents = new List<AgentPool>();
        foreach (var group in offers.GroupBy(offer => offer.AgentId))
        {
            var first = group.First();
            agents.Add(new AgentPool
            {
                AgentId = group.Key.Value,
                Host = first.Hostname,
                Region = first.Domain?.FaultDomain?.Region.Name,
                Zone = first.Domain?.FaultDomain?.Zone.Name,
                Attributes = AgentAttributes.Read(first.Attributes),
                Offers = [.. group],
                Roles = RoleResources.From(group.SelectMany(offer => offer.Resources)),
            });
        }

        return agents;
    }
}

/// <summary>The free resources of one reservation of an agent. Mutable. Scalars in thousandths.</summary>
internal sealed class RoleResources
{
    /// <summary>The role that they are reserved for, <c>*</c> for none.</summary>
    public required string Role { get; init; }

    /// <summary>A resource of this reservation, whose reservation and allocation those of a task repeat.</summary>
    public Resource? Template { get; init; }

    /// <summary>Cpus.</summary>
    public long Cpus { get; set; }

    /// <summary>Memory, MB.</summary>
    public long Mem { get; set; }

    /// <summary>Disk, MB.</summary>
    public long Disk { get; set; }

    /// <summary>Gpus.</summary>
    public long Gpus { get; set; }

    /// <summary>Ports.</summary>
    public PortSet Ports { get; init; } = new([]);

    /// <summary>Thousandths of a number.</summary>
    public static long Milli(double value) => (long)Math.Round(value * 1000, MidpointRounding.AwayFromZero);

    internal static RoleResources[] From(IEnumerable<Resource> resources)
    {
        var all = new List<RoleResources>();
        foreach (var group in resources.Where(resource => resource.Revocable is null).GroupBy(RoleOf, StringComparer.Ordinal))
        {
            long Sum(string name) => group.Where(resource => resource.Name == name && resource.Scalar is not null)
                .Sum(resource => Milli(resource.Scalar!.Value));
            all.Add(new RoleResources
            {
                Role = group.Key,
                Template = group.First(),
                Cpus = Sum("cpus"),
                Mem = Sum("mem"),
                Disk = Sum("disk"),
                Gpus = Sum("gpus"),
                Ports = new PortSet(group.Where(resource => resource.Name == "ports" && resource.Ranges is not null)
                    .SelectMany(resource => resource.Ranges!.Range)),
            });
        }

        // Reserved resources first: nobody else can use them.
        return [.. all.OrderBy(role => role.Role == "*" ? 1 : 0)];
    }

    private static string RoleOf(Resource resource) =>
        resource.Reservations is { Count: > 0 } stack ? stack[^1].Role ?? "*" : resource.Role ?? "*";
}

/// <summary>Attributes of an agent as text, as constraints compare them.</summary>
internal static class AgentAttributes
{
    /// <summary>By name; scalars without trailing zeros, ranges and sets in Mesos' notation.</summary>
    public static IReadOnlyDictionary<string, string> Read(IReadOnlyList<AgentAttribute>? attributes)
    {
        var read = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var attribute in attributes ?? [])
        {
            read[attribute.Name] = attribute switch
            {
                { Text: { } text } => text.Value,
                { Scalar: { } scalar } => scalar.Value.ToString("0.###", System.Globalization.CultureInfo.InvariantCulture),
                { Ranges: { } ranges } => $"[{string.Join(",", ranges.Range.Select(range => $"{range.Begin}-{range.End}"))}]",
                { Set: { } set } => $"{{{string.Join(",", set.Item)}}}",
                _ => "",
            };
        }

        return read;
    }
}
