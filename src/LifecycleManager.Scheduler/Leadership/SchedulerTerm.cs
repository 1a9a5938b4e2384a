using System.Runtime.ExceptionServices;
using LifecycleManager.Clients.Masters;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Runtime.Loops;
using LifecycleManager.Runtime.Reconnecting;
using LifecycleManager.Scheduler.Admission;
using LifecycleManager.Scheduler.Core;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Scheduler.Core.Timing;
using LifecycleManager.Scheduler.Events;
using LifecycleManager.Scheduler.Health;
using LifecycleManager.Scheduler.Mesos;
using LifecycleManager.Scheduler.State;
using LifecycleManager.Security.Admission;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;
using Polly;

namespace LifecycleManager.Scheduler.Leadership;

/// <summary>What a term needs of its surroundings.</summary>
internal sealed record TermServices(
    SchedulerOptions Options,
    IStateStore Store,
    TimeProvider Time,
    ILoggerFactory Loggers,
    RoleHealth Health,
    EventBus Bus,
    SchedulerMetrics Metrics,
    MasterHttp MasterHttp,
    Probe Probe,
    Random Random);

/// <summary>
/// One term: the owner of the state. Inputs are taken in batches; what follows from a batch is written at once, and only then do
/// calls, events, answers and the snapshot leave. So a term that ends, for whatever reason, has shown and done nothing that is
/// not stored: the next one begins with what is stored, which is never half a change.
/// </summary>
internal sealed class SchedulerTerm : IOwner<SchedulerInput>
{
    /// <summary>
    /// How long a batch may take to be stored, repeated where the store refuses it: those who wait are answered then.
    /// </summary>
    public static readonly TimeSpan WriteLimit = TimeSpan.FromSeconds(4);

    private const int InboxSize = 16_384;
    private const int MaxBatch = 4_096;
    private static readonly TimeSpan FirstWriteRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxWriteRetry = TimeSpan.FromSeconds(1);

    private readonly TermServices _with;
    private readonly Fence _fence;
    private readonly LeaderStatus _leader;
    private readonly Action<SchedulerSnapshot> _onSnapshot;
    private readonly SchedulerCore _core;
    private readonly FrameworkClient _client;
    private readonly HealthCheckRunner _checks;
    private readonly ResiliencePipeline _writing;
    private readonly LoopReport _report;
    private readonly OwnerLoop<SchedulerInput> _loop;
    private readonly TimeSpan _clock;
    private readonly long _began;
    private AdmissionRules _admission;
    private string? _writeProblem;

    private SchedulerTerm(TermServices with, Fence fence, LoadedState loaded, Action<SchedulerSnapshot> onSnapshot)
    {
        (_with, _fence, _onSnapshot) = (with, fence, onSnapshot);
        (_clock, _began) = (loaded.Clock, with.Time.GetTimestamp());
        var now = Now();
        _leader = new LeaderStatus(true, with.Options.Address.GetLeftPart(UriPartial.Authority), now.Wall);
        _admission = with.Options.Admission.Rules;
        _core = new SchedulerCore(
            with.Options.Core with { Admission = AppAdmission.Judge(_admission, with.Options.User) }, with.Random, loaded, now);
        _report = with.Health.Loop("the scheduler's loop");
        _loop = new OwnerLoop<SchedulerInput>(this, with.Time, _report, InboxSize, MaxBatch);
        _client = new FrameworkClient(
            with.MasterHttp, with.Options, with.Time, new Random(with.Random.Next()),
            with.Loggers.CreateLogger<FrameworkClient>(), Framework,
            (signal, cancellation) => TellAsync(new MasterInput(signal), cancellation));
        _checks = new HealthCheckRunner(
            with.Probe, with.Time, with.Health, new Random(with.Random.Next()), with.Options.MaxConcurrentHealthChecks,
            TellAsync);
        _writing = Reconnect.Pipeline(
            FirstWriteRetry, MaxWriteRetry, with.Time, new Random(with.Random.Next()),
            failed: (problem, _, _) => _writeProblem = problem.Message, repeats: problem => problem is StateUnavailableException);
    }

    /// <summary>How many calls wait until the master takes them.</summary>
    public int WaitingCalls => _client.Waiting;

    /// <inheritdoc />
    public TimeSpan? NextDue
    {
        get
        {
            var now = Now().Clock;
            return _core.NextTick(now) - now;
        }
    }

    /// <summary>Begins a term with what is stored.</summary>
    public static async Task<SchedulerTerm> LoadAsync(
        TermServices with, Fence fence, Action<SchedulerSnapshot> onSnapshot, CancellationToken cancellation)
    {
        var log = with.Loggers.CreateLogger<SchedulerTerm>();
        var loaded = await StateLoader.LoadAsync(with.Store, fence, log, cancellation);
        log.LogInformation(
            "Leading, with {Apps} apps, {Instances} instances and {Deployments} deployments",
            loaded.Apps.Count, loaded.Instances.Count, loaded.Deployments.Count);
        return new SchedulerTerm(with, fence, loaded, onSnapshot);
    }

    /// <summary>Tells the owner of the state something that nobody waits for; lost where it has too much to do.</summary>
    public void Tell(SchedulerInput input) => _loop.TryPost(input);

