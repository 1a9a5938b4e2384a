using LifecycleManager.Decisions.CSharp.Running;
using LifecycleManager.Decisions.CSharp.Sources;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.CSharp;

/// <summary>
/// Compiles rule files and runs the rules, for as long as it lasts: what a directory of rules in force and the policy tools
/// share.
/// </summary>
/// <param name="time">The clock.</param>
public sealed class RuleBuilder(TimeProvider time) : IDisposable
{
    /// <summary>How long compiling may take, with what the classes do to define their rules: a minute.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    // Not the thread on which rules run: decisions do not wait for what is compiled.
    private readonly RuleThread _compiling = new(time);
    private readonly RuleThread _running = new(time);

    /// <summary>No rule at all.</summary>
    public CSharpRuleSet Empty => CSharpRuleSet.Empty(new RuleRunner(time, _running));

    /// <summary>Compiles files: all are in force, or none.</summary>
    /// <param name="files">The files; sources are one assembly.</param>
    /// <returns>The rules; or null, and what is wrong, by place.</returns>
    public (CSharpRuleSet? Rules, IReadOnlyList<RuleProblem> Problems) Build(IReadOnlyList<RuleFile> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        var work = new Work();
        var end = _compiling.Run(token => work.Result = CSharpRuleSet.Build(files, new RuleRunner(time, _running), token), Limit);
        if (work.Result is { } result && end.State == RunState.Done) return result;
        var why = end switch
        {
            { Failure: OperationCanceledException } or { State: RunState.GivenUp } =>
                $"compiling and defining the rules took more than {DurationText.Format(Limit)}",
            { State: RunState.Refused } => $"{RuleThread.MaxLost} versions that have no end still run",
            _ => end.Failure?.GetBaseException().Message,
        };
        var place = RulePlace.Of(files is [var first, ..] ? first.Path : "");
        return (null, [new RuleProblem(place, $"the rules cannot be compiled: {why}", "compile")]);
    }

    /// <summary>Reads and compiles the files below a directory, once.</summary>
    /// <param name="directory">The directory.</param>
    /// <inheritdoc cref="Build" path="/returns" />
    /// <exception cref="IOException">The directory cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory may not be read.</exception>
    public (CSharpRuleSet? Rules, IReadOnlyList<RuleProblem> Problems) Load(string directory)
    {
        var files = new RuleFileReader(directory).Read();
        return files.Problems.Count > 0 ? (null, files.Problems) : Build(files.Files);
    }

    /// <summary>Reads and compiles files, once.</summary>
    /// <param name="paths">The files.</param>
    /// <inheritdoc cref="Build" path="/returns" />
    public (CSharpRuleSet? Rules, IReadOnlyList<RuleProblem> Problems) Load(IReadOnlyList<string> paths)
    {
        var files = RuleFileReader.ReadOnce(paths);
        return files.Problems.Count > 0 ? (null, files.Problems) : Build(files.Files);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _compiling.Dispose();
        _running.Dispose();
    }

    private sealed class Work
    {
        public (CSharpRuleSet? Rules, IReadOnlyList<RuleProblem> Problems)? Result { get; set; }
    }
}
