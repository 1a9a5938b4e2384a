using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scheduler.Api;

/// <summary>A request that ends with an error in Marathon's shape.</summary>
internal sealed class ApiException(int status, string message) : Exception(message)
{
    public int Status { get; } = status;

    public IReadOnlyList<MarathonErrorDetail>? Details { get; init; }

    /// <summary>With 405: the methods that there are.</summary>
    public string? Allow { get; init; }

    public static ApiException NotFound(string message) => new(404, message);

    public static ApiException NotAcceptable(IReadOnlyList<string> media) =>
        new(406, $"the answer is {string.Join(" or ", media)}, which the request's Accept leaves out");

    public static ApiException BadRequest(string message) => new(400, message);
}
