using System.Net;
using System.Text.Json;
using LifecycleManager.Clients;
using LifecycleManager.Clients.Agents;
using LifecycleManager.Console.Clients;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Security;

namespace LifecycleManager.Console.Logs;

/// <summary>
/// Reads the logs of some tasks into one buffer, and goes on with what they write until it is disposed of. One that cannot be
/// read is told there, and tried again.
/// </summary>
/// <param name="sandboxes">Finds them, as whoever looks at the page.</param>
/// <param name="time">The clock.</param>
/// <param name="changed">Called from whatever thread when there is something new; must return at once.</param>
internal sealed class LogFollower(SandboxClient sandboxes, TimeProvider time, Action changed) : IDisposable
{
    /// <summary>Logs that are read at once.</summary>
    public const int Most = 40;

    private const int Block = 16 * 1024;
    private const int Alone = 256 * 1024;
    private const int Together = 32 * 1024;
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    // What an instance wrote last was sent within this time after it has ended.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    private readonly Dictionary<(string Task, string File), Reader> _readers = [];

    /// <summary>The lines.</summary>
    public LogBuffer Lines { get; } = new();

    /// <summary>Of how many tasks nothing is read, since there are too many.</summary>
    public int LeftOut { get; private set; }

    /// <summary>Says what is read from now on: what is read already goes on, and what is no longer wanted ends.</summary>
    /// <param name="sources">The tasks.</param>
    /// <param name="files">The names of their logs: <c>stdout</c>, <c>stderr</c>.</param>
    public void Show(IReadOnlyList<LogSource> sources, IReadOnlyList<string> files)
    {
        var most = Math.Max(1, Most / Math.Max(1, files.Count));
        LeftOut = Math.Max(0, sources.Count - most);
        List<LogSource> shown = [.. sources.Take(most)];
        var wanted = shown.SelectMany(source => files.Select(file => (source.TaskId, file))).ToHashSet();
        foreach (var (key, reader) in _readers.Where(reader => !wanted.Contains(reader.Key)).ToList())
        {
            reader.Stop.Cancel();
            _readers.Remove(key);
        }

        foreach (var source in shown)
        {
            foreach (var file in files)
            {
                if (!_readers.TryGetValue((source.TaskId, file), out var reader))
                {
                    reader = new Reader(source, file, shown.Count > 1 ? Together : Alone);
                    _readers[(source.TaskId, file)] = reader;
                    _ = FollowAsync(reader);
                }
                else if (source.IsEnded && !reader.Source.IsEnded)
                {
                    reader.Source = source;
                    reader.Stop.CancelAfter(Grace);
                    if (file == files[0]) Tell(source, "has ended");
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var reader in _readers.Values) reader.Stop.Cancel();
        _readers.Clear();
    }

    private async Task FollowAsync(Reader reader)
    {
        var stop = reader.Stop.Token;
        var pause = FirstPause;
        try
        {
            for (var tries = 0; ; tries++)
            {
                var trouble = await ReadAsync(reader, stop);
                if (reader.Source.IsEnded)
                {
                    if (trouble is not null) Tell(reader.Source, $"{reader.File} cannot be read: {trouble}");
                    return;
                }

                if (trouble is not null && trouble != reader.Told)
                    Tell(reader.Source, $"{reader.File} cannot be read: {trouble}");
                reader.Told = trouble;
                await time.DelayAsync(pause, stop);
                pause = trouble is null ? FirstPause : pause * 2 > LongestPause ? LongestPause : pause * 2;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Nobody looks any more.
        }
    }

    /// <summary>Reads until the log ends or breaks off: why it does; null where there is none or it has ended.</summary>
    private async Task<string?> ReadAsync(Reader reader, CancellationToken stop)
    {
        try
        {
            var source = reader.Source;
            var sandbox = await sandboxes.FindAsync(GroupPermission.Logs, source.AgentId, source.TaskId, stop);
            using var answer = await sandbox.TailAsync(reader.File, reader.Bytes, !source.IsEnded, stop);
            await using var body = await answer.Content.ReadAsStreamAsync(stop);
            if (reader.HasBegun) Tell(source, $"{reader.File} is read anew: lines from here on may have been shown before");
            reader.HasBegun = true;
            reader.Told = null;
            var lines = new LineSplitter(line => Lines.Add(source.Name, reader.Kind, LogLine.Shown(line)));
            var block = new byte[Block];
            try
            {
                int read;
                while ((read = await body.ReadAsync(block, stop)) > 0)
                {
                    lines.Add(block.AsSpan(0, read));
                    changed();
                }
            }
            finally
            {
                lines.End();
                changed();
            }

            return source.IsEnded ? null : "the agent has ended the stream";
        }
        catch (AgentRefusalException e)
        {
            // Of a task that writes nothing to it there may be no such file.
            return e.Status == HttpStatusCode.NotFound && e.Message.Contains("there is no file", StringComparison.Ordinal)
                ? null : e.Message;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException
            || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return Failures.Describe(e);
        }
    }

    private void Tell(LogSource source, string text)
    {
        Lines.Add(source.Name, LogKind.Note, text);
        changed();
    }

    private sealed class Reader(LogSource source, string file, int bytes)
    {
        public LogSource Source { get; set; } = source;

        public string File { get; } = file;

        public int Bytes { get; } = bytes;

        public LogKind Kind { get; } = file == "stderr" ? LogKind.Error : LogKind.Out;

        public CancellationTokenSource Stop { get; } = new();

        public bool HasBegun { get; set; }

        public string? Told { get; set; }
    }
}
