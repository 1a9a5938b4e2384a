namespace LifecycleManager.Scheduler.Api;

/// <summary>
/// The operations of an endpoint. A request is answered by what the table has for it, and the document says what the table has:
/// nothing is served that is not described, and nothing described that is not served.
/// </summary>
/// <param name="operations">Of paths that fit both, the one that comes first is meant.</param>
internal sealed class OperationTable(params IReadOnlyList<ApiOperation> operations)
{
    private readonly List<(PathTemplate Template, List<ApiOperation> Operations)> _paths =
    [
        .. operations.GroupBy(operation => operation.Path, StringComparer.Ordinal)
            .Select(path => (new PathTemplate(path.Key), path.ToList())),
    ];

    public IReadOnlyList<ApiOperation> Operations => operations;

    /// <summary>Of another endpoint, which describes it: what is asked for here, too, by other spellings of its path.</summary>
    public OperationTable? Also { get; init; }

    /// <summary>The operation that a request asks for; the parameters of its path are set.</summary>
    /// <exception cref="ApiException">There is no such path: 404; or no such method of it: 405.</exception>
    public ApiOperation Find(ApiRequest request)
    {
        var path = PathTemplate.Split(request.Context.Request.Path.Value ?? "");
        foreach (var (template, candidates) in _paths)
        {
            if (template.Match(path) is not { } parameters) continue;
            request.Parameters = parameters;
            if (candidates[0].IsMeant is { } isMeant && !isMeant(request)) continue;
            return candidates.Find(operation => operation.Method == request.Method)
                ?? candidates.Find(operation => request.Method == "HEAD" && operation is { Method: "GET", AnswersHead: true })
                ?? throw request.NotAllowed(string.Join(", ", candidates.Select(operation => operation.Method)));
        }

        return Also?.Find(request) ?? throw ApiException.NotFound($"there is no {request.Context.Request.Path}");
    }
}
