namespace LifecycleManager.Security.Admission;

/// <summary>Something of a task that is not admitted.</summary>
/// <param name="Rule">The name of the rule; null where none of the rules is about the task.</param>
/// <param name="Path">Where it is stated: <c>/container/docker/privileged</c>.</param>
/// <param name="What">What is not admitted: <c>privileged containers</c>.</param>
public sealed record AdmissionRefusal(string? Rule, string Path, string What)
{
    /// <summary>One sentence for people.</summary>
    public string Message => Rule is null ? "no admission rule is about it, and what none is about is not admitted"
        : $"the admission rule '{Rule}' does not admit {What}";
}
