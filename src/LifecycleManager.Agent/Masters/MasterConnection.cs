using System.Net;
using System.Text.Json;
using LifecycleManager.Clients;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Clients.Masters;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Reconnecting;
using Microsoft.Extensions.Logging;
using Polly;

namespace LifecycleManager.Agent.Masters;

/// <summary>
/// The agent's one connection to the leading master: REGISTER and its stream of events, and the calls that go with it. Tries
/// the known masters in turn, follows 307 to the leader, and begins anew when the stream ends or falls silent.
/// </summary>
internal sealed class MasterConnection : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstEvent = TimeSpan.FromSeconds(30);
    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<MasterConnection> _log;
    private readonly Random _random;
    private readonly ResiliencePipeline _reconnect;
    private readonly MasterHttp _http;
    private readonly MasterClient<AgentCall, AgentEvent> _masters;
    private Session? _session;
    private volatile CancellationTokenSource? _stream;
    private volatile bool _renewed;
    private string? _complaint;

    public MasterConnection(AgentOptions options, TimeProvider time, ILogger<MasterConnection> log, Random? random = null)
    {
        if (options.Masters.Count == 0) throw new ArgumentException("no master is stated", nameof(options));
        _options = options;
        _time = time;
        _log = log;
        _random = random ?? Random.Shared;
        var (first, longest) = (options.RegistrationBackoff, options.MaxRegistrationBackoff);
        _reconnect = Reconnect.Pipeline(first, longest > first ? longest : first, time, _random, repeats: static e =>
            e is NotRegisteredException);
        _http = new MasterHttp(() => options.Credential?.Header, options.Tls, ConnectTimeout);
        _masters = new MasterClient<AgentCall, AgentEvent>(
            _http, AddressList.Of(options.Masters, options.MasterDirectory), "/api/v1/agent",
            AgentJson.Default.AgentCall, AgentJson.Default.AgentEvent, time);
    }

    /// <summary>The master that has registered the agent; null while none has.</summary>
    public Uri? Master => Volatile.Read(ref _session)?.Stream.Master;

    /// <summary>Keeps the agent registered until cancelled.</summary>
    /// <param name="register">Makes the REGISTER of the moment.</param>
    /// <param name="handle">Takes each event, in order; PINGs are answered here.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(
        Func<CancellationToken, Task<RegisterCall>> register, Func<AgentEvent, CancellationToken, ValueTask> handle,
        CancellationToken cancellation)
    {
        while (true)
        {
            await _reconnect.ExecuteAsync(async token => await TryAsync(register, handle, token), cancellation);

            // Not all agents at one moment when a master ends.
            await _time.DelayAsync(_options.RegistrationBackoff * _random.NextDouble(), cancellation);
        }
    }

    /// <summary>Ends the stream, so that the agent registers anew: what it can do has changed.</summary>
    public void Renew()
    {
        _renewed = true;
        if (_stream is { } stream) Cancel(stream);
    }

    /// <summary>Sends one call to the master that has registered the agent.</summary>
    /// <returns>Whether the master took it; false also while there is none.</returns>
    public async Task<bool> SendAsync(AgentCall call, CancellationToken cancellation)
    {
        if (Volatile.Read(ref _session) is not { } session) return false;
        try
        {
            // With its stream a call ends too: the next registration brings everything again, and waits for nobody.
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, session.Ended);
            using var timeout = new TimeLimit(_time, CallTimeout, either.Token);
            await session.Stream.SendAsync(call with { AgentId = session.AgentId }, timeout.Token);
            return true;
        }
        catch (MasterRefusalException refusal)
        {
            _log.LogWarning("The master {Master} refuses {Call} with {Status}: {Reason}",
                session.Stream.Master, call.Type, (int)refusal.Status, refusal.Reason);

            // It leads no more, or does not know this stream: only a new registration helps.
            if (refusal.Status is HttpStatusCode.TemporaryRedirect or HttpStatusCode.ServiceUnavailable
                or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.Gone or HttpStatusCode.Conflict) Renew();
            return false;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested
            && e is HttpRequestException or IOException or OperationCanceledException)
        {
            _log.LogDebug(e, "{Call} does not reach the master {Master}", call.Type, session.Stream.Master);
            return false;
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>One registration, and its stream to the end.</summary>
    /// <exception cref="NotRegisteredException">The master has not registered the agent.</exception>
    private async Task TryAsync(
        Func<CancellationToken, Task<RegisterCall>> register, Func<AgentEvent, CancellationToken, ValueTask> handle,
        CancellationToken cancellation)
    {
        var wasRegistered = false;
        try
        {
            await RegisterAsync(register, handle, cancellation);
            Complain(_masters.Asked, "the master ended the stream");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested && _renewed)
        {
            _log.LogInformation("Registering anew");
            wasRegistered = true;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested && IsAway(e))
        {
            Complain(_masters.Asked, e is OperationCanceledException ? "it has fallen silent" : Failures.Describe(e));
        }
        finally
        {
            wasRegistered |= Interlocked.Exchange(ref _session, null) is not null;
            _stream = null;
            _renewed = false;
        }

        if (!wasRegistered) throw new NotRegisteredException();
    }

    // Whatever else it throws is a defect of the agent's, and no master helps against it.
    private static bool IsAway(Exception e) =>
        e is MasterRefusalException or HttpRequestException or IOException or TimeoutException or OperationCanceledException
            or InvalidDataException or JsonException or UriFormatException;

    private async Task RegisterAsync(
        Func<CancellationToken, Task<RegisterCall>> register, Func<AgentEvent, CancellationToken, ValueTask> handle,
        CancellationToken cancellation)
    {
        using var stream = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _stream = stream;
        try
        {
            var call = await register(stream.Token);
            using var events = await _masters.OpenAsync(
                new AgentCall { Type = AgentCallType.Register, AgentId = call.AgentInfo.Id, Register = call }, FirstEvent,
                stream.Token);
            await ReadAsync(events, handle, stream);
        }
        finally
        {
            await stream.CancelAsync();
        }
    }

    private async Task ReadAsync(
        MasterStream<AgentCall, AgentEvent> events, Func<AgentEvent, CancellationToken, ValueTask> handle,
        CancellationTokenSource stream)
    {
        var silence = FirstEvent;
        // Without a timely event the stream counts as dead, whatever TCP thinks of it.
        using var watch = _time.CreateTimer(_ => Cancel(stream), null, silence, Timeout.InfiniteTimeSpan);
        await foreach (var message in events.ReadAsync(stream.Token))
        {
            switch (message.Type)
            {
                case AgentEventType.Registered when message.Registered is { } registered:
                    silence = TimeSpan.FromSeconds(Math.Clamp(registered.PingSeconds, 0.1, 3600) * 5);
                    // Before calls go out, the id is durable: the handler sees to that.
                    await handle(message, stream.Token);
                    Volatile.Write(ref _session, new Session(events, registered.AgentId, stream.Token));
                    if (_complaint is not null) _log.LogInformation("Registered with the master {Master} again", events.Master);
                    _complaint = null;
                    await handle(Ready, stream.Token);
                    break;
                case AgentEventType.Error:
                    throw new HttpRequestException($"it refuses the agent: {message.Reason}");
                case AgentEventType.Ping:
                    // The master awaits the answer at once, and no slow event before it may delay the next.
                    _ = SendAsync(new AgentCall { Type = AgentCallType.Pong }, stream.Token);
                    break;
                default:
                    await handle(message, stream.Token);
                    break;
            }

            watch.Change(silence, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Handed to the handler when calls can be sent; never on the wire.</summary>
    internal static AgentEvent Ready { get; } = new() { Type = AgentEventType.Unknown };

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The stream has just ended by itself.
        }
    }

    // One line for each new reason: a master that is away for an hour does not fill the log.
    private void Complain(Uri master, string reason)
    {
        if (reason == _complaint) return;
        _complaint = reason;
        _log.LogWarning("No registration with the master {Master}: {Reason}", master, reason);
    }

    private sealed class NotRegisteredException : Exception;

    private sealed record Session(
        MasterStream<AgentCall, AgentEvent> Stream, AgentId AgentId, CancellationToken Ended);
}
