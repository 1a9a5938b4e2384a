using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using LifecycleManager.Runtime.Reconnecting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>What came of a hook.</summary>
/// <param name="Fire">The fire's id.</param>
/// <param name="IsAfter">Whether it is the hook after.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Detail">How it answered, or why it did not, without secrets.</param>
/// <param name="Attempts">How often it was tried.</param>
internal sealed record HookResult(string Fire, bool IsAfter, HookOutcome Outcome, string Detail, int Attempts);

/// <summary>
/// Sends the hooks of fires beside whatever else goes on: each is tried five times, of 10 s at most, with pauses that double. A
/// redirect is no answer. What is sent when a manager ends is sent again by its successor, with the same id.
/// </summary>
/// <param name="handler">Sends; follows no redirects.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Gets what failed.</param>
/// <param name="ended">Gets what came of each, from any thread.</param>
internal sealed class HookSender(HttpMessageHandler handler, TimeProvider time, ILogger log, Action<HookResult> ended)
    : IDisposable
{
    /// <summary>The header with the fire's id, percent-encoded.</summary>
    public const string IdHeader = "Lcm-Fire-Id";

    /// <summary>So many may wait: 1,000. One more fails at once.</summary>
    public const int MostWaiting = 1_000;

    /// <summary>So often each is tried: 5.</summary>
    public const int Tries = 5;

    /// <summary>The longest that one try takes: 10 s.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private const int Parallelism = 16;
    private const int MostOfAnswer = 64 * 1024;
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http = new(handler)
    {
        Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = MostOfAnswer,
    };

    private readonly SemaphoreSlim _places = new(Parallelism);
    private readonly CancellationTokenSource _ending = new();
    private int _waiting;

    /// <summary>A handler that follows no redirects.</summary>
    public static HttpMessageHandler Handler() => new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = Timeout,
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
    };

    /// <summary>An address without what may be secret in it: who asks, and the query.</summary>
    public static string Shown(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri)
        ? uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)
            + (uri.Query.Length > 0 ? "?..." : "")
        : "an address that cannot be read";

    /// <summary>Sends a hook, and tells later what came of it.</summary>
    public void Send(FireRecord fire, bool isAfter)
    {
        if (Interlocked.Increment(ref _waiting) > MostWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            ended(new HookResult(fire.Id, isAfter, HookOutcome.Failed, $"{MostWaiting} hooks wait already", 0));
            return;
        }

        _ = Task.Run(() => SendAsync(fire, isAfter), CancellationToken.None);
    }

    public void Dispose()
    {
        _ending.Cancel();
        _http.Dispose();
    }

    private async Task SendAsync(FireRecord fire, bool isAfter)
    {
        var hook = (isAfter ? fire.After : fire.Before)!;
        var tries = 0;
        try
        {
            await _places.WaitAsync(_ending.Token);
            try
            {
                var body = JsonSerializer.SerializeToUtf8Bytes(HookBody.Of(fire, isAfter), HookJson.Default.HookBody);
                var pipeline = Reconnect.Pipeline(FirstPause, LongestPause, time, Random.Shared, repeats: _ => tries < Tries);
                var status = await pipeline.ExecuteAsync(async token =>
                {
                    tries++;
                    return await PostAsync(hook.Url, fire.Id, body, token);
                }, _ending.Token);
                ended(new HookResult(fire.Id, isAfter, HookOutcome.Answered, $"HTTP {status}", tries));
            }
            finally
            {
                _places.Release();
            }
        }
        catch (Exception) when (_ending.IsCancellationRequested)
        {
            // It is still to be sent, by whoever leads next.
        }
        catch (Exception e)
        {
            log.LogWarning("The hook {Phase} {Fire} at {Url} failed {Tries} times, and is given up: {Reason}",
                isAfter ? "after" : "before", fire.Id, Shown(hook.Url), tries, e.Message);
            ended(new HookResult(fire.Id, isAfter, HookOutcome.Failed, e.Message, tries));
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>Posts once.</summary>
    /// <returns>The status, which is 2xx.</returns>
    private async Task<int> PostAsync(string url, string fire, byte[] body, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        var uri = new Uri(url);
        using var request = new HttpRequestMessage(HttpMethod.Post, uri.UserInfo.Length == 0 ? uri
            : new UriBuilder(uri) { UserName = "", Password = "" }.Uri);
        request.Headers.TryAddWithoutValidation(IdHeader, Uri.EscapeDataString(fire));
        if (uri.UserInfo.Length > 0)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(uri.UserInfo))));
        }

        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json", "utf-8");
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return answer.IsSuccessStatusCode ? (int)answer.StatusCode
                : throw new HttpRequestException($"it answered HTTP {(int)answer.StatusCode}");
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new HttpRequestException($"it did not answer within {Timeout.TotalSeconds:0} s");
        }
    }
}

/// <summary>What a hook is sent.</summary>
/// <param name="FireId">The fire's id: the same however often it is sent.</param>
/// <param name="Schedule">The schedule's name.</param>
/// <param name="Phase"><c>before</c> the count is set, or <c>after</c> all has ended.</param>
/// <param name="Due">The fire time.</param>
/// <param name="Count">The count, as people write it.</param>
/// <param name="DryRun">Whether nothing is set.</param>
/// <param name="ByHand">Whether a person asked for the fire.</param>
/// <param name="Apps">The apps; empty before they are known.</param>
internal sealed record HookBody(
    string FireId, string Schedule, string Phase, DateTimeOffset Due, string Count, bool DryRun, bool ByHand,
    IReadOnlyList<HookApp> Apps)
{
    public static HookBody Of(FireRecord fire, bool isAfter) => new(
        fire.Id, fire.Schedule, isAfter ? "after" : "before", fire.Due, fire.Count.ToString(), fire.DryRun, fire.ByHand,
        [.. fire.Apps.Select(part => new HookApp(part.App, part.Before, part.Problem))]);
}

/// <summary>An app of a fire, as a hook is told.</summary>
/// <param name="App">The absolute app id.</param>
/// <param name="Before">The count from before.</param>
/// <param name="Problem">Why its count was not set; absent where it was, or may still be.</param>
internal sealed record HookApp(string App, int Before, string? Problem);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HookBody))]
internal sealed partial class HookJson : JsonSerializerContext;
