using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>How an operator's call ended.</summary>
internal sealed record OperatorResult(int Status, string? Text = null)
{
    public static readonly OperatorResult Done = new(200);

    public static OperatorResult Unavailable(string cause) => new(503, cause);

    public static Task<OperatorResult> NotFound(AgentId id) =>
        Task.FromResult(new OperatorResult(404, $"Agent {id.Value} is unknown"));

    public static Task<OperatorResult> Conflict(string text) => Task.FromResult(new OperatorResult(409, text));

    public static Task<OperatorResult> Invalid(string text) => Task.FromResult(new OperatorResult(400, text));
}
