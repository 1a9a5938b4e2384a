namespace LifecycleManager.Decisions.Policies;

/// <summary>How bad a <see cref="PolicyProblem"/> is.</summary>
public enum PolicySeverity
{
    /// <summary>Worth a look; the policy is in force.</summary>
    Warning,

    /// <summary>The whole file is refused.</summary>
    Error,
}

/// <summary>What is wrong with a policy file, and where. Lines and columns count from 1.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">The line.</param>
/// <param name="Column">The column.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Message">The reason, for people.</param>
/// <param name="Suggestion">What may have been meant; or null.</param>
/// <param name="Code">The kind of problem, for machines: <c>syntax</c>, <c>unknown-key</c>, <c>unreachable-rule</c>, ...</param>
public sealed record PolicyProblem(
    string File, int Line, int Column, PolicySeverity Severity, string Message, string? Suggestion, string Code = "invalid")
{
    /// <summary><c>rules/search.yml:7:3: error: unknown key 'rule' (did you mean 'rules'?)</c>, as compilers write it.</summary>
    public override string ToString()
    {
        var severity = Severity == PolicySeverity.Error ? "error" : "warning";
        return $"{File}:{Line}:{Column}: {severity}: {Message}{(Suggestion is null ? "" : $" ({Suggestion})")}";
    }
}
