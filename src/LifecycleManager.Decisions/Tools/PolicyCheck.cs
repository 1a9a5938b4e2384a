using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Schedules;
using LifecycleManager.Decisions.Tools.Analysis;
using LifecycleManager.Metrics.Core.Queries;

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
/// rules that fight, bounds that cannot hold, names of a coordination that mean nothing.
/// </summary>
public static class PolicyCheck
{
    private const int MostFires = 20;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Checks files; directories stand for the policy files in them.</summary>
    /// <param name="paths">Files and directories.</param>
    /// <param name="format">How findings are written.</param>
    /// <param name="strict">Whether warnings fail the check too.</param>
    /// <param name="output">Gets the findings.</param>
    /// <param name="error">Gets what could not be read.</param>
    /// <param name="files">Where files are read; null for the disk.</param>
    /// <param name="rules">Compiles rules that are code; null where they are left alone.</param>
    /// <param name="servers">The servers that the operator has named; null where that is not known.</param>
    /// <param name="more">What is wrong with another file that was read for the check.</param>
    /// <param name="time">The clock, which schedules are looked at by; null for the machine's.</param>
    /// <returns>0 nothing wrong (but perhaps warnings); 1 errors, or warnings when strict; 2 a path could not be read.</returns>
    public static int Run(
        IEnumerable<string> paths, CheckFormat format, bool strict, TextWriter output, TextWriter error,
        IPolicyFiles? files = null, IRuleFiles? rules = null, IReadOnlyCollection<NamedSource>? servers = null,
        IReadOnlyList<PolicyProblem>? more = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        var whole = Check(paths, error, files ?? DiskFiles.Instance, rules, out var problems, out var set,
            out var count, servers, time);
        problems = [.. more ?? [], .. problems];
        Write(problems, count, set, format, output);
        if (format == CheckFormat.Text) WriteNextFires(set.Jobs, (time ?? TimeProvider.System).GetUtcNow(), output);
        if (!whole) return ExitCodes.Failed;
        return problems.Any(problem => strict || problem.Severity == PolicySeverity.Error) ? ExitCodes.Found : ExitCodes.Good;
    }

    /// <summary>The findings themselves.</summary>
    /// <param name="paths">Files and directories.</param>
    /// <param name="error">Gets what could not be read.</param>
    /// <param name="source">Where files are read.</param>
    /// <param name="rules">Compiles rules that are code; null where they are left alone.</param>
    /// <param name="problems">What was found.</param>
    /// <param name="set">What the files say.</param>
    /// <param name="fileCount">How many files were read.</param>
    /// <param name="servers">The servers that the operator has named; null where that is not known.</param>
    /// <param name="time">The clock, which schedules are looked at by; null for the machine's.</param>
    /// <returns>Whether every path could be read.</returns>
    public static bool Check(
        IEnumerable<string> paths, TextWriter error, IPolicyFiles source, IRuleFiles? rules,
        out IReadOnlyList<PolicyProblem> problems, out PolicySet set, out int fileCount,
        IReadOnlyCollection<NamedSource>? servers = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(error);
        ArgumentNullException.ThrowIfNull(source);
        var whole = source.TryExpand(paths, path => PolicyDirectory.IsPolicyFile(path)
            || (rules is not null && CodeFile.IsOne(path)), error, out var files);
        // They are read where a rule file names them.
        files.RemoveAll(path => path.EndsWith(".ics", StringComparison.OrdinalIgnoreCase));
        var code = files.Where(CodeFile.IsOne).ToList();
        if (rules is null && code.Count > 0)
        {
            error.WriteLine(PolicyFiles.NotAllowed(code[0]));
            whole = false;
        }

        var all = new CheckedFiles((time ?? TimeProvider.System).GetUtcNow(), servers);
        if (rules is not null && code.Count > 0) all.AddCode(code, rules);
        foreach (var path in files.Except(code))
        {
            if (source.TryRead(path, error) is not { } text)
            {
                whole = false;
                continue;
            }

            all.Add(path, text, source.Read);
        }

        (problems, set, fileCount) = (all.Problems(), all.Set, files.Count);
        if (files.Except(code).Skip(PolicyDirectory.MaxFiles).FirstOrDefault() is { } beyond)
        {
            problems = [.. problems, new PolicyProblem(beyond, 1, 1, PolicySeverity.Error,
                $"a manager refuses a directory with this one: {PolicyDirectory.TooMany}", null, "too-many-files")];
        }

        return whole;
    }

    /// <summary>The findings of one file's text, by itself.</summary>
    public static IReadOnlyList<PolicyProblem> Check(string path, string text)
    {
        var only = new CheckedFiles(TimeProvider.System.GetUtcNow());
        only.Add(path, text);
        return only.Problems();
    }

    private static void Write(IReadOnlyList<PolicyProblem> problems, int files, PolicySet set, CheckFormat format,
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
                var said = new List<string> { Count(set.Policies.Count, "policy", "policies") };
                if (set.Coordinations.Count > 0) said.Add(Count(set.Coordinations.Count, "coordination", "coordinations"));
                if (set.Budgets.Count > 0) said.Add(Count(set.Budgets.Count, "budget", "budgets"));
                if (set.Jobs.Count > 0) said.Add(Count(set.Jobs.Count, "schedule", "schedules"));
                output.WriteLine(
                    $"{string.Join(", ", said)} in {Count(files, "file", "files")}: "
                    + $"{Count(errors, "error", "errors")}, {Count(problems.Count - errors, "warning", "warnings")}");
                break;
        }
    }

    /// <summary>When each schedule fires next: what a recurrence means is seen by it.</summary>
    private static void WriteNextFires(IReadOnlyList<ScalingSchedule> jobs, DateTimeOffset now, TextWriter output)
    {
        foreach (var job in jobs.Take(MostFires))
        {
            if (job.NextFire(now) is not { } next) continue;
            var local = LocalTimes.Of(next, job.Zone).ToString("ddd yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
            output.WriteLine($"{job.Name}: {job.Count} of {job.App.Text} next at {local} ({job.Zone.Id})");
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
