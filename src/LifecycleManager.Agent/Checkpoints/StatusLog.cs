using System.Text.Json;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime;

namespace LifecycleManager.Agent.Checkpoints;

/// <summary>
/// A task's status updates: kept on the disk until they are acknowledged, in order, one under way at a time. Each line of the
/// file is an update or an acknowledgement; a half last line is what a crash left of a write that nobody was told of. A
/// damaged line is passed over: the others are true without it.
/// </summary>
internal sealed class StatusLog : IDisposable
{
    /// <summary>From here on, news of a running task's health replace older news that nobody has been told.</summary>
    public const int MaxRunningUpdates = 32;

    private readonly Lock _gate = new();
    private readonly LinkedList<TaskStatusInfo> _pending = new();
    private readonly TaskCompletionSource _terminalAcknowledged = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string? _path;
    private FileStream? _file;
    private TaskStatusInfo? _latest;

    /// <summary>Opens the log and reads what is there.</summary>
    /// <param name="path">Its file; null for updates that need not survive the agent.</param>
    public StatusLog(string? path)
    {
        _path = path;
        if (path is not null) Recover(path);
    }

    /// <summary>Begins a task's log, durably, unless there is one.</summary>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    public static void Begin(string path, string containerId)
    {
        if (File.Exists(path)) return;
        using var log = new StatusLog(path);
        log.Write(new UpdateLine(ContainerId: containerId));
    }

    /// <summary>Whether something of it was lost: whoever goes by it may be wrong on what has happened since.</summary>
    public bool Damaged { get; private set; }

    /// <summary>The newest status; null before the first.</summary>
    public TaskStatusInfo? Latest => Volatile.Read(ref _latest);

    /// <summary>The oldest update that is not acknowledged.</summary>
    public TaskStatusInfo? Head
    {
        get
        {
            lock (_gate) return _pending.First?.Value;
        }
    }

    /// <summary>How many are not acknowledged.</summary>
    public int Pending
    {
        get
        {
            lock (_gate) return _pending.Count;
        }
    }

    /// <summary>Completes when the terminal update is acknowledged.</summary>
    public Task TerminalAcknowledged => _terminalAcknowledged.Task;

    /// <summary>Raised when there is a new <see cref="Head"/>.</summary>
    public event Action? NewHead;

    /// <summary>Adds an update; it is durable when this returns.</summary>
    /// <exception cref="IOException">The disk is full or fails: the update is kept in memory all the same, and sent, and is
    /// lost only if the agent dies too.</exception>
    public void Append(TaskStatusInfo status)
    {
        if (status.Uuid is not { Length: 16 }) throw new ArgumentException("an update needs a uuid of 16 bytes", nameof(status));
        bool first;
        lock (_gate)
        {
            if (_latest?.State.IsTerminal() == true) throw new InvalidOperationException("the task has already ended");
            if (_pending.Count >= MaxRunningUpdates && status.State == TaskState.Running
                && _pending.Last!.Value.State == TaskState.Running)
                _pending.RemoveLast();
            first = _pending.Count == 0;
            _pending.AddLast(status);
            Volatile.Write(ref _latest, status);
            try
            {
                Write(new UpdateLine(Update: status));
            }
            finally
            {
                if (first) NewHead?.Invoke();
            }
        }
    }

    /// <summary>Takes the oldest update away.</summary>
    /// <returns>False when the acknowledgement is for another than the oldest: a repetition, or a mistake.</returns>
    public bool Acknowledge(byte[] uuid)
    {
        lock (_gate)
        {
            if (_pending.First is not { } head || !head.Value.Uuid.AsSpan().SequenceEqual(uuid)) return false;
            try
            {
                Write(new UpdateLine(Acknowledged: uuid));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // On a full disk the update is sent again after a crash, which at-least-once allows.
            }

            _pending.RemoveFirst();
            if (head.Value.State.IsTerminal()) _terminalAcknowledged.TrySetResult();
            else if (_pending.Count > 0) NewHead?.Invoke();
            return true;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _file?.Dispose();
            _file = null;
        }
    }

    private void Write(UpdateLine line)
    {
        if (_path is null) return;
        if (_file is null)
        {
            var file = new FileStream(_path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.Read,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                BufferSize = 0,
            });
            if (!file.CanSeek)
            {
                file.Dispose();
                throw new IOException($"{_path} is not a regular file");
            }

            file.Seek(0, SeekOrigin.End);
            _file = file;
            DurableFile.SyncDirectory(Path.GetDirectoryName(_path)!);
        }

        var start = _file.Position;
        try
        {
            var json = JsonSerializer.SerializeToUtf8Bytes(line, CheckpointJson.Default.UpdateLine);
            byte[] bytes = [.. Checksum.Seal(json), (byte)'\n'];
            _file.Write(bytes);
            _file.Flush(flushToDisk: true);
        }
        catch (IOException)
        {
            // No half line may stay before the next one.
            _file.SetLength(start);
            _file.Seek(start, SeekOrigin.Begin);
            throw;
        }
    }

    private void Recover(string path)
    {
        var bytes = Read(path);
        var whole = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        var rest = bytes.AsSpan(0, whole);
        Damaged = rest.IsEmpty || whole != bytes.Length;
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOf((byte)'\n');
            var line = DurableFile.Parse(rest[..end], CheckpointJson.Default.UpdateLine);
            rest = rest[(end + 1)..];
            if (line is null) Damaged = true;
            if (line?.Update is { Uuid: not null } update)
            {
                _pending.AddLast(update);
                _latest = update;
            }

            if (line?.Acknowledged is not { } uuid || !_pending.Any(IsOf)) continue;
            // An update that was replaced before it was sent is passed over.
            while (!IsOf(_pending.First!.Value)) _pending.RemoveFirst();
            if (_pending.First!.Value.State.IsTerminal()) _terminalAcknowledged.TrySetResult();
            _pending.RemoveFirst();

            bool IsOf(TaskStatusInfo pending) => pending.Uuid.AsSpan().SequenceEqual(uuid);
        }

        if (whole == bytes.Length) return;
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write);
            file.SetLength(whole);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Its half last line is damaged, and passed over the next time.
        }
    }

    private static byte[] Read(string path)
    {
        try
        {
            return RegularFile.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
