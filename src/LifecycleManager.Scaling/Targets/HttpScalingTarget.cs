using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LifecycleManager.Scaling.Targets;

/// <summary>
/// What the targets over plain HTTP have in common: faults become clear sentences, and a change whose answer is lost is settled
/// by reading the count back.
/// </summary>
internal abstract class HttpScalingTarget(HttpClient client, Uri address, string kind) : IScalingTarget
{
    public string Description => $"{kind} at {address}";

    /// <summary>What the credentials must allow, for people.</summary>
    protected abstract string Rights { get; }

    public async Task<IReadOnlyList<ScalableApp>> GetAppsAsync(CancellationToken cancellation)
    {
        try
        {
            return await ListAsync(cancellation);
        }
        catch (Exception e)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new TargetUnavailableException(Explain(e), e);
        }
    }

    public async Task<ScaleResult> ScaleAsync(ScaleRequest request, CancellationToken cancellation)
    {
        try
        {
            return await ChangeAsync(request, cancellation);
        }
        catch (TargetAnswerException e) when (e.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            return new ScaleResult(ScaleStatus.Refused, Explain(e));
        }
        catch (TargetAnswerException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return new ScaleResult(ScaleStatus.NotFound, e.Message);
        }
        catch (TargetAnswerException e) when ((int)e.Status is >= 400 and < 500 and not (408 or 429))
        {
            return new ScaleResult(ScaleStatus.Refused, e.Message);
        }
        catch (Exception e)
        {
            cancellation.ThrowIfCancellationRequested();
            return await SettleAsync(request, Explain(e), cancellation);
        }
    }

    /// <summary>All apps.</summary>
    protected abstract Task<IReadOnlyList<ScalableApp>> ListAsync(CancellationToken cancellation);

    /// <summary>Sets the count. A <see cref="TargetAnswerException"/> says what the answer's status says.</summary>
    protected abstract Task<ScaleResult> ChangeAsync(ScaleRequest request, CancellationToken cancellation);

    /// <summary>The count that an app is asked to have; null where it is gone.</summary>
    protected abstract Task<int?> CountAsync(string app, CancellationToken cancellation);

    /// <summary>The message in an answer that is not a success.</summary>
    protected abstract string? MessageOf(string body);

    protected async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        return await SendAsync(request, type, cancellation);
    }

    protected async Task<T> SendAsync<T>(
        HttpMethod method, string path, string json, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method,
            path)
        { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        return await SendAsync(request, type, cancellation);
    }

    private async Task<T> SendAsync<T>(HttpRequestMessage request, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        using var answer = await client.SendAsync(request, cancellation);
        if (!answer.IsSuccessStatusCode)
        {
            var text = await answer.Content.ReadAsStringAsync(cancellation);
            var message = MessageOf(text);
            throw new TargetAnswerException(
                answer.StatusCode, string.IsNullOrWhiteSpace(message)
                ? $"HTTP {(int)answer.StatusCode}" : TargetErrors.Clip(message));
        }

        await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
        return await JsonSerializer.DeserializeAsync(body, type, cancellation) ?? throw new JsonException();
    }

    private async Task<ScaleResult> SettleAsync(ScaleRequest request, string why, CancellationToken cancellation)
    {
        try
        {
            return await CountAsync(request.App, cancellation) switch
            {
                null => new ScaleResult(ScaleStatus.NotFound, "the app is gone"),
                { } count when count == request.Count =>
                    new ScaleResult(ScaleStatus.Applied, $"confirmed by reading back, since {why}"),
                _ => new ScaleResult(ScaleStatus.Unavailable, why),
            };
        }
        catch (Exception)
        {
            cancellation.ThrowIfCancellationRequested();
            return new ScaleResult(ScaleStatus.Unavailable, why);
        }
    }

    private string Explain(Exception e) => e switch
    {
        TargetAnswerException { Status: HttpStatusCode.Unauthorized } =>
            $"{address} does not accept the credentials (401): {e.Message}",
        TargetAnswerException { Status: HttpStatusCode.Forbidden } =>
            $"{address} does not let these credentials do that (403): {e.Message}; they need to {Rights}",
        TargetAnswerException answer => $"{address} answered {(int)answer.Status}: {answer.Message}",
        _ => TargetErrors.Explain(e, address),
    };
}

/// <summary>The target's answer was not a success.</summary>
internal sealed class TargetAnswerException(HttpStatusCode status, string message) : Exception(message)
{
    public HttpStatusCode Status { get; } = status;
}
