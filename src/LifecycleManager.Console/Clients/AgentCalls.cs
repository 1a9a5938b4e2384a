using System.Net;
using LifecycleManager.Clients.Agents;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Console.Clients;

/// <summary>Calls of one agent, as one caller.</summary>
/// <param name="http">A client of it, whose calls have no limit of their own.</param>
/// <param name="time">The clock.</param>
internal sealed class AgentCalls(HttpClient http, TimeProvider time) : IAgentCalls
{
    private const int LongestRefusal = 64 * 1024;

    /// <inheritdoc/>
    public TimeSpan Limit { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Opens an answer that is read as it comes.</summary>
    /// <exception cref="AgentRefusalException">The agent refuses it.</exception>
    /// <exception cref="HttpRequestException">It does not answer.</exception>
    public Task<HttpResponseMessage> OpenAsync(string path, CancellationToken stop) =>
        OpenAsync(new HttpRequestMessage(HttpMethod.Get, path), Limit, stop);

    /// <inheritdoc/>
    public Task<HttpResponseMessage> OpenAsync(
        string path, HttpContent content, IEnumerable<(string Name, string Value)> headers, TimeSpan limit,
        CancellationToken stop)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        return OpenAsync(request, limit, stop);
    }

    private async Task<HttpResponseMessage> OpenAsync(HttpRequestMessage request, TimeSpan within, CancellationToken stop)
    {
        using (request)
        using (var limit = new TimeLimit(time, within, stop))
        {
            try
            {
                var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
                if (answer.IsSuccessStatusCode) return answer;
                using (answer)
                {
                    await answer.Content.LoadIntoBufferAsync(LongestRefusal, limit.Token);
                    throw new AgentRefusalException(
                        answer.StatusCode,
                        CallProblems.Said((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(limit.Token)));
                }
            }
            catch (OperationCanceledException e) when (!stop.IsCancellationRequested)
            {
                throw new HttpRequestException($"the agent gives no answer within {Limit.TotalSeconds:0} s", e);
            }
        }
    }
}

/// <summary>An agent refuses what it was asked.</summary>
/// <param name="status">The answer's status.</param>
/// <param name="message">What it says.</param>
internal sealed class AgentRefusalException(HttpStatusCode status, string message) : Exception(message)
{
    /// <summary>The answer's status.</summary>
    public HttpStatusCode Status { get; } = status;
}
