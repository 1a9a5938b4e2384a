using System.Threading.Channels;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Events;
using LifecycleManager.Scheduler.Health;
using LifecycleManager.Scheduler.Mesos;
using LifecycleManager.Scheduler.State.Core;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scheduler.State;

/// <summary>What a term needs of its surroundings.</summary>
internal sealed record TermSurroundings(
    SchedulerOptions Options,
    IStateStore Store,
    TimeProvider Time,
    ILoggerFactory Loggers,
    EventBus Bus,
    SchedulerMetrics Metrics,
    HttpClient MasterHttp,
    Probe Probe,
    Random Random,
    Action<SchedulerSnapshot> OnSnapshot);

/// <summary>
/// One term of leadership: the one loop that owns the state. Inputs are taken in batches; what follows from a batch is written at
/// once, and only then do calls, events, answers and the snapshot leave. A defect ends the term: the next one begins with what is
/// stored, which is never half a change.
/// </summary>
internal sealed class Term
{
    private const int InboxSize = 16_384;
    private const int MaxBatch = 4_096;
    private static readonly TimeSpan LongestWriteRetry = TimeSpan.FromSeconds(5);

    private readonly TermSurroundings _with;
    private readonly Fence _fence;
    private readonly LeaderStatus _leader;
    private readonly ILogger _log;
    private readonly SchedulerCore _core;
    private readonly MasterClient _client;
    private readonly CheckRunner _checks;
    private readonly Channel<SchedulerInput> _inbox = Channel.CreateBounded<SchedulerInput>(
        new BoundedChannelOptions(InboxSize) { SingleReader = true });

    private Term(TermSurroundings with, Fence fence, LoadedState loaded)
    {
        (_with, _fence) = (with, fence);
        _log = with.Loggers.CreateLogger<Term>();
        var now = with.Time.GetUtcNow();
        _leader = new LeaderStatus(true, with.Options.Address.GetLeftPart(UriPartial.Authority), now);
        _core = new SchedulerCore(with.Options, with.Random, loaded, now);
        _client = new MasterClient(
            with.MasterHttp, with.Options, with.Time, new Random(with.Random.Next()), with.Loggers.CreateLogger<MasterClient>(), Framework,
            (signal, cancellation) => _inbox.Writer.WriteAsync(new FromMaster(signal), cancellation));
        _checks = new CheckRunner(
            with.Probe, with.Time, new Random(with.Random.Next()), with.Options.MaxConcurrentHealthChecks, _inbox.Writer.WriteAsync);
    }

    /// <summary>Begins a term with what is stored.</summary>
    public static async Task<Term> LoadAsync(TermSurroundings with, Fence fence, CancellationToken cancellation)
    {
        var loaded = await StateLoader.LoadAsync(with.Store, fence, cancellation);
        var term = new Term(with, fence, loaded);
        term._log.LogInformation(
            "Leading, with {Apps} apps, {Instances} instances and {Deployments} deployments",
            loaded.Apps.Count, loaded.Instances.Count, loaded.Deployments.Count);
        return term;
    }

    /// <summary>Puts a request to the owner of the state.</summary>
    public async Task<T> AskAsync<T>(Request<T> request, CancellationToken cancellation)
    {
        try
        {
            await _inbox.Writer.WriteAsync(request, cancellation);
        }
        catch (ChannelClosedException)
        {
            throw new NotLeaderException(null);
        }

        // Once taken in, a change is made whether the requester waits or not.
        return await request.Answer.WaitAsync(cancellation);
    }

    /// <summary>Runs until cancelled. A loop that ends by itself ends the term: without one of them nothing here does its work.</summary>
    /// <exception cref="FencedException">Somebody else leads.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var owner = OwnAsync(ending.Token);
        Task[] loops =
        [
            owner,
            LastAsync("the conversation with the master", _client.RunAsync(ending.Token), ending.Token),
            LastAsync("the loop of the health checks", _checks.RunAsync(ending.Token), ending.Token),
        ];
        try
        {
            await await Task.WhenAny(loops);
        }
        finally
        {
            _inbox.Writer.TryComplete();
            await ending.CancelAsync();
            await owner.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (_inbox.Reader.TryRead(out var input)) (input as Request)?.Fail(new NotLeaderException(null));
            await Task.WhenAll(loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>A loop that may end only when it is told to.</summary>
    private static async Task LastAsync(string name, Task loop, CancellationToken ending)
    {
        try
        {
            await loop;
        }
        catch (Exception e) when (!ending.IsCancellationRequested)
        {
            throw new InvalidOperationException($"{name} failed: {e.Message}", e);
        }

        ending.ThrowIfCancellationRequested();
        throw new InvalidOperationException($"{name} ended, and nobody asked it to");
    }

    private async Task OwnAsync(CancellationToken cancellation)
    {
        await using var timer = new CappedTimer(_with.Time, () => _inbox.Writer.TryWrite(Tick.Instance));
        var batch = new List<SchedulerInput>();
        try
        {
            await StepAsync(batch, cancellation);
            while (await _inbox.Reader.WaitToReadAsync(cancellation))
            {
                batch.Clear();
                while (batch.Count < MaxBatch && _inbox.Reader.TryRead(out var input)) batch.Add(input);
                await StepAsync(batch, cancellation);
                var now = _with.Time.GetUtcNow();
                timer.Set(_core.NextTick(now) - now);
            }
        }
        catch (Exception e)
        {
            foreach (var request in batch.OfType<Request>())
                request.Fail(e is OperationCanceledException or FencedException ? new NotLeaderException(null) : e);
            throw;
        }
    }

    private async Task StepAsync(List<SchedulerInput> batch, CancellationToken cancellation)
    {
        var now = _with.Time.GetUtcNow();
        foreach (var input in batch) _core.Handle(input, now);
        _core.Settle(now);
        var effects = _core.TakeEffects();
        if (effects.HasWrites) await WriteAsync(effects.Writes, cancellation);

        _client.Send(_core.Session, effects.Calls);
        foreach (var watch in effects.Watches) _checks.Post(watch);
        var snapshot = _core.Show(_leader);
        _with.OnSnapshot(snapshot);
        foreach (var message in effects.Events) _with.Bus.Publish(message);
        foreach (var reply in effects.Replies) reply();
        _with.Metrics.Count(effects.Counts);
        _with.Metrics.Show(snapshot, _core.LastShown, _with.Bus.Count);
    }

    /// <summary>
    /// Writes until it is durable: without its state the scheduler stands still, and nothing is lost by that. When it is not known
    /// whether something was written, the term ends, and the next one reads what is there.
    /// </summary>
    private async Task WriteAsync(IReadOnlyList<StateWrite> writes, CancellationToken cancellation)
    {
        using var timing = _with.Metrics.TimeWrite();
        var pause = TimeSpan.FromMilliseconds(100);
        while (true)
        {
            try
            {
                await _with.Store.WriteAsync(writes, _fence, cancellation);
                return;
            }
            catch (StateUnavailableException e)
            {
                _log.LogError(e, "{Count} changes cannot be stored; trying again", writes.Count);
            }

            await Task.Delay(pause, _with.Time, cancellation);
            pause = pause * 2 < LongestWriteRetry ? pause * 2 : LongestWriteRetry;
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
