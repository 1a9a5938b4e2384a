namespace LifecycleManager.Scheduler.OpenApi;

/// <summary>One operation of the REST API, as its document describes it.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">The path with its parameters; an id's slashes stand as they are.</param>
/// <param name="Tag">The resource.</param>
/// <param name="Summary">What it does.</param>
internal sealed record ApiOperation(HttpMethod Method, string Path, string Tag, string Summary)
{
    /// <summary>Query parameters.</summary>
    public IReadOnlyList<ApiParameter> Query { get; init; } = [];

    /// <summary>The body's type, one that the wire types' metadata knows.</summary>
    public Type? Body { get; init; }

    /// <summary>The answer's status.</summary>
    public int Status { get; init; } = 200;

    /// <summary>The answer's type; null for one without a schema.</summary>
    public Type? Answer { get; init; }

    /// <summary>The answer's media types.</summary>
    public IReadOnlyList<string> Media { get; init; } = ["application/json"];

    /// <summary>The statuses of failures.</summary>
    public IReadOnlyList<int> Failures { get; init; } = [];
}

/// <summary>A query parameter.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it does.</param>
/// <param name="Kind">Its values.</param>
internal sealed record ApiParameter(string Name, string Description, ApiParameterKind Kind = ApiParameterKind.Text);

/// <summary>What a query parameter may be.</summary>
internal enum ApiParameterKind
{
    Text,
    Flag,
    Texts,
}
