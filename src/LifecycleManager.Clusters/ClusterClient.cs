using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Clusters.Http;

namespace LifecycleManager.Clusters;

/// <summary>
/// What the clients have in common: whatever goes wrong is a <see cref="ClusterException"/> with a clear message.
/// </summary>
internal abstract class ClusterClient(HttpClient client, Uri address, string kind) : IClusterClient
{
    public string Description => $"{kind} at {address}";

    /// <summary>What the credentials must allow, for messages.</summary>
    protected abstract string Rights { get; }

    public async Task<IReadOnlyList<Workload>> ListAsync(CancellationToken cancellation)
    {
        try
        {
            return await ReadAllAsync(cancellation);
        }
        catch (Exception e)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new ClusterException(ClusterFault.Unavailable, Explain(e), e);
        }
    }

    public async Task<CountChanged> SetCountAsync(CountChange change, CancellationToken cancellation)
    {
        try
        {
            return await ChangeAsync(change, cancellation);
        }
        catch (ClusterAnswerException e) when (FaultOf(e.Status) is { } fault)
        {
            throw new ClusterException(
                fault, e.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden ? Explain(e) : e.Message, e);
        }
        catch (Exception e) when (e is not ClusterException)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new ClusterException(ClusterFault.Unavailable, Explain(e), e);
        }
    }

    public async Task<CountSeen?> CountAsync(string workload, CancellationToken cancellation)
    {
        try
        {
            return await ReadCountAsync(workload, cancellation);
        }
        catch (ClusterAnswerException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
        catch (Exception e)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new ClusterException(ClusterFault.Unavailable, Explain(e), e);
        }
    }

    /// <summary>All workloads.</summary>
    protected abstract Task<IReadOnlyList<Workload>> ReadAllAsync(CancellationToken cancellation);

    /// <summary>Sets the count.</summary>
    /// <exception cref="ClusterAnswerException">The answer was not a success.</exception>
    /// <exception cref="ClusterException">The change is not possible.</exception>
    protected abstract Task<CountChanged> ChangeAsync(CountChange change, CancellationToken cancellation);

    /// <summary>The count that a workload is asked to have; null where there is no such workload.</summary>
    /// <exception cref="ClusterAnswerException">The answer was not a success.</exception>
    protected abstract Task<CountSeen?> ReadCountAsync(string workload, CancellationToken cancellation);

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
        using var request = new HttpRequestMessage(method, path);
        request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        return await SendAsync(request, type, cancellation);
    }

    private async Task<T> SendAsync<T>(HttpRequestMessage request, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        using var answer = await client.SendAsync(request, cancellation);
        if (!answer.IsSuccessStatusCode)
        {
            var text = await answer.Content.ReadAsStringAsync(cancellation);
            var message = MessageOf(text);
            throw new ClusterAnswerException(
                answer.StatusCode,
                string.IsNullOrWhiteSpace(message) ? $"HTTP {(int)answer.StatusCode}" : HttpErrors.Clip(message));
        }

        await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
        return await JsonSerializer.DeserializeAsync(body, type, cancellation) ?? throw new JsonException();
    }

    /// <summary>What an answer says of a change; null where it does not say whether it was carried out.</summary>
    private static ClusterFault? FaultOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.NotFound => ClusterFault.NotFound,
        HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests => null,
        >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError => ClusterFault.Refused,
        _ => null,
    };

    private string Explain(Exception e) => e switch
    {
        ClusterAnswerException { Status: HttpStatusCode.Unauthorized } =>
            $"{address} does not accept the credentials (401): {e.Message}",
        ClusterAnswerException { Status: HttpStatusCode.Forbidden } =>
            $"{address} does not let these credentials do that (403): {e.Message}; they need to {Rights}",
        ClusterAnswerException answer => $"{address} answered {(int)answer.Status}: {answer.Message}",
        _ => HttpErrors.Explain(e, address),
    };
}

/// <summary>The orchestrator's answer was not a success.</summary>
internal sealed class ClusterAnswerException(HttpStatusCode status, string message) : Exception(message)
{
    public HttpStatusCode Status { get; } = status;
}
