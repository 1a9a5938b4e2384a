using LifecycleManager.Decisions.CSharp.Running;
using LifecycleManager.Decisions.CSharp.Sources;
using LifecycleManager.Runtime;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Decisions.CSharp;

/// <summary>
/// The rules in C# below a directory (<c>*.cs</c>, <c>*.dll</c>), kept up to date: a watcher tells of changes at once, a poll
/// finds those that it misses. All files are in force together; while one is refused the last good version of all stays in
/// force. A directory that is gone, or without any file at all, ends nothing.
/// </summary>
public sealed class CSharpRules : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly ILogger<CSharpRules> _logger;
    private readonly WatchedDirectory _directory;
    private readonly RuleFileReader _reader;
    private readonly RuleBuilder _builder;
    private RuleFiles _seen = new([], [], IsBare: true);
    private long? _missedSince;
    private volatile State _state;

    /// <summary>Loads the directory and watches it.</summary>
    /// <param name="path">The directory; it may appear later.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told of every change and every problem, once.</param>
    /// <param name="pollInterval">How often to look for changes that the watcher missed; 5 s unless told otherwise.</param>
    /// <param name="report">Where each look is told, so that a file system that hangs shows; null for nowhere.</param>
    public CSharpRules(
        string path, TimeProvider time, ILogger<CSharpRules> logger, TimeSpan? pollInterval = null, LoopReport? report = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(time);
        (_path, _time, _logger) = (path, time, logger);
        (_reader, _builder) = (new RuleFileReader(path), new RuleBuilder(time));
        _state = new State(_builder.Empty, []);
        _directory = new WatchedDirectory(path, () => Scan(explicitly: false), time, logger, report)
        {
            Concerns = RuleFile.IsRuleFile,
        };
        Reload();
        _directory.Begin(pollInterval ?? TimeSpan.FromSeconds(5));
    }

    /// <summary>Raised after a property changed, on the thread that found the change, never for two reloads at once.</summary>
    public event Action? Changed;

    /// <summary>The rules in force.</summary>
    public CSharpRuleSet Current => _state.Rules;

    /// <summary>What is wrong with the files as they are now.</summary>
    public IReadOnlyList<RuleProblem> Problems => _state.Problems;

    /// <summary>The rules that failed when they were run last.</summary>
    public IReadOnlyList<RuleFailure> Failures => _state.Rules.Failures;

    /// <summary>For the manager's health: which rules failed; null where none did. It is quick.</summary>
    public string? Problem => Failures is [var first, ..] failures
        ? $"{first}{(failures.Count > 1 ? $", and {failures.Count - 1} more" : "")}: what it concerns is held" : null;

    /// <summary>Reads everything anew, now.</summary>
    public void Reload() => _directory.Run(() => Scan(explicitly: true));

    /// <inheritdoc />
    public void Dispose()
    {
        _directory.Dispose();
        _builder.Dispose();
    }

    private void Scan(bool explicitly)
    {
        try
        {
            var files = _reader.Read();
            if (files.IsBare && _seen.Files.Count > 0)
                Trouble("it has no file at all; delete the rule files alone to end their rules");
            else if (explicitly || IsAnother(files)) Publish(files);
        }
        catch (Exception e)
        {
            Trouble(e.Message);
        }
    }

    /// <summary>
    /// Whether the files are others than they were. A file that is gone may be back in a moment: some editors write by
    /// renaming.
    /// </summary>
    private bool IsAnother(RuleFiles files)
    {
        if (_seen.Files.SequenceEqual(files.Files, SameFile.Instance) && _seen.Problems.SequenceEqual(files.Problems))
        {
            _missedSince = null;
            // Trouble with the whole directory is over.
            return !_state.Problems.SequenceEqual(_state.OfFiles);
        }

        var present = files.Files.Select(file => file.Path).Concat(files.Problems.Select(problem => problem.Place.File))
            .ToHashSet();
        if (_seen.Files.All(file => present.Contains(file.Path))) return true;
        _missedSince ??= _time.GetTimestamp();
        if (_time.GetElapsedTime(_missedSince.Value) >= Grace) return true;
        _directory.LookIn(Grace);
        return false;
    }

    private void Publish(RuleFiles files)
    {
        (_seen, _missedSince) = (files, null);
        var old = _state.Rules;
        var (rules, problems) = files.Problems.Count > 0 ? (null, files.Problems) : _builder.Build(files.Files);
        foreach (var problem in problems.Take(5)) _logger.LogWarning("{Problem}", problem);
        if (rules is null)
        {
            _logger.LogWarning("The C# rules in {Path} are refused; {Count} of the last good version stay in force", _path,
                old.Rules.Count);
        }
        else if (rules.Rules.Count > 0 || old.Rules.Count > 0)
        {
            _logger.LogInformation("{Path}: {Count} C# rules in force", _path, rules.Rules.Count);
        }

        _state = new State(rules ?? old, problems);
        TellOfChange();
        if (rules is not null) old.Unload();
    }

    private void Trouble(string cause)
    {
        var problem = new RuleProblem(
            RulePlace.Of(_path), $"the directory cannot be used, and what was read stays in force: {cause}", "unreadable");
        if (_state.Problems.Contains(problem)) return;
        _logger.LogWarning("{Problem}", problem);
        _state = _state with { Problems = [problem, .. _state.OfFiles] };
        TellOfChange();
    }

    private void TellOfChange()
    {
        try
        {
            Changed?.Invoke();
        }
        catch (Exception e)
        {
            // A follower's fault is not the directory's.
            _logger.LogError(e, "A follower of the C# rules has failed: {Reason}", e.Message);
        }
    }

    /// <param name="Rules">In force.</param>
    /// <param name="OfFiles">What is wrong with the files.</param>
    private sealed record State(CSharpRuleSet Rules, IReadOnlyList<RuleProblem> OfFiles)
    {
        /// <summary>The same, with what is wrong with the directory.</summary>
        public IReadOnlyList<RuleProblem> Problems { get; init; } = OfFiles;
    }

    private sealed class SameFile : IEqualityComparer<RuleFile>
    {
        public static readonly SameFile Instance = new();

        public bool Equals(RuleFile? one, RuleFile? other) => ReferenceEquals(one, other) || (one is not null
            && other is not null && one.Path == other.Path && one.Content.AsSpan().SequenceEqual(other.Content));

        public int GetHashCode(RuleFile file) => file.Path.GetHashCode(StringComparison.Ordinal);
    }
}
