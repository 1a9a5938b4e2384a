using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools.Analysis;

namespace LifecycleManager.Decisions.Tools;

/// <summary>How <see cref="PolicyCheck"/> writes what it finds.</summary>
public enum CheckFormat
{
    /// <summary>One line a finding, as compilers do.</summary>
    Text,

    /// <summary>A JSON array.</summary>
    Json,

    /// <summary>GitHub's workflow commands, which become annotations.</summary>
    GitHub,

    /// <summary>SARIF 2.1.0, for code scanning.</summary>
    Sarif,
}

/// <summary>
/// <c>lcm policy check</c>: what is wrong with policy files, and what they say without meaning it: rules that can never act,
/// rules that fight, bounds that cannot hold.
/// </summary>
public static class PolicyCheck
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Checks files; directories stand for the policy files in them.</summary>
    /// <param name="paths">Files and directories.</param>
    /// <param name="format">How findings are written.</param>
    /// <param name="strict">Whether warnings fail the check too.</param>
    /// <param name="output">Gets the findings.</param>
    /// <param name="error">Gets what could not be read.</param>
    /// <param name="files">Where files are read; null for the disk.</param>
    /// <returns>0 nothing wrong (but perhaps warnings); 1 errors, or warnings when strict; 2 a path could not be read.</returns>
    public static int Run(IEnumerable<string> paths, CheckFormat format, bool strict, TextWriter output, TextWriter error,
        IPolicyFiles? files = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        var whole = Check(paths, error, files ?? DiskFiles.Instance, out var problems, out var policies, out var count);
        Write(problems, count, policies, format, output);
        if (!whole) return ExitCodes.Failed;
        return problems.Any(problem => strict || problem.Severity == PolicySeverity.Error) ? ExitCodes.Found : ExitCodes.Good;
    }

    /// <summary>The findings themselves.</summary>
    /// <param name="paths">Files and directories.</param>
    /// <param name="error">Gets what could not be read.</param>
    /// <param name="source">Where files are read.</param>
    /// <param name="problems">What was found.</param>
    /// <param name="policyCount">How many policies there are.</param>
    /// <param name="fileCount">How many files were read.</param>
    /// <returns>Whether every path could be read.</returns>
    public static bool Check(
        IEnumerable<string> paths, TextWriter error, IPolicyFiles source, out IReadOnlyList<PolicyProblem> problems,
        out int policyCount, out int fileCount)
    {
        ArgumentNullException.ThrowIfNull(error);
        ArgumentNullException.ThrowIfNull(source);
        var whole = source.TryExpand(paths, PolicyDirectory.IsPolicyFile, error, out var files);
        var found = new List<PolicyProblem>();
        var policies = new List<Policy>();
        foreach (var path in files)
        {
            if (source.TryRead(path, error) is not { } text)
            {
                whole = false;
                continue;
            }

            found.AddRange(Check(path, text, policies));
        }

        found.AddRange(PolicyAnalysis.Among(policies));
        (problems, policyCount, fileCount) = (found, policies.Count, files.Count);
        return whole;
    }

    /// <summary>The findings of one file's text.</summary>
    public static IReadOnlyList<PolicyProblem> Check(string path, string text) => Check(path, text, []);

    private static List<PolicyProblem> Check(string path, string text, List<Policy> policies)
    {
        var file = PolicyParser.Parse(path, text);
        var problems = file.Problems.ToList();
        foreach (var policy in file.Policies)
        {
            if (policies.Find(other => other.Name == policy.Name) is { } twin)
            {
                problems.Add(new PolicyProblem(
                    path, policy.Place.Line, policy.Place.Column, PolicySeverity.Error,
                    $"a policy '{policy.Name}' is defined already", $"at {twin.Place}", "duplicate-policy"));
                continue;
            }

            policies.Add(policy);
            // A fixed day, so that a check says the same today and tomorrow.
            problems.AddRange(PolicyAnalysis.Of(policy, new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)));
        }

        return [.. problems.OrderBy(problem => problem.Line).ThenBy(problem => problem.Column)];
    }

    private static void Write(IReadOnlyList<PolicyProblem> problems, int files, int policies, CheckFormat format,
        TextWriter output)
    {
        switch (format)
        {
            case CheckFormat.Json:
                output.WriteLine(new JsonArray([.. problems.Select(problem => new JsonObject
                {
                    ["file"] = problem.File,
                    ["line"] = problem.Line,
                    ["column"] = problem.Column,
                    ["severity"] = Word(problem),
                    ["code"] = problem.Code,
                    ["message"] = problem.Message,
                    ["suggestion"] = problem.Suggestion,
                })]).ToJsonString(Indented));
                break;
            case CheckFormat.GitHub:
                foreach (var problem in problems)
                {
                    output.WriteLine(
                        $"::{Word(problem)} file={Escape(problem.File, property: true)},line={problem.Line},col={problem.Column},title={problem.Code}::{Escape(Said(problem), property: false)}");
                }

                break;
            case CheckFormat.Sarif:
                output.WriteLine(Sarif(problems).ToJsonString(Indented));
                break;
            default:
                foreach (var problem in problems) output.WriteLine($"{problem} [{problem.Code}]");
                var errors = problems.Count(problem => problem.Severity == PolicySeverity.Error);
                output.WriteLine(
                    $"{Count(policies, "policy", "policies")} in {Count(files, "file", "files")}: "
                    + $"{Count(errors, "error", "errors")}, {Count(problems.Count - errors, "warning", "warnings")}");
                break;
        }
    }

    private static string Count(int count, string one, string many) => $"{count} {(count == 1 ? one : many)}";

    private static string Word(PolicyProblem problem) => problem.Severity == PolicySeverity.Error ? "error" : "warning";

    private static string Said(PolicyProblem problem) =>
        problem.Message + (problem.Suggestion is null ? "" : $" ({problem.Suggestion})");

    /// <summary>GitHub's escapes of workflow commands.</summary>
    private static string Escape(string text, bool property)
    {
        text = text.Replace("%", "%25", StringComparison.Ordinal).Replace("\r", "%0D", StringComparison.Ordinal)
            .Replace("\n", "%0A", StringComparison.Ordinal);
        return property ? text.Replace(":", "%3A", StringComparison.Ordinal).Replace(",", "%2C", StringComparison.Ordinal) : text;
    }

    private static JsonObject Sarif(IReadOnlyList<PolicyProblem> problems) => new()
    {
        ["$schema"] = "https://json.schemastore.org/sarif-2.1.0.json",
        ["version"] = "2.1.0",
        ["runs"] = new JsonArray(new JsonObject
        {
            ["tool"] = new JsonObject
            {
                ["driver"] = new JsonObject
                {
                    ["name"] = "lcm policy check",
                    ["rules"] = new JsonArray([.. problems.Select(problem => problem.Code).Distinct()
                        .Order(StringComparer.Ordinal).Select(code => new JsonObject { ["id"] = code })]),
                },
            },
            ["results"] = new JsonArray([.. problems.Select(problem => new JsonObject
            {
                ["ruleId"] = problem.Code,
                ["level"] = Word(problem),
                ["message"] = new JsonObject { ["text"] = Said(problem) },
                ["locations"] = new JsonArray(new JsonObject
                {
                    ["physicalLocation"] = new JsonObject
                    {
                        ["artifactLocation"] = new JsonObject { ["uri"] = problem.File.Replace('\\', '/') },
                        ["region"] = new JsonObject { ["startLine"] = problem.Line, ["startColumn"] = problem.Column },
                    },
                }),
            })]),
        }),
    };
}
