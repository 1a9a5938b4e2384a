using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Resources;

/// <summary>What the agent offers and how it is described, by its options and its machine.</summary>
internal sealed class AgentOffer
{
    private readonly AgentOptions _options;
    private readonly IReadOnlyList<AgentAttribute> _attributes;

    /// <summary>Reads what is stated.</summary>
    /// <exception cref="FormatException">It is stated wrongly: this shows at once, not when a master is found.</exception>
    public AgentOffer(AgentOptions options)
    {
        _options = options;
        Resources = MachineResources.Detect(options.Resources, Path.GetTempPath());
        _attributes = options.Attributes is { } attributes ? AttributeText.Parse(attributes) : [];
        if (options.Region is null != options.Zone is null) throw new FormatException("region and zone are stated together");
        Domain = options.Region is { } region ? new DomainInfo(new(new(region), new(options.Zone!))) : null;
        foreach (var name in options.Containerizers)
        {
            if (name is not ("docker" or "process"))
                throw new FormatException($"containerizers: '{name}' is neither docker nor process");
        }
    }

    /// <summary>All that the agent offers.</summary>
    public IReadOnlyList<Resource> Resources { get; private set; }

    /// <summary>Its fault domain; null where none is stated.</summary>
    public DomainInfo? Domain { get; }

    /// <summary>Where the agent's own HTTP surface is reached.</summary>
    public Uri Address => _options.Address;

    /// <summary>Measures the disk that the sandboxes are on.</summary>
    public void Measure(string workDirectory) => Resources = MachineResources.Detect(_options.Resources, workDirectory);

    /// <summary>Its attributes, with what its containerizers are.</summary>
    public IReadOnlyList<AgentAttribute> Attributes(IReadOnlyList<string> features) =>
        [.. _attributes.Where(attribute => attribute.Name != "containerizers"),
            AttributeText.OfText("containerizers", string.Join(',', features))];

    /// <summary>The agent as Mesos' APIs describe one.</summary>
    public AgentInfo Describe(AgentId? id, IReadOnlyList<Resource> resources, IReadOnlyList<string> features) => new()
    {
        Hostname = _options.Hostname,
        Port = _options.Port,
        Resources = resources,
        Attributes = Attributes(features),
        Id = id,
        Domain = Domain,
    };
}
