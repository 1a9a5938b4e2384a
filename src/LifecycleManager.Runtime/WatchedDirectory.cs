using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Runtime;

/// <summary>
/// Has a directory looked at whenever it may have changed: <see cref="Quiet"/> after the last of a burst of writes, and
/// <see cref="Longest"/> after its first at the latest, since somebody may never cease to write there. A poll finds what no
/// watcher tells (network shares, swapped links, a directory that came later). Never two looks at once.
/// </summary>
public sealed class WatchedDirectory : IDisposable
{
    /// <summary>How long no more is written before a look: 100 ms.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(100);

    /// <summary>How long writes that do not cease can put a look off: 1 s.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly Action _look;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly LoopReport? _report;
    private readonly Lock _lock = new();
    private readonly Lock _waiting = new();
    private readonly ITimer _soon;
    private ITimer? _poll;
    private FileSystemWatcher? _watcher;
    private (string, DateTime)? _watched;
    private string? _trouble;
    private long? _changedSince;
    private volatile bool _disposed;

    /// <summary>Watches from the first look on, and looks by itself from <see cref="Begin"/> on.</summary>
    /// <param name="path">The directory, with all below it; it may appear later.</param>
    /// <param name="look">Looks at it; what it throws is a defect, and is logged.</param>
    /// <param name="time">The clock of the waits.</param>
    /// <param name="logger">Told once why the directory cannot be watched.</param>
    /// <param name="report">Where each look is told, so that a file system that hangs shows; null for nowhere.</param>
    public WatchedDirectory(string path, Action look, TimeProvider time, ILogger logger, LoopReport? report = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(look);
        ArgumentNullException.ThrowIfNull(time);
        (_path, _look, _time, _logger, _report) = (path, look, time, logger, report);
        _soon = time.CreateTimer(_ => TryLook(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The paths that matter; each does unless told otherwise.</summary>
    public Predicate<string> Concerns { get; init; } = _ => true;

    /// <summary>From now on looks whenever there may be something new.</summary>
    /// <param name="poll">How often to look for changes that the watcher missed.</param>
    public void Begin(TimeSpan poll) => _poll = _time.CreateTimer(_ => TryLook(), null, poll, poll);

    /// <summary>Does something as a look, once the look under way is done.</summary>
    public void Run(Action look)
    {
        ArgumentNullException.ThrowIfNull(look);
        lock (_lock) Look(look);
    }

    /// <summary>Does something while nobody looks.</summary>
    /// <exception cref="TimeoutException">The look under way is not done in that time: the file system hangs.</exception>
    public T Between<T>(TimeSpan patience, Func<T> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        if (!_lock.TryEnter(patience)) throw new TimeoutException($"the file system of {_path} does not answer");
        try
        {
            return action();
        }
        finally
        {
            _lock.Exit();
        }
    }

    /// <summary>Looks again after a while, whether or not anything changes; a change before looks sooner.</summary>
    public void LookIn(TimeSpan wait)
    {
        lock (_waiting)
        {
            if (_changedSince is null) Set(wait);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _disposed = true;
        _watcher?.Dispose();
        _poll?.Dispose();
        _soon.Dispose();
        _report?.Dispose();
    }

    private void Change(string path)
    {
        if (Concerns(path)) Change();
    }

    private void Change()
    {
        lock (_waiting)
        {
            _changedSince ??= _time.GetTimestamp();
            var left = Longest - _time.GetElapsedTime(_changedSince.Value);
            Set(left > Quiet ? Quiet : left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }
    }

    private void Set(TimeSpan wait)
    {
        if (!_disposed) _soon.Change(wait, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Looks; later, where a look is under way: on a file system that hangs one thread waits.</summary>
    private void TryLook()
    {
        if (!_lock.TryEnter())
        {
            LookIn(Longest);
            return;
        }

        try
        {
            Look(_look);
        }
        finally
        {
            _lock.Exit();
        }
    }

    // What throws here would end the process, and with it every role in it.
    private void Look(Action look)
    {
        if (_disposed) return;
        _report?.BeginTurn();
        try
        {
            // What changes from here on is news again.
            lock (_waiting) _changedSince = null;
            Watch();
            look();
        }
        catch (Exception e)
        {
            _logger.LogError(e, "The look at {Path} has failed: {Reason}", _path, e.Message);
        }
        finally
        {
            _report?.EndTurn();
        }
    }

    private void Watch()
    {
        try
        {
            // A directory that was put in the place of another is one that nobody watches yet.
            var directory = Identity();
            if (directory == _watched) return;
            _watched = null;
            _watcher?.Dispose();
            _watcher = null;
            if (directory is null) return;
            _watcher = new FileSystemWatcher(_path) { IncludeSubdirectories = true };
            _watcher.Changed += (_, e) => Change(e.FullPath);
            _watcher.Created += (_, e) => Change(e.FullPath);
            _watcher.Deleted += (_, e) => Change(e.FullPath);
            // Links of whole directories are turned by renaming.
            _watcher.Renamed += (_, _) => Change();
            _watcher.Error += (_, _) => Change();
            _watcher.EnableRaisingEvents = true;
            (_watched, _trouble) = (directory, null);
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            // Out of inotify watches, for one. The poll does the work, a little later.
            _watcher?.Dispose();
            _watcher = null;
            if (_trouble == e.Message) return;
            _trouble = e.Message;
            _logger.LogInformation("watching {Path} is not possible ({Reason}); it is polled", _path, e.Message);
        }
    }

    private (string, DateTime)? Identity()
    {
        var directory = new DirectoryInfo(_path);
        if (directory.LinkTarget is not null)
            directory = directory.ResolveLinkTarget(returnFinalTarget: true) as DirectoryInfo;
        return directory is { Exists: true } ? (directory.FullName, directory.CreationTimeUtc) : null;
    }
}
