using System.Text.Json;
using System.Threading.Channels;
using LifecycleManager.Master.Allocation;
using LifecycleManager.Master.State;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master;

/// <summary>Stands for election and, while it leads, runs the master's state on one loop.</summary>
public sealed class MasterService : BackgroundService
{
    private const string AgentsPrefix = "master/agents/";
    private const string FrameworksPrefix = "master/frameworks/";
    private static readonly TimeSpan ExpiryInterval = TimeSpan.FromMilliseconds(250);

    private readonly MasterOptions _options;
    private readonly IStateStore _store;
    private readonly ILeaderElection _election;
    private readonly IAllocator _allocator;
    private readonly TimeProvider _time;
    private readonly MasterMetrics _metrics;
    private readonly ILogger<MasterService> _log;
    private volatile Term? _term;

    /// <summary>Made by <see cref="MasterRole.AddMaster"/>.</summary>
    public MasterService(
        MasterOptions options, IStateStore store, ILeaderElection election, IAllocator allocator, TimeProvider time, MasterMetrics metrics,
        ILogger<MasterService> log)
    {
        (_options, _store, _election, _allocator, _time, _metrics, _log) = (options, store, election, allocator, time, metrics, log);
        StartTime = time.GetUtcNow();
    }

    /// <summary>When this process began.</summary>
    public DateTimeOffset StartTime { get; }

    /// <summary>Whether this master leads.</summary>
    public bool Leads => _term is { IsOver: false };

    internal MasterOptions Options => _options;

    /// <summary>The leader's address, or null while there is none.</summary>
    public Task<string?> LeaderAsync(CancellationToken cancellation) =>
        Leads ? Task.FromResult<string?>(_options.Address.ToString()) : _election.LeaderAsync("master", cancellation);

    /// <summary>Runs something on the loop of the current term.</summary>
    /// <exception cref="CallRefusedException">This master does not lead.</exception>
    internal Task<T> AskAsync<T>(Func<MasterCore, T> question) => AskAsync(core => Task.FromResult(question(core)));

    internal Task<T> AskAsync<T>(Func<MasterCore, Task<T>> question)
    {
        var term = _term ?? throw NotLeading();
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var posted = term.Inbox.Writer.TryWrite(async core =>
        {
            try
            {
                answer.SetResult(await question(core));
            }
            catch (Exception e)
            {
                answer.SetException(e);
                if (e is FencedException) throw;
            }
        });
        return posted ? answer.Task : throw NotLeading();
    }

    /// <summary>Remembers an agent before it is told its id.</summary>
    internal Task RememberAsync(AgentInfo agent) => WriteAsync(AgentsPrefix + agent.Id!.Value.Value, JsonSerializer.SerializeToUtf8Bytes(agent, MesosJson.Default.AgentInfo));

    internal Task ForgetAsync(AgentId agent) => WriteAsync(AgentsPrefix + agent.Value, null);

    internal Task RememberAsync(FrameworkInfo framework) =>
        WriteAsync(FrameworksPrefix + framework.Id!.Value.Value, JsonSerializer.SerializeToUtf8Bytes(framework, MesosJson.Default.FrameworkInfo));

    internal Task ForgetAsync(FrameworkId framework) => WriteAsync(FrameworksPrefix + framework.Value, null);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var leadership = await _election.StandAsync("master", _options.Address.ToString(), stoppingToken);
                using var until = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, leadership.Lost);
                await LeadAsync(leadership.Fence, until.Token);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                _log.LogWarning("The master's term ended: {Reason}", e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task LeadAsync(Fence fence, CancellationToken cancellation)
    {
        var core = new MasterCore(Guid.NewGuid().ToString(), _options, _allocator, _time);
        await LoadAsync(core, cancellation);
        var term = new Term(fence);
        _term = term;
        _log.LogInformation("Master {Id} leads at {Address}; {Agents} agents are known", core.MasterId, _options.Address, core.Agents.Count);
        try
        {
            await using (Every(_options.PingInterval, term, core => core.Ping()))
            await using (Every(_options.HeartbeatInterval, term, core => core.Heartbeat()))
            await using (Every(ExpiryInterval, term, core => core.Expire(_time.GetUtcNow())))
            await using (Every(_options.AgentReregisterTimeout, term, core => core.GiveUpRecovered(_time.GetUtcNow()), once: true))
            {
                while (await term.Inbox.Reader.WaitToReadAsync(cancellation))
                {
                    while (term.Inbox.Reader.TryRead(out var work)) await work(core);
                    if (core.WantsAllocation)
                    {
                        var begin = _time.GetTimestamp();
                        core.Allocate();
                        _metrics.Allocated(_time.GetElapsedTime(begin));
                    }

                    _metrics.Show(core);
                }
            }
        }
        finally
        {
            term.IsOver = true;
            _term = null;
            _metrics.Follow();
            term.Inbox.Writer.TryComplete();
            foreach (var agent in core.Agents.Values) agent.Stream?.Complete();
            foreach (var framework in core.Frameworks.Values) framework.Stream?.Complete();
        }
    }

    private async Task LoadAsync(MasterCore core, CancellationToken cancellation)
    {
        await foreach (var entry in _store.ListAsync(AgentsPrefix, cancellation))
        {
            var info = JsonSerializer.Deserialize(entry.Value.Span, MesosJson.Default.AgentInfo)!;
            core.Agents[info.Id!.Value] = new AgentEntry(info.Id.Value, info, _time.GetUtcNow()) { Total = Resources.ResourceBag.Of(info.Resources ?? []) };
        }

        await foreach (var entry in _store.ListAsync(FrameworksPrefix, cancellation))
        {
            var info = JsonSerializer.Deserialize(entry.Value.Span, MesosJson.Default.FrameworkInfo)!;
            core.Frameworks[info.Id!.Value] = new FrameworkEntry(info.Id.Value, info, _time.GetUtcNow())
            {
                RemovedAt = _time.GetUtcNow() + TimeSpan.FromSeconds(Math.Max(info.FailoverTimeout ?? 0, _options.AgentReregisterTimeout.TotalSeconds)),
            };
        }
    }

    private ITimer Every(TimeSpan period, Term term, Action<MasterCore> action, bool once = false) => _time.CreateTimer(
        _ => term.Inbox.Writer.TryWrite(core =>
        {
            action(core);
            return Task.CompletedTask;
        }), null, period, once ? Timeout.InfiniteTimeSpan : period);

    private Task WriteAsync(string key, ReadOnlyMemory<byte>? value) =>
        _store.WriteAsync([new StateWrite(key, value)], (_term ?? throw NotLeading()).Fence);

    private static CallRefusedException NotLeading() => new(503, "no master leads at the moment");

    private sealed class Term(Fence fence)
    {
        public Fence Fence { get; } = fence;

        public bool IsOver { get; set; }

        public Channel<Func<MasterCore, Task>> Inbox { get; } = Channel.CreateBounded<Func<MasterCore, Task>>(
            new BoundedChannelOptions(65_536) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    }
}
