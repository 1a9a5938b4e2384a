using System.Collections.Immutable;
using LifecycleManager.Runtime;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Decisions.Policies;

/// <summary>One file of a <see cref="PolicyDirectory"/>.</summary>
/// <param name="File">The path.</param>
/// <param name="Policies">The names of its policies in force.</param>
/// <param name="LoadedAt">When the version in force was read; null where there never was a good one.</param>
/// <param name="Refused">Whether the file as it is now is refused, and an older version (if any) is in force.</param>
/// <param name="Problems">What is wrong with the file as it is now, warnings included.</param>
public sealed record PolicyFileStatus(
    string File, IReadOnlyList<string> Policies, DateTimeOffset? LoadedAt, bool Refused, IReadOnlyList<PolicyProblem> Problems);

/// <summary>
/// The policy files (<c>*.yml</c>, <c>*.yaml</c>, but not <c>*.test.yml</c> nor what starts with a dot) below a directory, kept
/// up to date: a watcher tells of changes at once, a poll finds those that it misses (network shares, swapped links).
/// A file that is refused, unreadable, blank or no regular file keeps its last good version; a file that is gone loses its
/// policies, after a moment's grace for editors that write by renaming.
/// </summary>
public sealed class PolicyDirectory : IDisposable
{
    private static readonly TimeSpan Debounce = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);
    private const int MaxFiles = 2000;

    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly ILogger<PolicyDirectory> _logger;
    private readonly LoopReport? _report;
    private readonly Lock _lock = new();
    private readonly ITimer _poll;
    private readonly ITimer _soon;
    private readonly SortedDictionary<string, Entry> _files = new(StringComparer.Ordinal);
    private FileSystemWatcher? _watcher;
    private volatile Snapshot _snapshot = new(PolicySet.Empty, [], []);
    private string? _trouble;
    private volatile bool _disposed;

    /// <summary>Loads the directory and watches it.</summary>
    /// <param name="path">The directory; it may appear later.</param>
    /// <param name="time">The clock of the poll and of the waits.</param>
    /// <param name="logger">Told of every change and every problem, once.</param>
    /// <param name="pollInterval">How often to look for changes that the watcher missed; 5 s unless told otherwise.</param>
    /// <param name="report">Where each look is told, so that a file system that hangs shows; null for nowhere.</param>
    public PolicyDirectory(
        string path, TimeProvider time, ILogger<PolicyDirectory> logger, TimeSpan? pollInterval = null, LoopReport? report = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(time);
        (_path, _time, _logger, _report) = (path, time, logger, report);
        var interval = pollInterval ?? TimeSpan.FromSeconds(5);
        _soon = time.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Reload();
        Watch();
        _poll = time.CreateTimer(_ => Look(), null, interval, interval);
    }

    /// <summary>Raised after a property changed, on the thread that found the change, never for two reloads at once.</summary>
    public event Action? Changed;

    /// <summary>The policies in force.</summary>
    public PolicySet Current => _snapshot.Policies;

    /// <summary>What is wrong with the files as they are now.</summary>
    public IReadOnlyList<PolicyProblem> Problems => _snapshot.Problems;

    /// <summary>The files, in the order of their names.</summary>
    public IReadOnlyList<PolicyFileStatus> Files => _snapshot.Files;

    /// <summary>Whether a path is a policy file by its name.</summary>
    public static bool IsPolicyFile(string path)
    {
        var name = Path.GetFileName(path);
        return !name.StartsWith('.')
            && (name.EndsWith(".yml", StringComparison.OrdinalIgnoreCase)
                || name.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase))
            && !name.EndsWith(".test.yml", StringComparison.OrdinalIgnoreCase)
            && !name.EndsWith(".test.yaml", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The policy files below a directory, ordered by name; folders that start with a dot are not entered.</summary>
    public static IReadOnlyList<string> Find(string directory)
    {
        var found = new List<string>();
        var pending = new Stack<string>([directory]);
        while (pending.TryPop(out var next) && found.Count < MaxFiles)
        {
            found.AddRange(Directory.EnumerateFiles(next).Where(IsPolicyFile));
            foreach (var child in Directory.EnumerateDirectories(next))
            {
                // Links to directories are not followed: they may lead round in a circle.
                if (!Path.GetFileName(child).StartsWith('.') && new DirectoryInfo(child).LinkTarget is null) pending.Push(child);
            }
        }

        found.Sort(StringComparer.Ordinal);
        return found;
    }

    /// <summary>Reads everything anew, now.</summary>
    public void Reload()
    {
        lock (_lock) Scan(explicitly: true);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _disposed = true;
        _watcher?.Dispose();
        _poll.Dispose();
        _soon.Dispose();
        _report?.Dispose();
    }

    /// <summary>Looks for changes; later, where a look is under way: on a file system that hangs one thread waits.</summary>
    private void Look()
    {
        if (!_lock.TryEnter())
        {
            Soon();
            return;
        }

        try
        {
            Scan(explicitly: false);
        }
        finally
        {
            _lock.Exit();
        }
    }

    /// <summary>Each change puts the look off a little, so that a burst of writes is read once.</summary>
    private void Soon()
    {
        if (!_disposed) _soon.Change(Debounce, Timeout.InfiniteTimeSpan);
    }

    private void Watch()
    {
        try
        {
            if (_watcher is not null || !Directory.Exists(_path)) return;
            _watcher = new FileSystemWatcher(_path) { IncludeSubdirectories = true };
            _watcher.Changed += (_, _) => Soon();
            _watcher.Created += (_, _) => Soon();
            _watcher.Deleted += (_, _) => Soon();
            _watcher.Renamed += (_, _) => Soon();
            _watcher.Error += (_, _) => Soon();
            _watcher.EnableRaisingEvents = true;
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            // Out of inotify watches, for one. The poll does the work, a little later.
            _logger.LogInformation("watching {Path} is not possible ({Reason}); it is polled", _path, e.Message);
            _watcher?.Dispose();
            _watcher = null;
        }
    }

    // What throws here would end the process, and with it every role in it.
    private void Scan(bool explicitly)
    {
        if (_disposed) return;
        _report?.BeginTurn();
        try
        {
            if (Gather(explicitly)) Publish();
        }
        catch (Exception e)
        {
            Trouble(e);
        }
        finally
        {
            _report?.EndTurn();
        }
    }

    private void Trouble(Exception cause)
    {
        if (_trouble == cause.Message) return;
        _trouble = cause.Message;
        _logger.LogWarning("The policies in {Path} cannot be read ({Reason}); what was read stays in force", _path,
            cause.Message);
        var problem = new PolicyProblem(_path, 1, 1, PolicySeverity.Error, $"the directory cannot be read: {cause.Message}", null,
            "unreadable");
        _snapshot = _snapshot with { Problems = [.. _snapshot.Problems.Where(other => other.File != _path), problem] };
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
            _logger.LogError(e, "A follower of the policies has failed: {Reason}", e.Message);
        }
    }

    /// <summary>Brings the entries up to date; whether anything changed.</summary>
    private bool Gather(bool explicitly)
    {
        if (_trouble is not null) explicitly = true;
        var found = Find(_path);
        _trouble = null;
        Watch();
        var changed = explicitly;
        var now = _time.GetUtcNow();
        foreach (var file in found)
        {
            if (!_files.TryGetValue(file, out var entry)) _files.Add(file, entry = new Entry());
            entry.GoneSince = null;
            changed |= Refresh(file, entry, now, explicitly);
        }

        var present = found.ToHashSet(StringComparer.Ordinal);
        foreach (var (file, entry) in _files.Where(pair => !present.Contains(pair.Key)).ToList())
        {
            entry.GoneSince ??= now;
            if (!explicitly && now - entry.GoneSince < Grace)
            {
                _soon.Change(Grace, Timeout.InfiniteTimeSpan);
                continue;
            }

            _files.Remove(file);
            changed = true;
        }

        return changed;
    }

    private static bool Refresh(string file, Entry entry, DateTimeOffset now, bool explicitly)
    {
        try
        {
            var info = new FileInfo(file);
            // A link may point elsewhere without any sign of its own; links are read each time.
            var stamp = info.LinkTarget is null ? (info.LastWriteTimeUtc, info.Length) : default;
            if (!explicitly && stamp != default && stamp == entry.Stamp) return false;
            var text = Read(file);
            entry.Stamp = stamp;
            if (entry.Text == text) return false;
            entry.Text = text;
            entry.Parsed = string.IsNullOrWhiteSpace(text)
                ? Bad(file, "the file is blank; to end its policies delete it", "blank")
                : PolicyParser.Parse(file, text);
        }
        catch (Exception e)
        {
            // Whatever is wrong with one file is that file's refusal.
            var bad = e is EmptyFileException
                ? Bad(file, "the file is empty, or no regular file; to end its policies delete it", "blank")
                : Bad(file, $"the file cannot be read: {e.Message}", "unreadable");
            if (entry.Text is null && entry.Parsed?.Problems is [var known] && known == bad.Problems[0]) return false;
            (entry.Text, entry.Stamp) = (null, default);
            entry.Parsed = bad;
        }

        entry.ReadAt = now;
        return true;
    }

    private static PolicyFile Bad(string file, string message, string code) =>
        new([], [new PolicyProblem(file, 1, 1, PolicySeverity.Error, message, null, code)]);

    private static string Read(string file)
    {
        using var stream = RegularFile.Open(file);
        using var reader = new StreamReader(stream);
        var buffer = new char[Math.Min(stream.Length, PolicyParser.MaxLength) + 1];
        return new string(buffer, 0, reader.ReadBlock(buffer));
    }

    /// <summary>Decides which version of each file is in force. A name belongs to the first file that uses it.</summary>
    private void Publish()
    {
        var policies = ImmutableArray.CreateBuilder<Policy>();
        var problems = ImmutableArray.CreateBuilder<PolicyProblem>();
        var statuses = ImmutableArray.CreateBuilder<PolicyFileStatus>();
        var names = new Dictionary<string, Policy>(StringComparer.Ordinal);
        foreach (var (file, entry) in _files)
        {
            var own = entry.Parsed!.Problems.ToList();
            var good = !entry.Parsed.Refused;
            foreach (var policy in entry.Parsed.Policies)
            {
                if (!names.TryGetValue(policy.Name, out var other)) continue;
                good = false;
                own.Add(new PolicyProblem(
                    file, policy.Place.Line, policy.Place.Column, PolicySeverity.Error,
                    $"a policy '{policy.Name}' is in force already", $"from {other.Place}", "duplicate-policy"));
            }

            if (good) (entry.Good, entry.GoodAt) = (entry.Parsed.Policies, entry.ReadAt);
            var inForce = (entry.Good ?? []).Where(policy => !names.ContainsKey(policy.Name)).ToList();
            foreach (var policy in inForce) names.Add(policy.Name, policy);
            policies.AddRange(inForce);
            problems.AddRange(own);
            statuses.Add(new PolicyFileStatus(file, [.. inForce.Select(policy => policy.Name)], entry.GoodAt, !good, own));
            Tell(file, entry, own, inForce.Count, good);
        }

        _snapshot = new Snapshot(new PolicySet(policies.ToImmutable()), problems.ToImmutable(), statuses.ToImmutable());
        TellOfChange();
    }

    private void Tell(string file, Entry entry, List<PolicyProblem> problems, int inForce, bool good)
    {
        var told = string.Join('\n', problems) + inForce;
        if (entry.Told == told) return;
        entry.Told = told;
        foreach (var problem in problems.Take(5)) _logger.LogWarning("{Problem}", problem);
        if (good) _logger.LogInformation("{File}: {Count} policies in force", file, inForce);
        else _logger.LogWarning("{File} is refused; {Count} policies of its last good version stay in force", file, inForce);
    }

    private sealed record Snapshot(PolicySet Policies, ImmutableArray<PolicyProblem> Problems,
        ImmutableArray<PolicyFileStatus> Files);

    private sealed class Entry
    {
        public (DateTime, long) Stamp { get; set; }

        public string? Text { get; set; }

        public PolicyFile? Parsed { get; set; }

        public DateTimeOffset ReadAt { get; set; }

        public IReadOnlyList<Policy>? Good { get; set; }

        public DateTimeOffset? GoodAt { get; set; }

        public DateTimeOffset? GoneSince { get; set; }

        public string? Told { get; set; }
    }
}
