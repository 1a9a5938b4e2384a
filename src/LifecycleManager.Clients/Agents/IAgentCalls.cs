namespace LifecycleManager.Clients.Agents;

/// <summary>How somebody calls one agent: as whom, and what he makes of a refusal, is his.</summary>
public interface IAgentCalls
{
    /// <summary>How long an answer may take to begin.</summary>
    TimeSpan Limit { get; }

    /// <summary>Posts something and opens the answer, which is read as it comes. What is no success is thrown.</summary>
    /// <param name="path">The path, from its slash on.</param>
    /// <param name="content">What is sent; also a stream that goes on while the answer comes.</param>
    /// <param name="headers">Headers beside.</param>
    /// <param name="limit">How long the answer may take to begin; <see cref="TimeSpan.MaxValue"/> for any time.</param>
    /// <param name="stop">Gives up.</param>
    Task<HttpResponseMessage> OpenAsync(
        string path, HttpContent content, IEnumerable<(string Name, string Value)> headers, TimeSpan limit,
        CancellationToken stop);
}
