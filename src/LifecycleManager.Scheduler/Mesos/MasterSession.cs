using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Scheduler.Mesos;

/// <summary>One subscription: an open event stream, and the calls that belong to it.</summary>
internal sealed class MasterSession : IDisposable
{
    private const string Path = "/api/v1/scheduler";
    private const string StreamIdHeader = "Mesos-Stream-Id";
    private const int MaxRedirects = 5;
    private const int MaxErrorBody = 4 * 1024;
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly HttpClient _http;
    private readonly SchedulerOptions _options;
    private readonly HttpResponseMessage _response;
    private readonly string _streamId;

    private MasterSession(HttpClient http, SchedulerOptions options, Uri master, HttpResponseMessage response, string streamId)
    {
        (_http, _options, Master, _response, _streamId) = (http, options, master, response, streamId);
    }

    /// <summary>The master that answered, after redirects.</summary>
    public Uri Master { get; }

    /// <summary>Subscribes, following the redirects of masters that do not lead.</summary>
    /// <exception cref="MasterException">The master refuses.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    public static async Task<MasterSession> OpenAsync(
        HttpClient http, SchedulerOptions options, Uri master, FrameworkInfo framework, CancellationToken cancellation)
    {
        var call = new SchedulerCall
        {
            Type = CallType.Subscribe,
            FrameworkId = framework.Id,
            Subscribe = new SubscribeCall(framework),
        };
        var target = new Uri(master, Path);
        for (var redirects = 0; redirects <= MaxRedirects; redirects++)
        {
            using var request = Request(options, target, call, streamId: null);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (response.StatusCode is HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect)
            {
                // Mesos gives "//host:port/path", without a scheme.
                var location = response.Headers.Location
                    ?? throw new MasterException($"{target} redirects without saying where");
                response.Dispose();
                var leader = new Uri(target, location);
                // The secret and what the tasks hold are for no network that can be listened to.
                if (target.Scheme == "https" && leader.Scheme != "https")
                    throw new MasterException($"{target} redirects to {leader}, which is not encrypted");
                target = leader;
                continue;
            }

            if (response.StatusCode == HttpStatusCode.OK)
            {
                var streamId = response.Headers.TryGetValues(StreamIdHeader, out var values) ? values.First() : "";
                return new MasterSession(http, options, new Uri(target.GetLeftPart(UriPartial.Authority)), response, streamId);
            }

            using (response) throw await RefusalAsync(target, response, cancellation);
        }

        throw new MasterException($"{master} redirects in a circle");
    }

    /// <summary>The events until the stream ends.</summary>
    public async IAsyncEnumerable<SchedulerEvent> ReadAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var stream = await _response.Content.ReadAsStreamAsync(cancellation);
        await foreach (var @event in RecordIo.ReadAsync(stream, MesosJson.Default.SchedulerEvent, cancellation: cancellation))
            yield return @event;
    }

    /// <summary>Makes one call.</summary>
    /// <exception cref="MasterException">The master refuses; <see cref="MasterException.IsCallsFault"/> says whose fault it
    /// is.</exception>
    public async Task CallAsync(SchedulerCall call, CancellationToken cancellation)
    {
        var target = new Uri(Master, Path);
        using var request = Request(_options, target, call, _streamId);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!response.IsSuccessStatusCode) throw await RefusalAsync(target, response, cancellation);
    }

    public void Dispose() => _response.Dispose();

    private static HttpRequestMessage Request(SchedulerOptions options, Uri target, SchedulerCall call, string? streamId)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, target)
        {
            Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(call, MesosJson.Default.SchedulerCall)),
        };
        request.Content.Headers.ContentType = Json;
        if (!string.IsNullOrEmpty(streamId)) request.Headers.Add(StreamIdHeader, streamId);
        request.Headers.Authorization = options.Credential?.Header;
        return request;
    }

    private static async Task<MasterException> RefusalAsync(Uri target, HttpResponseMessage response,
        CancellationToken cancellation)
    {
        var buffer = new byte[MaxErrorBody];
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var read = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        var text = Encoding.UTF8.GetString(buffer, 0, read).ReplaceLineEndings(" ").Trim();
        return new MasterException($"{target} answers {(int)response.StatusCode}: {text}")
        {
            IsCallsFault = response.StatusCode is HttpStatusCode.BadRequest
                && !text.Contains("not subscribed", StringComparison.OrdinalIgnoreCase)
                && !text.Contains("Stream-Id", StringComparison.OrdinalIgnoreCase),
        };
    }
}

/// <summary>A master refuses.</summary>
internal sealed class MasterException(string message) : Exception(message)
{
    /// <summary>The call itself is wrong: another subscription would not help.</summary>
    public bool IsCallsFault { get; init; }
}
