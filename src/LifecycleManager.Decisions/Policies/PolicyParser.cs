using LifecycleManager.Decisions.Policies.Reading;

namespace LifecycleManager.Decisions.Policies;

/// <summary>What a policy file says.</summary>
/// <param name="Policies">Its policies; none where there is an error, for a bad file is refused whole.</param>
/// <param name="Problems">Errors and warnings, in the order of their places.</param>
public sealed record PolicyFile(IReadOnlyList<Policy> Policies, IReadOnlyList<PolicyProblem> Problems)
{
    /// <summary>Whether the file is refused.</summary>
    public bool Refused => Problems.Any(problem => problem.Severity == PolicySeverity.Error);
}

/// <summary>Reads policy files: one policy a YAML document, several documents a file.</summary>
public static class PolicyParser
{
    /// <summary>The longest file taken, in characters.</summary>
    public const int MaxLength = 1024 * 1024;

    /// <summary>Parses, checks and compiles a file's text. Never throws for what the text says.</summary>
    /// <param name="file">The name that problems are reported under.</param>
    /// <param name="text">The YAML text.</param>
    public static PolicyFile Parse(string file, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.StartsWith('\uFEFF')) text = text[1..];
        var problems = new ProblemSink(file, text);
        if (text.Length > MaxLength)
        {
            problems.Add(1, 1, PolicySeverity.Error, $"the file is longer than {MaxLength} characters", null, "too-long");
            return new PolicyFile([], problems.Problems);
        }

        var policies = new List<Policy>();
        try
        {
            foreach (var document in YamlTree.Read(text))
            {
                if (document is YamlScalar { IsNull: true }) continue;
                var policy = new PolicyReader(problems).Read(document);
                if (policy is null) continue;
                if (policies.Find(other => other.Name == policy.Name) is { } twin)
                {
                    problems.Error(
                        document, $"a policy '{policy.Name}' is in this file already", $"on line {twin.Place.Line}",
                        "duplicate-policy");
                }

                policies.Add(policy);
            }
        }
        catch (YamlSyntaxException e)
        {
            problems.Add((int)e.Mark.Line, (int)e.Mark.Column, PolicySeverity.Error, e.Message, null, "syntax");
        }

        if (policies.Count == 0 && problems.Problems.Count == 0)
        {
            problems.Add(1, 1, PolicySeverity.Warning, "the file has no policy", null, "empty");
        }

        var inOrder = problems.Problems.OrderBy(problem => (problem.Line, problem.Column)).ToList();
        return new PolicyFile(problems.HasErrors ? [] : policies, inOrder);
    }
}
