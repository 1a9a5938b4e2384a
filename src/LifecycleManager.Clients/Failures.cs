namespace LifecycleManager.Clients;

/// <summary>Failures of calls: what they say to people, and what they leave open.</summary>
public static class Failures
{
    /// <summary>What went wrong, with its cause: the outer message of a connection that fails over TLS says nothing.</summary>
    public static string Describe(Exception problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        return problem is OperationCanceledException ? "no answer in time"
            : problem is HttpRequestException { InnerException: { } inner }
                ? $"{problem.Message} {inner.GetBaseException().Message}"
            : problem.Message;
    }

    /// <summary>Whether a call has reached nobody, so that it can be made elsewhere, or again.</summary>
    public static bool IsUnsent(HttpRequestException problem) => problem.HttpRequestError
        is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError;
}
