using System.Net;
using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Resources;
using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Loops;

namespace LifecycleManager.Master.Cluster;

/// <summary>A registered agent. Owned by the master's loop.</summary>
internal sealed class Agent(AgentId id, AgentEntry entry, Ledger.Account account, DateTimeOffset registeredAt)
{
    private EventStream<AgentEvent>? _stream;
    private Uri? _address;

    public AgentId Id { get; } = id;

    /// <summary>As it is stored.</summary>
    public AgentEntry Entry { get; set; } = entry;

    /// <summary>As it will be once all that is on its way is stored.</summary>
    public AgentEntry Newest { get; set; } = entry;

    public AgentInfo Info => Entry.Info;

    public Ledger.Account Account { get; } = account;

    public string Version { get; set; } = "";

    public IReadOnlyList<string> Features { get; set; } = [];

    /// <summary>Where its HTTP surface is reached.</summary>
    public Uri Address
    {
        get => _address ?? new UriBuilder(Uri.UriSchemeHttp, Info.Hostname, Info.Port ?? 5051).Uri;
        set => _address = value;
    }

    /// <summary>Null while it is not connected.</summary>
    public EventStream<AgentEvent>? Stream
    {
        get => _stream;
        set
        {
            _stream = value;

            // What is known of it outlives the connection.
            if (value is null) return;
            var ip = IPAddress.TryParse(Address.Host.Trim('[', ']'), out var own) ? own : value.Remote;
            Ip = ip is { IsIPv4MappedToIPv6: true } ? ip.MapToIPv4() : ip;
        }
    }

    public bool IsConnected => Stream is not null;

    /// <summary>Its address: as it calls itself, else where its connection came from; null where neither is known.</summary>
    public IPAddress? Ip { get; private set; }

    /// <summary>Whether its free resources may be offered.</summary>
    public bool IsActive => IsConnected && !Entry.Deactivated && Entry.Drain is null && !IsLeaving;

    /// <summary>Set while its removal is being made durable.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>PINGs since the last sign of life.</summary>
    public int Unanswered { get; set; }

    public Deadline<Action>? Ping { get; set; }

    public DateTimeOffset RegisteredAt { get; } = registeredAt;

    public DateTimeOffset? ReregisteredAt { get; set; }

    /// <summary>Its tasks that have not been acknowledged as ended.</summary>
    public HashSet<(FrameworkId Framework, TaskId Task)> Tasks { get; } = [];

    public Dictionary<(FrameworkId Framework, ExecutorId Executor), ExecutorRecord> Executors { get; } = [];

    public HashSet<OfferRecord> Offers { get; } = [];

    /// <summary>ACCEPTs that wait for a reservation to be durable.</summary>
    public HashSet<PendingAccept> Accepts { get; } = [];

    /// <summary>Its revocable resources as it last estimated them.</summary>
    public ResourceSet Revocable { get; set; } = ResourceSet.Empty;

    public bool HasGpus => Account.Total.Milli("gpus") > 0;

    public string? Region => Info.Domain?.FaultDomain?.Region.Name;
}

/// <summary>An executor with resources of its own: they are free when its last task has ended.</summary>
internal sealed record ExecutorRecord(ExecutorInfo Info, string Role, ResourceSet Resources)
{
    /// <summary>Its tasks that have not ended.</summary>
    public HashSet<TaskId> Tasks { get; } = [];
}

/// <summary>An agent that the registry knows and that is not registered now.</summary>
internal sealed class AbsentAgent(AgentId id, AgentEntry entry, long order)
{
    public AgentId Id { get; } = id;

    public AgentEntry Entry { get; set; } = entry;

    /// <summary>Grows with each that is absent: the least is the first to be forgotten.</summary>
    public long Order { get; } = order;

    /// <summary>Set while it is being made durable that it is unreachable.</summary>
    public bool IsGivenUp { get; set; }

    /// <summary>Whether it was registered with the former master and may still return in time.</summary>
    public bool IsRecovering => Entry.Standing == AgentStanding.Admitted;
}

/// <summary>Resources that are offered.</summary>
internal sealed record OfferRecord(OfferId Id, FrameworkId FrameworkId, AgentId AgentId, string Role, ResourceSet Resources)
{
    public Deadline<Action>? Timeout { get; set; }

    public bool Equals(OfferRecord? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => Id.GetHashCode();
}
