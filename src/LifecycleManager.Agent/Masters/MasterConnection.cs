using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
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
    private const int MaxRedirects = 5;
    private const int MaxReason = 2048;
    private const string StreamHeader = "Mesos-Stream-Id";
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstEvent = TimeSpan.FromSeconds(30);
    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<MasterConnection> _log;
    private readonly Random _random;
    private readonly ResiliencePipeline _reconnect;
    private readonly HttpClient _http;
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
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            SslOptions = { ClientCertificates = options.Certificate is { } certificate ? [certificate] : null },
        })
        { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The master that has registered the agent; null while none has.</summary>
    public Uri? Master => Volatile.Read(ref _session)?.Master;

    /// <summary>Keeps the agent registered until cancelled.</summary>
    /// <param name="register">Makes the REGISTER of the moment.</param>
    /// <param name="handle">Takes each event, in order; PINGs are answered here.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(
        Func<CancellationToken, Task<RegisterCall>> register, Func<AgentEvent, CancellationToken, ValueTask> handle,
        CancellationToken cancellation)
    {
        var next = 0;
        while (true)
        {
            await _reconnect.ExecuteAsync(
                async token =>
                {
                    var master = _options.Masters[next];
                    next = (next + 1) % _options.Masters.Count;
                    await TryAsync(master, register, handle, token);
                },
                cancellation);
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
            using var request = Request(session.Master, call with { AgentId = session.AgentId });
            request.Headers.Add(StreamHeader, session.StreamId);
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
            if (response.IsSuccessStatusCode) return true;
            _log.LogWarning("The master {Master} refuses {Call} with {Status}: {Reason}",
                session.Master, call.Type, (int)response.StatusCode, await ReasonAsync(response, timeout.Token));
            // It leads no more, or does not know this stream: only a new registration helps.
            if (response.StatusCode is HttpStatusCode.TemporaryRedirect or HttpStatusCode.ServiceUnavailable
                or HttpStatusCode.Forbidden
                or HttpStatusCode.NotFound or HttpStatusCode.Gone or HttpStatusCode.Conflict) Renew();
            return false;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested
            && e is HttpRequestException or IOException or OperationCanceledException)
        {
            _log.LogDebug(e, "{Call} does not reach the master {Master}", call.Type, session.Master);
            return false;
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>One registration, and its stream to the end.</summary>
    /// <exception cref="NotRegisteredException">The master has not registered the agent.</exception>
    private async Task TryAsync(
        Uri master, Func<CancellationToken, Task<RegisterCall>> register, Func<AgentEvent, CancellationToken, ValueTask> handle,
        CancellationToken cancellation)
    {
        var wasRegistered = false;
        try
        {
            await RegisterAsync(master, register, handle, cancellation);
            Complain(master, "the master ended the stream");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested && _renewed)
        {
            _log.LogInformation("Registering anew");
            wasRegistered = true;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested && IsAway(e))
        {
            Complain(master, e is OperationCanceledException ? "it has fallen silent" : Reason(e));
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
        e is HttpRequestException or IOException or OperationCanceledException or InvalidDataException
            or JsonException or UriFormatException;

    private async Task RegisterAsync(
        Uri master, Func<CancellationToken, Task<RegisterCall>> register, Func<AgentEvent, CancellationToken, ValueTask> handle,
        CancellationToken cancellation)
    {
        using var stream = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _stream = stream;
        try
        {
            await RegisterAsync(master, register, handle, stream);
        }
        finally
        {
            await stream.CancelAsync();
        }
    }

    private async Task RegisterAsync(
        Uri master, Func<CancellationToken, Task<RegisterCall>> register, Func<AgentEvent, CancellationToken, ValueTask> handle,
        CancellationTokenSource stream)
    {
        for (var redirects = 0; ; redirects++)
        {
            var call = await register(stream.Token);
            using var request =
                Request(master, new AgentCall { Type = AgentCallType.Register, AgentId = call.AgentInfo.Id, Register = call });
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            HttpResponseMessage response;
            using (WithTimeout(stream, FirstEvent))
                response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stream.Token);
            using (response)
            {
                if (response.StatusCode is HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect)
                {
                    if (redirects == MaxRedirects) throw new HttpRequestException("the masters send the agent round in circles");
                    master = Leader(master, response.Headers.Location);
                    continue;
                }

                if (response.StatusCode != HttpStatusCode.OK)
                    throw new HttpRequestException(
                        $"it answers {(int)response.StatusCode} {await ReasonAsync(response, stream.Token)}".TrimEnd());
                if (!response.Headers.TryGetValues(StreamHeader, out var ids))
                    throw new HttpRequestException($"its answer lacks {StreamHeader}");
                await ReadAsync(master, ids.First(), response, handle, stream);
                return;
            }
        }
    }

    private async Task ReadAsync(
        Uri master, string streamId, HttpResponseMessage response, Func<AgentEvent, CancellationToken, ValueTask> handle,
        CancellationTokenSource stream)
    {
        await using var body = await response.Content.ReadAsStreamAsync(stream.Token);
        var silence = FirstEvent;
        // Without a timely event the stream counts as dead, whatever TCP thinks of it.
        using var watch = _time.CreateTimer(_ => Cancel(stream), null, silence, Timeout.InfiniteTimeSpan);
        await foreach (var message in RecordIo.ReadAsync(body, AgentJson.Default.AgentEvent, cancellation: stream.Token))
        {
            switch (message.Type)
            {
                case AgentEventType.Registered when message.Registered is { } registered:
                    silence = TimeSpan.FromSeconds(Math.Clamp(registered.PingSeconds, 0.1, 3600) * 5);
                    // Before calls go out, the id is durable: the handler sees to that.
                    await handle(message, stream.Token);
                    Volatile.Write(ref _session, new Session(master, streamId, registered.AgentId, stream.Token));
                    if (_complaint is not null) _log.LogInformation("Registered with the master {Master} again", master);
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

    private static Uri Leader(Uri master, Uri? location)
    {
        if (location is null) throw new HttpRequestException("it sends the agent to another master without saying which");
        // Mesos writes "//host:port".
        var leader = new Uri(master, location);
        if (leader.Scheme is not ("http" or "https")) throw new HttpRequestException($"it sends the agent to {leader}");
        // The agent's secret and its tasks' are for no network that can be listened to.
        if (master.Scheme == "https" && leader.Scheme == "http")
            throw new HttpRequestException($"it sends the agent to {leader}, which is not encrypted");
        return new Uri(leader.GetLeftPart(UriPartial.Authority));
    }

    private HttpRequestMessage Request(Uri master, AgentCall call)
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(call, AgentJson.Default.AgentCall));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(master, "/api/v1/agent")) { Content = content };
        request.Headers.Authorization = _options.Credential?.Header;
        return request;
    }

    private static async Task<string> ReasonAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[MaxReason];
        var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        return System.Text.Encoding.UTF8.GetString(buffer, 0, length).Trim();
    }

    private ITimer WithTimeout(CancellationTokenSource source, TimeSpan after) =>
        _time.CreateTimer(_ => Cancel(source), null, after, Timeout.InfiniteTimeSpan);

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

    // The outer message of a connection that fails over TLS says nothing.
    private static string Reason(Exception e) => e.InnerException is { } inner ? $"{e.Message} {inner.GetBaseException().Message}"
        : e.Message;

    // One line for each new reason: a master that is away for an hour does not fill the log.
    private void Complain(Uri master, string reason)
    {
        if (reason == _complaint) return;
        _complaint = reason;
        _log.LogWarning("No registration with the master {Master}: {Reason}", master, reason);
    }

    private sealed class NotRegisteredException : Exception;

    private sealed record Session(Uri Master, string StreamId, AgentId AgentId, CancellationToken Ended);
}
