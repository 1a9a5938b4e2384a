namespace LifecycleManager.Scheduler.Api;

/// <summary>One operation of the REST API: how it is asked for, who answers it, and what its document says of it.</summary>
/// <param name="Method">The method; <c>GET</c> answers <c>HEAD</c>, too.</param>
/// <param name="Path">
/// The path with its parameters: <c>{name}</c> is one segment, <c>{**name}</c> some, as the ids of apps and groups have them.
/// </param>
/// <param name="Need">What its caller needs.</param>
/// <param name="Handler">Answers it.</param>
/// <param name="Tag">The resource.</param>
/// <param name="Summary">What it does.</param>
internal sealed record ApiOperation(
    string Method, string Path, OperationNeed Need, Func<ApiRequest, Task> Handler, string Tag, string Summary)
{
    /// <summary>Whether it reads.</summary>
    public bool Reads => Method is "GET" or "HEAD";

    /// <summary>Whether its path names one app or pod.</summary>
    public bool IsOfOne => Path.StartsWith("/v2/apps/{**id}", StringComparison.Ordinal)
        || Path.StartsWith("/v2/pods/{**id}", StringComparison.Ordinal)
        || Path.StartsWith("/v2/queue/{**id}", StringComparison.Ordinal);

    /// <summary>Whether its path names a group.</summary>
    public bool IsOfGroup => Path.StartsWith("/v2/groups", StringComparison.Ordinal);

    /// <summary>The path as the document has it.</summary>
    public string DocumentPath => Path.Replace("{**", "{", StringComparison.Ordinal);

    /// <summary>Whether it answers <c>HEAD</c>, being a <c>GET</c>.</summary>
    public bool AnswersHead { get; init; } = true;

    /// <summary>
    /// Whether the path means this operation: an id may end as an operation does. Null where it always does.
    /// </summary>
    public Func<ApiRequest, bool>? IsMeant { get; init; }

    /// <summary>Query parameters.</summary>
    public IReadOnlyList<ApiParameter> Query { get; init; } = [];

    /// <summary>The body's type, one that the wire types' metadata knows.</summary>
    public Type? Body { get; init; }

    /// <summary>The answer's status.</summary>
    public int Status { get; init; } = 200;

    /// <summary>The answer's type; null for one without a schema.</summary>
    public Type? Answer { get; init; }

    /// <summary>The answer's type where a parameter asks for another one; null where none does.</summary>
    public Type? OtherAnswer { get; init; }

    /// <summary>Another status of success; null where there is one alone.</summary>
    public int? OtherStatus { get; init; }

    /// <summary>The answer's media types.</summary>
    public IReadOnlyList<string> Media { get; init; } = ["application/json"];

    /// <summary>The statuses of failures.</summary>
    public IReadOnlyList<int> Failures { get; init; } = [];
}
