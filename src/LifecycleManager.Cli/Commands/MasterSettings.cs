using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Master;

namespace LifecycleManager.Cli.Commands;

/// <summary>The options of a master. The names are those of Mesos' flags where it has one.</summary>
internal sealed class MasterSettings
{
    private static readonly MasterOptions Default = new();

    private readonly PrincipalSettings _principals;
    private readonly Option<string?> _cluster;
    private readonly Option<string?> _region;
    private readonly Option<string> _allocator;
    private readonly Option<TimeSpan> _allocationDelay;
    private readonly Option<TimeSpan> _allocationInterval;
    private readonly Option<TimeSpan?> _offerTimeout;
    private readonly Option<TimeSpan> _pingInterval;
    private readonly Option<int> _maxPings;
    private readonly Option<TimeSpan> _reregisterTimeout;
    private readonly Option<int?> _removalLimit;
    private readonly Option<TimeSpan> _removalWindow;
    private readonly Option<TimeSpan> _heartbeat;
    private readonly Option<int> _maxAgents;
    private readonly Option<int> _maxSubscribers;
    private readonly Option<int> _streamCapacity;
    private readonly Option<long> _streamMemory;
    private readonly Option<long> _maxBody;
    private readonly Option<int> _completedFrameworks;
    private readonly Option<int> _completedTasks;
    private readonly Option<int> _unreachableTasks;
    private readonly Option<int> _remembered;

    public MasterSettings(Command command, Settings settings)
    {
        var options = new RangedSettings<MasterOptions>(settings, Default);
        _principals = new PrincipalSettings(command, settings);
        _cluster = Setting.Of<string?>(settings, "--cluster", "A name of the cluster, for people", Values.Text, () => null);
        _region = Setting.Of<string?>(settings, "--region",
            "The master's region; agents of other regions are offered only to REGION_AWARE frameworks", Values.Text, () =>
                null, "all agents to all");
        _allocator = Setting.Of(settings, "--allocator", "The allocator's name", Values.Text, () => Default.Allocator,
            Default.Allocator);
        _allocationDelay = options.Time("--allocation-delay", "How long changes are gathered before resources are offered",
            nameof(MasterOptions.AllocationDelay));
        _allocationInterval = options.Time("--allocation-interval",
            "The shortest time before declined resources are offered again to those who declined them",
            nameof(MasterOptions.AllocationInterval));
        _offerTimeout = options.OptionalTime(
            "--offer-timeout", "After this time an offer that is not used is taken back", nameof(MasterOptions.OfferTimeout),
            "never");
        _pingInterval = options.Time("--agent-ping-timeout", "Between the pings of an agent",
            nameof(MasterOptions.AgentPingInterval));
        _maxPings = options.Count("--max-agent-ping-timeouts", "Unanswered pings after which an agent is unreachable",
            nameof(MasterOptions.MaxAgentPings));
        _reregisterTimeout = options.Time("--agent-reregister-timeout",
            "How long after an election agents may take to return before they are unreachable",
            nameof(MasterOptions.AgentReregisterTimeout));
        _removalLimit = options.OptionalCount("--agent-removal-limit", "At most so many agents become unreachable per window",
            nameof(MasterOptions.AgentRemovalLimit), "no limit");
        _removalWindow = options.Time("--agent-removal-window", "The window of --agent-removal-limit",
            nameof(MasterOptions.AgentRemovalWindow));
        _heartbeat = options.Time("--heartbeat-interval", "Between the heartbeats on the streams of frameworks and operators",
            nameof(MasterOptions.HeartbeatInterval));
        _maxAgents = options.Count("--max-agents", "Agents registered at once", nameof(MasterOptions.MaxAgents));
        _maxSubscribers = options.Count("--max-subscribers", "Frameworks, and operators, subscribed at once",
            nameof(MasterOptions.MaxSubscribers));
        _streamCapacity = options.Count("--stream-capacity", "Events that a subscriber may lag behind before it is dropped",
            nameof(MasterOptions.StreamCapacity));
        _streamMemory = options.Size("--stream-memory",
            "What waits for all subscribers together; the one that most of it waits for is dropped beyond it",
            nameof(MasterOptions.MaxStreamBytes));
        _maxBody = options.Size("--max-request-body", "The longest body of a call", nameof(MasterOptions.MaxRequestBody));
        _completedFrameworks = options.Count("--max-completed-frameworks", "Ended frameworks that the state API remembers",
            nameof(MasterOptions.MaxCompletedFrameworks));
        _completedTasks = options.Count("--max-completed-tasks-per-framework", "Ended tasks that it remembers of each",
            nameof(MasterOptions.MaxCompletedTasks));
        _unreachableTasks = options.Count("--max-unreachable-tasks-per-framework", "Unreachable tasks that it remembers of each",
            nameof(MasterOptions.MaxUnreachableTasks));
        _remembered = options.Count("--registry-max-agent-count",
            "Unreachable and gone agents, and removed frameworks, that the registry keeps", nameof(MasterOptions.MaxRemembered));
        foreach (Option option in (Option[])
        [
            _cluster, _region, _allocator, _allocationDelay, _allocationInterval, _offerTimeout, _pingInterval, _maxPings,
            _reregisterTimeout,
            _removalLimit, _removalWindow, _heartbeat, _maxAgents, _maxSubscribers, _streamCapacity, _streamMemory, _maxBody,
            _completedFrameworks, _completedTasks,
            _unreachableTasks, _remembered,
        ])
        {
            command.Add(option);
        }
    }

    public MasterOptions Options(ParseResult parse, Uri address) => new()
    {
        Address = address,
        Principals = _principals.Principals(parse),
        Cluster = parse.GetValue(_cluster),
        Region = parse.GetValue(_region),
        Allocator = parse.GetValue(_allocator)!,
        AllocationDelay = parse.GetValue(_allocationDelay),
        AllocationInterval = parse.GetValue(_allocationInterval),
        OfferTimeout = parse.GetValue(_offerTimeout),
        AgentPingInterval = parse.GetValue(_pingInterval),
        MaxAgentPings = parse.GetValue(_maxPings),
        AgentReregisterTimeout = parse.GetValue(_reregisterTimeout),
        AgentRemovalLimit = parse.GetValue(_removalLimit),
        AgentRemovalWindow = parse.GetValue(_removalWindow),
        HeartbeatInterval = parse.GetValue(_heartbeat),
        MaxAgents = parse.GetValue(_maxAgents),
        MaxSubscribers = parse.GetValue(_maxSubscribers),
        StreamCapacity = parse.GetValue(_streamCapacity),
        MaxStreamBytes = parse.GetValue(_streamMemory),
        MaxRequestBody = parse.GetValue(_maxBody),
        MaxCompletedFrameworks = parse.GetValue(_completedFrameworks),
        MaxCompletedTasks = parse.GetValue(_completedTasks),
        MaxUnreachableTasks = parse.GetValue(_unreachableTasks),
        MaxRemembered = parse.GetValue(_remembered),
    };
}
