using System.Collections.Immutable;
using System.Globalization;
using LifecycleManager.Runtime;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Decisions.Policies;

/// <summary>
/// The policy files (<c>*.yml</c>, <c>*.yaml</c>, but not <c>*.test.yml</c> nor what starts with a dot) below a directory, kept
/// up to date: a watcher tells of changes at once, a poll finds those that it misses (network shares, swapped links).
/// A file that is refused, unreadable, blank or no regular file keeps its last good version.
/// <para>A file that is gone loses its policies where other policy files are there, after a moment's grace for editors that write
/// by renaming. A directory that is empty, not mounted or unreadable ends nothing, and when it comes back, its files have half a
/// minute to come back with it; <see cref="End"/> ends a policy whose file is gone for good.</para>
/// </summary>
public sealed class PolicyDirectory : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RefillGrace = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(5);

    private readonly string _path;
    private readonly bool _dryRun;
    private readonly TimeProvider _time;
    private readonly ILogger<PolicyDirectory> _logger;
    private readonly WatchedDirectory _directory;
    private readonly SortedDictionary<string, PolicyFileEntry> _files = new(StringComparer.Ordinal);
    private volatile Snapshot _snapshot = new(PolicySet.Empty, [], [], null);
    private long? _filled;
    private string? _trouble;

    /// <summary>The most policy files of a directory: 2,000. Where there are more, what was read before stays in force.</summary>
    public const int MaxFiles = 2000;

    /// <summary>Loads the directory and watches it.</summary>
    /// <param name="path">The directory; it may appear later.</param>
    /// <param name="time">The clock of the poll and of the waits.</param>
    /// <param name="logger">Told of every change and every problem, once.</param>
    /// <param name="pollInterval">How often to look for changes that the watcher missed; 5 s unless told otherwise.</param>
    /// <param name="report">Where each look is told, so that a file system that hangs shows; null for nowhere.</param>
    /// <param name="dryRun">Whether all of them are dry runs, whatever the files say.</param>
    public PolicyDirectory(
        string path, TimeProvider time, ILogger<PolicyDirectory> logger, TimeSpan? pollInterval = null, LoopReport? report = null,
        bool dryRun = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(time);
        (_path, _time, _logger, _dryRun) = (path, time, logger, dryRun);
        _directory = new WatchedDirectory(path, () => Scan(explicitly: false), time, logger, report)
        {
            // Policy files, calendars, and directories by what they are usually named: not whatever else is written there all the
            // time.
            Concerns = changed => IsPolicyFile(changed) || !Path.HasExtension(changed)
                || changed.EndsWith(".ics", StringComparison.OrdinalIgnoreCase),
        };
        Reload();
        _directory.Begin(pollInterval ?? TimeSpan.FromSeconds(5));
    }

    /// <summary>Raised after a property changed, on the thread that found the change, never for two reloads at once.</summary>
    public event Action? Changed;

    /// <summary>The policies in force.</summary>
    public PolicySet Current => _snapshot.Policies;

    /// <summary>What is wrong with the files as they are now.</summary>
    public IReadOnlyList<PolicyProblem> Problems => _snapshot.Problems;

    /// <summary>The files, in the order of their names.</summary>
    public IReadOnlyList<PolicyFileStatus> Files => _snapshot.Files;

    /// <summary>All three as of one instant: taken one by one, they may be of two.</summary>
    public (PolicySet Current, IReadOnlyList<PolicyProblem> Problems, IReadOnlyList<PolicyFileStatus> Files) Seen
    {
        get
        {
            var seen = _snapshot;
            return (seen.Policies, seen.Problems, seen.Files);
        }
    }

    /// <summary>
    /// Whether a policy that is not in force has ended: the directory has been there for half a minute, is not empty, and every
    /// file of it has a version in force. Else it may be in what cannot be seen.
    /// </summary>
    public bool IsComplete => _snapshot.CompleteSince is { } since && _time.GetElapsedTime(since) >= RefillGrace;

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
    /// <exception cref="IOException">It cannot be read, or has more than <see cref="MaxFiles"/>.</exception>
    public static IReadOnlyList<string> Find(string directory)
    {
        var found = new List<string>();
        var pending = new Stack<string>([directory]);
        while (pending.TryPop(out var next))
        {
            found.AddRange(Directory.EnumerateFiles(next).Where(IsPolicyFile));
            // None is left out: a policy that is not seen would count as deleted.
            if (found.Count > MaxFiles) throw new IOException(TooMany);
            foreach (var child in Directory.EnumerateDirectories(next))
            {
                // Links to directories are not followed: they may lead round in a circle.
                if (!Path.GetFileName(child).StartsWith('.') && new DirectoryInfo(child).LinkTarget is null) pending.Push(child);
            }
        }

        found.Sort(StringComparer.Ordinal);
        return found;
    }

    /// <summary>Why a directory with too many files is refused.</summary>
    internal static string TooMany => string.Create(
        CultureInfo.InvariantCulture, $"it has more than {MaxFiles:#,0} policy files; put several policies into one file");

    /// <summary>Reads everything anew, now.</summary>
    public void Reload() => _directory.Run(() => Scan(explicitly: true));

    /// <summary>Ends a policy that is in force though its file is gone; the same file puts it in force again.</summary>
    /// <returns>Why it is not ended; null where it is.</returns>
    /// <exception cref="TimeoutException">The file system hangs.</exception>
    public string? End(string policy) => _directory.Between(EndPatience, () =>
    {
        var (file, entry) = _files.FirstOrDefault(pair => pair.Value.Good?.Names.Contains(policy) == true);
        if (entry is null) return $"no policy '{policy}' is in force";
        if (entry.GoneSince is null)
            return $"{file} is there, and the policy '{policy}' with it: delete the file, or what it says of the policy";
        entry.Good = entry.Good!.Without(policy);
        if (!entry.Good.Names.Any()) _files.Remove(file);
        _logger.LogInformation("The policy {Policy} is ended by hand; its file {File} is gone", policy, file);
        Publish();
        return null;
    });

    /// <inheritdoc />
    public void Dispose() => _directory.Dispose();

    private void Scan(bool explicitly)
    {
        try
        {
            if (Gather(explicitly)) Publish();
        }
        catch (Exception e)
        {
            Trouble(e);
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
        _filled = null;
        foreach (var entry in _files.Values) entry.Miss(_time);
        _snapshot = new Snapshot(
            _snapshot.Policies, [.. _snapshot.Problems.Where(other => other.File != _path), problem],
            [.. _snapshot.Files.Select(file => file with { GoneSince = _files.GetValueOrDefault(file.File)?.GoneSince })], null);
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
        var found = Find(_path);
        var all = explicitly || _trouble is not null;
        _trouble = null;
        var changed = all;
        var (now, clock) = (_time.GetUtcNow(), _time.GetTimestamp());
        if (found.Count == 0) _filled = null;
        else _filled ??= clock;
        foreach (var file in found)
        {
            if (!_files.TryGetValue(file, out var entry)) _files.Add(file, entry = new PolicyFileEntry());
            changed |= entry.GoneSince is not null;
            entry.GoneSince = null;
            changed |= entry.Refresh(file, now, all);
        }

        return EndGone(found, explicitly, clock) || changed;
    }

    /// <summary>Ends the files that are gone, where others are there; whether anything changed.</summary>
    private bool EndGone(IReadOnlyList<string> found, bool explicitly, long clock)
    {
        var changed = false;
        var present = found.ToHashSet(StringComparer.Ordinal);
        foreach (var (file, entry) in _files.Where(pair => !present.Contains(pair.Key)).ToList())
        {
            changed |= entry.Miss(_time) && found.Count == 0;

            if (_filled is not { } filled) continue;
            var left = filled > entry.GoneClock ? RefillGrace - _time.GetElapsedTime(filled, clock)
                : explicitly ? TimeSpan.Zero : Grace - _time.GetElapsedTime(entry.GoneClock, clock);
            if (left > TimeSpan.Zero)
            {
                _directory.LookIn(Grace);
                continue;
            }

            _files.Remove(file);
            changed = true;
        }

        if (changed && found.Count == 0)
        {
            _logger.LogWarning("{Path} has no policy files any more; the policies in force stay until they are ended", _path);
        }

        return changed;
    }

    /// <summary>Puts in force of each file the version that can be.</summary>
    private void Publish()
    {
        var problems = ImmutableArray.CreateBuilder<PolicyProblem>();
        var statuses = ImmutableArray.CreateBuilder<PolicyFileStatus>();
        var inForce = new FilesInForce();
        foreach (var (file, entry) in _files)
        {
            var (names, own, good) = inForce.Add(file, entry);
            problems.AddRange(own);
            statuses.Add(new PolicyFileStatus(file, names, entry.GoodAt, !good, own) { GoneSince = entry.GoneSince });
            Tell(file, entry, own, names.Count, good);
        }

        var complete = _filled is not null && _files.Values.All(entry => entry.Good is not null);
        var policies = _dryRun ? inForce.ToSet().AsDryRun() : inForce.ToSet();
        _snapshot = new Snapshot(policies, problems.ToImmutable(), statuses.ToImmutable(), complete ? _filled : null);
        TellOfChange();
    }

    private void Tell(string file, PolicyFileEntry entry, List<PolicyProblem> problems, int inForce, bool good)
    {
        var told = string.Join('\n', problems) + inForce;
        if (entry.Told == told) return;
        entry.Told = told;
        foreach (var problem in problems.Take(5)) _logger.LogWarning("{Problem}", problem);
        if (good) _logger.LogInformation("{File}: {Count} policies in force", file, inForce);
        else _logger.LogWarning("{File} is refused; {Count} policies of its last good version stay in force", file, inForce);
    }

    private sealed record Snapshot(PolicySet Policies, ImmutableArray<PolicyProblem> Problems,
        ImmutableArray<PolicyFileStatus> Files, long? CompleteSince);
}
