using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Clients.Masters;

/// <summary>
/// A client of the leading master: opens the stream of events that its calls belong to, as frameworks (SUBSCRIBE) and agents
/// (REGISTER) do.
/// </summary>
/// <typeparam name="TCall">What is sent.</typeparam>
/// <typeparam name="TEvent">What comes.</typeparam>
/// <param name="http">The connections.</param>
/// <param name="masters">Any of the masters; those that stand by redirect to the one that leads.</param>
/// <param name="path">Where calls go: <c>/api/v1/scheduler</c>.</param>
/// <param name="callJson">Writes calls.</param>
/// <param name="eventJson">Reads events.</param>
/// <param name="time">The clock.</param>
public sealed class MasterClient<TCall, TEvent>(
    MasterHttp http, AddressList masters, string path, JsonTypeInfo<TCall> callJson, JsonTypeInfo<TEvent> eventJson,
    TimeProvider time)
{
    private const string StreamIdHeader = "Mesos-Stream-Id";

    /// <summary>The master that was asked last; before that, the one that will be.</summary>
    public Uri Asked { get; private set; } = masters.Current;

    /// <summary>
    /// Opens a stream at the leader that one of the masters is or redirects to. Each attempt begins with another one: whether
    /// the last one failed or its stream has ended, it may be gone. Where nobody can be reached, or nobody leads, the others are
    /// asked at once: a new leader is found by the first attempt after its election, not by every second.
    /// </summary>
    /// <param name="call">Opens the stream.</param>
    /// <param name="limit">The longest until the answer begins, of all masters together, redirects included.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="MasterRefusalException">The master that was asked last refuses.</exception>
    /// <exception cref="HttpRequestException">Nobody answers, redirects lead nowhere, or the answer is no stream.</exception>
    /// <exception cref="TimeoutException">The limit is reached.</exception>
    public async Task<MasterStream<TCall, TEvent>> OpenAsync(TCall call, TimeSpan limit, CancellationToken cancellation)
    {
        using var end = new TimeLimit(time, limit, cancellation);
        try
        {
            await masters.RefreshAsync(end.Token);
            for (var left = masters.Count; ; left--)
            {
                Asked = masters.Current;
                masters.Leave(Asked);
                try
                {
                    return await OpenAsync(Asked, call, end.Token);
                }
                catch (Exception e) when (left > 1 && !end.Token.IsCancellationRequested && IsWithoutLeader(e))
                {
                    // Another one may lead.
                }
            }
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {limit.TotalSeconds:0} s", e);
        }
    }

    /// <summary>Makes one call of a stream, at the master that has opened it and nowhere else.</summary>
    internal async Task SendAsync(Uri master, string streamId, TCall call, CancellationToken cancellation)
    {
        using var request = Request(master, call);
        request.Headers.Add(StreamIdHeader, streamId);
        using var answer = await http.SendAsync(request, followLeader: false, cancellation);
        if (!answer.IsSuccessStatusCode) throw await MasterRefusalException.ReadAsync(answer, cancellation);
    }

    private async Task<MasterStream<TCall, TEvent>> OpenAsync(Uri asked, TCall call, CancellationToken cancellation)
    {
        using var request = Request(asked, call);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        var answer = await http.SendAsync(request, followLeader: true, cancellation);
        try
        {
            if (answer.StatusCode != HttpStatusCode.OK) throw await MasterRefusalException.ReadAsync(answer, cancellation);
            if (!answer.Headers.TryGetValues(StreamIdHeader, out var ids))
                throw new HttpRequestException($"the answer has no {StreamIdHeader}");
            var leader = new Uri(request.RequestUri!.GetLeftPart(UriPartial.Authority));
            return new MasterStream<TCall, TEvent>(this, leader, ids.First(), answer, eventJson);
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    // A handler's own cancellation is that of a connection that was not made in time.
    private static bool IsWithoutLeader(Exception problem) => problem is OperationCanceledException
        || problem is HttpRequestException unsent && Failures.IsUnsent(unsent)
        || problem is MasterRefusalException { Status: HttpStatusCode.ServiceUnavailable };

    private HttpRequestMessage Request(Uri master, TCall call)
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(call, callJson));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return new HttpRequestMessage(HttpMethod.Post, new Uri(master, path)) { Content = content };
    }
}
