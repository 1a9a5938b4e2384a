using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Master;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Cli.Commands;

/// <summary>The options of a master. The names are those of Mesos' flags where it has one.</summary>
internal sealed class MasterSettings
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
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
    private readonly Option<long> _maxBody;
    private readonly Option<int> _completedFrameworks;
    private readonly Option<int> _completedTasks;
    private readonly Option<int> _unreachableTasks;
    private readonly Option<int> _remembered;

    public MasterSettings(Command command, Settings settings)
    {
        _principals = new PrincipalSettings(command, settings);
        _cluster = Setting.Of<string?>(settings, "--cluster", "A name of the cluster, for people", Values.Text, () => null);
        _region = Setting.Of<string?>(settings, "--region",
            "The master's region; agents of other regions are offered only to REGION_AWARE frameworks", Values.Text, () => null, "all agents to all");
        _allocator = Setting.Of(settings, "--allocator", "The allocator's name", Values.Text, () => Default.Allocator, Default.Allocator);
        _allocationDelay = Time("--allocation-delay", "How long changes are gathered before resources are offered", Millisecond, 10 * Second, Default.AllocationDelay);
        _allocationInterval = Time("--allocation-interval",
            "The shortest time before declined resources are offered again to whom declined them", 10 * Millisecond, TimeSpan.FromHours(1), Default.AllocationInterval);
        _offerTimeout = Setting.Of<TimeSpan?>(settings, "--offer-timeout", "After this time an offer that is not used is taken back, 100ms to 1d",
            text => Values.Time(100 * Millisecond, Day)(text), () => null, "never");
        _pingInterval = Time("--agent-ping-timeout", "Between the pings of an agent", 100 * Millisecond, TimeSpan.FromHours(1), Default.AgentPingInterval);
        _maxPings = Count("--max-agent-ping-timeouts", "Unanswered pings after which an agent is unreachable", 1, 1000, Default.MaxAgentPings);
        _reregisterTimeout = Time("--agent-reregister-timeout",
            "How long after an election agents may take to return before they are unreachable", Second, 7 * Day, Default.AgentReregisterTimeout);
        _removalLimit = Setting.Of<int?>(settings, "--agent-removal-limit", "At most so many agents become unreachable per window, 1 to 1000000",
            text => Values.Count(1, 1_000_000)(text), () => null, "no limit");
        _removalWindow = Time("--agent-removal-window", "The window of --agent-removal-limit", Second, Day, Default.AgentRemovalWindow);
        _heartbeat = Time("--heartbeat-interval", "Between the heartbeats on the streams of frameworks and operators", 100 * Millisecond, TimeSpan.FromHours(1),
            Default.HeartbeatInterval);
        _maxAgents = Count("--max-agents", "Agents registered at once", 1, 1_000_000, Default.MaxAgents);
        _maxSubscribers = Count("--max-subscribers", "Frameworks, and operators, subscribed at once", 1, 100_000, Default.MaxSubscribers);
        _streamCapacity = Count("--stream-capacity", "Events that a subscriber may lag behind before it is dropped", 100, 10_000_000, Default.StreamCapacity);
        _maxBody = Setting.Of(settings, "--max-request-body", "The longest body of a call, 64KB to 16MB",
            Values.Size(64 * 1024, 16 * 1024 * 1024), () => Default.MaxRequestBody, "16MB");
        _completedFrameworks = Count("--max-completed-frameworks", "Ended frameworks that the state API remembers", 0, 100_000, Default.MaxCompletedFrameworks);
        _completedTasks = Count("--max-completed-tasks-per-framework", "Ended tasks that it remembers of each", 0, 1_000_000, Default.MaxCompletedTasks);
        _unreachableTasks = Count("--max-unreachable-tasks-per-framework", "Unreachable tasks that it remembers of each", 0, 1_000_000, Default.MaxUnreachableTasks);
        _remembered = Count("--registry-max-agent-count", "Unreachable and gone agents, and removed frameworks, that the registry keeps",
            100, 1_000_000, Default.MaxRemembered);
        foreach (Option option in (Option[])
        [
            _cluster, _region, _allocator, _allocationDelay, _allocationInterval, _offerTimeout, _pingInterval, _maxPings, _reregisterTimeout,
            _removalLimit, _removalWindow, _heartbeat, _maxAgents, _maxSubscribers, _streamCapacity, _maxBody, _completedFrameworks, _completedTasks,
            _unreachableTasks, _remembered,
        ])
        {
            command.Add(option);
        }

        Option<TimeSpan> Time(string name, string description, TimeSpan min, TimeSpan max, TimeSpan otherwise) => Setting.Of(settings, name,
            $"{description}, {DurationText.Format(min)} to {DurationText.Format(max)}", Values.Time(min, max), () => otherwise, DurationText.Format(otherwise));

        Option<int> Count(string name, string description, int min, int max, int otherwise) =>
            Setting.Of(settings, name, $"{description}, {min} to {max}", Values.Count(min, max), () => otherwise, $"{otherwise}");
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
        MaxRequestBody = parse.GetValue(_maxBody),
        MaxCompletedFrameworks = parse.GetValue(_completedFrameworks),
        MaxCompletedTasks = parse.GetValue(_completedTasks),
        MaxUnreachableTasks = parse.GetValue(_unreachableTasks),
        MaxRemembered = parse.GetValue(_remembered),
    };
}
