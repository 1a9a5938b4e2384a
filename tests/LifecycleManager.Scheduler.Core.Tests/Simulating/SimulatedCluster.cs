using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Instances;

namespace LifecycleManager.Scheduler.Core.Tests.Simulating;

/// <summary>Master and agents as plain state: what a call does happens when it arrives, what follows waits as events.</summary>
internal sealed class SimulatedCluster
{
    private const double Cpus = 4;
    private readonly Dictionary<string, string> _offers = [];
    private int _numbers;

    /// <summary>Agents by id, and whether each is reachable.</summary>
    public SortedDictionary<string, bool> Agents { get; } =
        new(StringComparer.Ordinal) { ["a1"] = true, ["a2"] = true, ["a3"] = true };

    public SortedDictionary<string, SimulatedTask> Tasks { get; } = new(StringComparer.Ordinal);

    public HashSet<string> EverLaunched { get; } = [];

    /// <summary>Updates that were not acknowledged, oldest first.</summary>
    public List<TaskStatusInfo> Unacknowledged { get; } = [];

    /// <summary>Events on their way to the subscribed scheduler.</summary>
    public Queue<SchedulerEvent> Events { get; } = new();

    public bool IsSubscribed { get; private set; }

    public bool IsSuppressed { get; private set; }

    public void Subscribe()
    {
        IsSubscribed = true;
        IsSuppressed = false;
        Events.Clear();
        _offers.Clear();
        foreach (var status in Unacknowledged) Send(status);
        Offer();
    }

    public void Disconnect()
    {
        IsSubscribed = false;
        Events.Clear();
        _offers.Clear();
    }

    public void Offer()
    {
        if (!IsSubscribed || IsSuppressed) return;
        var offers = new List<Offer>();
        foreach (var (agent, reachable) in Agents)
        {
            if (!reachable || _offers.ContainsValue(agent)) continue;
            var used = Tasks.Values.Count(task => task.Agent == agent);
            var id = $"o{++_numbers}";
            _offers[id] = agent;
            offers.Add(new Offer
            {
                Id = new OfferId(id),
                FrameworkId = new FrameworkId("f"),
                AgentId = new AgentId(agent),
                Hostname = agent,
                Resources = [Resource.OfScalar("cpus", Cpus - (used * 0.5)), Resource.OfScalar("mem", 10_000)],
            });
        }

        if (offers.Count > 0) Events.Enqueue(new SchedulerEvent { Type = EventType.Offers, Offers = new OffersEvent(offers) });
    }

    public void Report(SimulatedTask task, TaskState state, bool? healthy = null)
    {
        task.State = state;
        if (state.IsTerminal()) Tasks.Remove(task.Id);
        Update(new TaskStatusInfo
        {
            TaskId = new TaskId(task.Id),
            AgentId = new AgentId(task.Agent),
            State = state,
            Healthy = healthy,
            Uuid = BitConverter.GetBytes(++_numbers),
        });
    }

    public void Silence(string agent)
    {
        Agents[agent] = false;
        foreach (var task in Tasks.Values.Where(task => task.Agent == agent)) Answer(task.Id, agent, TaskState.Unreachable);
        foreach (var offer in _offers.Where(offer => offer.Value == agent).Select(offer => offer.Key).ToList())
            _offers.Remove(offer);
    }

    public void Return(string agent)
    {
        Agents[agent] = true;
        foreach (var task in Tasks.Values.Where(task => task.Agent == agent)) Answer(task.Id, agent, task.State);
        Offer();
    }

    /// <returns>What was wrong with the call, or null.</returns>
    public string? Take(SchedulerCall call)
    {
        if (!IsSubscribed) return null;
        switch (call.Type)
        {
            case CallType.Accept:
                return Accept(call.Accept!);
            case CallType.Decline:
                foreach (var offer in call.Decline!.OfferIds) _offers.Remove(offer.Value);
                return null;
            case CallType.Suppress:
                IsSuppressed = true;
                return null;
            case CallType.Revive:
                IsSuppressed = false;
                Offer();
                return null;
            case CallType.Kill:
                Kill(call.Kill!.TaskId.Value, call.Kill.AgentId?.Value ?? "");
                return null;
            case CallType.Acknowledge:
                Unacknowledged.RemoveAll(status => status.Uuid!.SequenceEqual(call.Acknowledge!.Uuid));
                return null;
            case CallType.Reconcile:
                var asked = call.Reconcile!.Tasks is { Count: > 0 } tasks
                    ? tasks.Select(task => (task.TaskId.Value, task.AgentId?.Value ?? ""))
                    : Tasks.Values.Select(task => (task.Id, task.Agent));
                foreach (var (id, agent) in asked.ToList())
                {
                    if (!Tasks.TryGetValue(id, out var task)) Answer(id, agent, TaskState.Gone);
                    else Answer(id, task.Agent, Agents[task.Agent] ? task.State : TaskState.Unreachable);
                }

                return null;
            default:
                return $"an unexpected {call.Type}";
        }
    }

    private string? Accept(AcceptCall accept)
    {
        var agents = accept.OfferIds.Select(offer => _offers.Remove(offer.Value, out var agent) ? agent : null).ToList();
        foreach (var info in accept.Operations!.SelectMany(operation => operation.Launch!.TaskInfos))
        {
            var id = info.TaskId.Value;
            if (!EverLaunched.Add(id)) return $"{id} is launched twice";
            if (agents.Contains(null) || !Agents[info.AgentId.Value])
            {
                Update(new TaskStatusInfo
                {
                    TaskId = info.TaskId,
                    AgentId = info.AgentId,
                    State = TaskState.Dropped,
                    Reason = StatusReason.InvalidOffers,
                });
                continue;
            }

            Tasks[id] = new SimulatedTask(id, info.AgentId.Value, info.Command!.Value!, info.Command.Environment!.Variables
                .First(variable => variable.Name == "MARATHON_APP_ID").Value!);
        }

        return null;
    }

    private void Kill(string id, string agent)
    {
        if (!Tasks.TryGetValue(id, out var task)) Answer(id, agent, TaskState.Gone);
        else if (Agents[task.Agent] && task.State != TaskState.Killing) Report(task, TaskState.Killing);
    }

    private void Answer(string id, string agent, TaskState state) => Update(new TaskStatusInfo
    {
        TaskId = new TaskId(id),
        AgentId = new AgentId(agent),
        State = state,
        Reason = StatusReason.Reconciliation,
        Source = StatusSource.Master,
    });

    private void Update(TaskStatusInfo status)
    {
        if (status.Uuid is not null) Unacknowledged.Add(status);
        if (IsSubscribed) Send(status);
    }

    private void Send(TaskStatusInfo status) =>
        Events.Enqueue(new SchedulerEvent { Type = EventType.Update, Update = new UpdateEvent(status) });
}

internal sealed record SimulatedTask(string Id, string Agent, string Command, string App)
{
    public TaskState State { get; set; } = TaskState.Staging;
}