    /// <summary>Puts a request to the owner of the state.</summary>
    public async Task<T> AskAsync<T>(Request<T> request, CancellationToken cancellation)
    {
        await _loop.PostAsync(request, cancellation);

        // Once taken in, a change is made whether the requester waits or not.
        return await request.Answer.WaitAsync(cancellation);
    }

    /// <summary>
    /// Runs until cancelled. A loop that ends by itself ends the term: without one of them nothing here does its work.
    /// </summary>
    /// <exception cref="FencedException">Somebody else leads.</exception>
    /// <exception cref="StoreRefusedException">The store refuses writes, or does not answer.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await LoopGroup.RunAsync(
                _with.Health, cancellation,
                new NamedLoop("the owner of the scheduler's state", _loop.RunAsync) { Report = _report },
                new NamedLoop("the conversation with the master", _client.RunAsync),
                new NamedLoop("the health checks", _checks.RunAsync));
        }
        catch (LoopEndedException e) when (e.InnerException is FencedException or StoreRefusedException)
        {
            ExceptionDispatchInfo.Throw(e.InnerException);
        }
        finally
        {
            _report.Dispose();
        }
    }

    /// <inheritdoc />
    public async ValueTask TurnAsync(IReadOnlyList<SchedulerInput> inputs, CancellationToken cancellation)
    {
        var now = Now();
        FollowAdmission(now);
        foreach (var input in inputs) _core.Handle(input, now);
        _core.Settle(now);
        var effects = _core.TakeEffects();
        if (effects.HasWrites) await WriteAsync(effects.Writes, cancellation);

        _client.Send(_core.Session, effects.Calls);
        foreach (var watch in effects.Watches) _checks.Post(watch);
        var snapshot = _core.Show(_leader);
        _onSnapshot(snapshot);
        foreach (var message in effects.Events) _with.Bus.Publish(message);
        foreach (var reply in effects.Replies) reply();
        _with.Metrics.Count(effects.Counts);
        _with.Metrics.Show(snapshot, _core.LastShown, _with.Bus.Count);
    }

    /// <inheritdoc />
    public void Abandon(SchedulerInput input, Exception? cause)
    {
        // What comes from the master is not acknowledged, and comes again.
        if (input is Request request) request.Fail(cause is null or FencedException ? new NotLeaderException(null) : cause);
    }

    /// <summary>Before all else: what comes with this turn is held to the rules that are in force.</summary>
    private void FollowAdmission(ClockReading now)
    {
        var rules = _with.Options.Admission.Rules;
        if (ReferenceEquals(rules, _admission)) return;
        _admission = rules;
        _core.Handle(new AdmissionChanged(AppAdmission.Judge(rules, _with.Options.User)), now);
    }

    private ClockReading Now() => new(_with.Time.GetUtcNow(), _clock + _with.Time.GetElapsedTime(_began));

    private async ValueTask TellAsync(SchedulerInput input, CancellationToken cancellation) =>
        await _loop.PostAsync(input, cancellation);

    /// <summary>
    /// Writes until it is durable, for a while. After that the term is over: what was not stored is not done, and those who wait
    /// are told. Where it is not known whether something was written, the next term reads what is there.
    /// </summary>
    private async Task WriteAsync(IReadOnlyDictionary<string, ReadOnlyMemory<byte>?> changes, CancellationToken cancellation)
    {
        using var timing = _with.Metrics.TimeWrite();
        using var limit = new TimeLimit(_with.Time, WriteLimit, cancellation);
        StateWrite[] writes = [.. changes.Select(change => new StateWrite(change.Key, change.Value))];
        var writing = Task.CompletedTask;
        _writeProblem = null;
        try
        {
            await _writing.ExecuteAsync(
                async token =>
                {
                    writing = _with.Store.WriteAsync(writes, _fence, token);
                    await writing.WaitAsync(token);
                },
                limit.Token);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested
            && e is StateUnavailableException or WriteOutcomeUnknownException or OperationCanceledException)
        {
            var reason = e is OperationCanceledException ? _writeProblem ?? $"no answer within {WriteLimit.TotalSeconds:0} s"
                : e.Message;
            throw new StoreRefusedException(reason, e) { Unfinished = writing };
        }
    }

    private FrameworkInfo Framework()
    {
        var options = _with.Options;
        return new FrameworkInfo
        {
            User = options.User,
            Name = options.FrameworkName,
            Id = _core.FrameworkId is { } id ? new FrameworkId(id) : null,
            Role = options.Role,
            Principal = options.Credential?.Principal,
            FailoverTimeout = options.FailoverTimeout.TotalSeconds,
            Checkpoint = true,
            Hostname = options.Address.Host,
            WebuiUrl = options.Address.ToString(),
            Capabilities =
            [
                new FrameworkInfo.Capability(FrameworkCapability.PartitionAware),
                new FrameworkInfo.Capability(FrameworkCapability.TaskKillingState),
                new FrameworkInfo.Capability(FrameworkCapability.RegionAware),
                new FrameworkInfo.Capability(FrameworkCapability.GpuResources),
            ],
        };
    }
}
