using LifecycleManager.Agent.Resources;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Checkpoints;

/// <summary>Who the agent is, in memory and on the disk. Changed by the agent's owner; read by anybody.</summary>
internal sealed class AgentIdentity
{
    private readonly AgentDirectory _directory;
    private readonly ILogger _log;
    private AgentRecord _record;
    private volatile string? _problem;

    /// <summary>Who the agent is found to be.</summary>
    /// <param name="directory">Where it is written down.</param>
    /// <param name="record">As it was found.</param>
    /// <param name="isWritten">Whether that is what the disk has.</param>
    /// <param name="log">Told of changes.</param>
    public AgentIdentity(AgentDirectory directory, AgentRecord record, bool isWritten, ILogger log)
    {
        (_directory, _record, _log) = (directory, record, log);
        // Not on every start: a full disk keeps no agent from finding its tasks.
        if (!isWritten) Save(record);
    }

    /// <summary>Names the work directory for ever.</summary>
    public string Home => Volatile.Read(ref _record).Home;

    /// <summary>The id that a master gave; null before, and after the master has given the agent up.</summary>
    public AgentId? Id => Volatile.Read(ref _record).AgentId;

    /// <summary>Why what the agent knows of itself is not on the disk; null where it is.</summary>
    public string? Problem => _problem;

    /// <summary>The id that the master knows the agent by.</summary>
    public void Assign(AgentId id)
    {
        if (Id is { } old && old != id) _log.LogWarning("The master has given the agent the new id {Id}", id.Value);
        if (Id != id) Save(_record with { AgentId = id });
        _log.LogInformation("Registered as agent {Id}", id.Value);
    }

    /// <summary>The master has given the agent up: it has no id and no reservations any more.</summary>
    public void GiveUp() => Save(_record with { AgentId = null, Resources = null });

    /// <summary>The resources with their reservations, as the master has told.</summary>
    public void Reserve(IReadOnlyList<Resource> resources) => Save(_record with { Resources = resources });

    /// <summary>The resources with their reservations, unless what the agent is told to offer has changed since.</summary>
    /// <param name="offered">What it is told to offer.</param>
    public IReadOnlyList<Resource> Reserved(IReadOnlyList<Resource> offered)
    {
        if (_record.Resources is not { } reserved) return offered;
        if (MachineResources.Totals(reserved).SequenceEqual(MachineResources.Totals(offered))) return reserved;
        _log.LogWarning("The agent's resources have changed: reservations of the former ones are void");
        Save(_record with { Resources = null });
        return offered;
    }

    /// <summary>Writes what could not be written before.</summary>
    /// <returns>Whether it is on the disk.</returns>
    public bool SaveAgain()
    {
        if (_problem is not null) Save(_record);
        return _problem is null;
    }

    private void Save(AgentRecord record)
    {
        Volatile.Write(ref _record, record);
        try
        {
            _directory.Write(record);
            _problem = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _problem = e.Message;
            _log.LogError(
                "What the agent knows of itself cannot be written; after a restart it would be another agent: {Reason}",
                e.Message);
        }
    }
}
