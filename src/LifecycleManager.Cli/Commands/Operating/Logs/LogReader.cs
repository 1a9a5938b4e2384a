using System.Diagnostics;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Clients.Agents;

namespace LifecycleManager.Cli.Commands.Operating.Logs;

/// <summary>How much of a log is read.</summary>
/// <param name="Lines">The last lines; null for the whole.</param>
/// <param name="Follow">Whether what is added is read, too.</param>
/// <param name="Since">Lines from then on; null for all.</param>
/// <param name="Grep">Lines that match; null for all.</param>
internal sealed record LogQuery(int? Lines, bool Follow, DateTimeOffset? Since, Primitives.Text.LinearRegex? Grep);

/// <summary>Reads one log of an instance from its agent, with a block and a line of it in memory, and the last lines that are
/// asked for.</summary>
/// <param name="agent">The agent.</param>
/// <param name="directory">The sandbox.</param>
/// <param name="name">The file.</param>
/// <param name="prefix">Stands before each line.</param>
/// <param name="sink">Where the lines go.</param>
internal sealed class LogReader(Endpoint agent, string directory, string name, string prefix, LogSink sink)
{
    // The most that an agent gives of a file's end, and so the most that last lines are kept of.
    private const int MaxTail = 1024 * 1024;
    private const int LineLength = 512;
    private const int Block = 64 * 1024;

    // An agent sends what is there at once, and looks for more each 250 ms; a log that is written all the time is never quiet.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    /// <summary>Reads; false where there is no such file.</summary>
    public async Task<bool> ReadAsync(LogQuery query, CancellationToken stop)
    {
        var filter = new LogFilter(query.Since, query.Grep);
        Queue<byte[]>? last = query.Lines is null ? null : new();
        var lines = new LineSplitter(line =>
        {
            if (!filter.Lets(line)) return;
            if (last is null) sink.Write(prefix, line);
            else
            {
                last.Enqueue(line.ToArray());
                if (last.Count > query.Lines) last.Dequeue();
            }
        });
        try
        {
            using var answer = await agent.OpenAsync(Path(query), stop);
            await using var body = await answer.Content.ReadAsStreamAsync(stop);
            var block = new byte[Block];
            var begun = Stopwatch.StartNew();
            while (true)
            {
                var reading = body.ReadAsync(block, stop).AsTask();
                if (query.Follow && !reading.IsCompleted)
                {
                    // Once nothing comes at once, what was there is read: from now on each line is shown as it comes.
                    if (last is not null) await Task.WhenAny(reading, Task.Delay(Quiet, stop));
                    if (!reading.IsCompleted || begun.Elapsed > Longest) last = Show(last);
                    sink.Flush();
                }

                var read = await reading;
                if (read == 0) break;
                lines.Add(block.AsSpan(0, read));
            }
        }
        catch (CliException e) when (e.Code == ExitStatus.NotFound)
        {
            return false;
        }
        catch (Exception e) when (!stop.IsCancellationRequested && agent.Lost(e) is { } told)
        {
            Show(last);
            throw told;
        }

        lines.End();
        Show(last);
        if (query.Since is not null && !filter.HasTimes)
            sink.Tell($"no line of {name} of {prefix.Trim(' ', '[', ']')} says when it was written: --since shows none of it");
        return true;
    }

    private string Path(LogQuery query) => query.Lines is { } lines || query.Follow
        ? $"/files/tail{SandboxPlace.Query(directory, name)}&bytes={Bytes(query)}{(query.Follow ? "&follow=true" : "")}"
        : $"/files/download{SandboxPlace.Query(directory, name)}";

    // Where lines are picked, all that can be had is looked at.
    private static int Bytes(LogQuery query) => query.Lines is not { } lines || query.Grep is not null || query.Since is not null
        ? MaxTail : lines == 0 ? 0 : (int)Math.Clamp((long)lines * LineLength, Block, MaxTail);

    private Queue<byte[]>? Show(Queue<byte[]>? last)
    {
        foreach (var line in last ?? []) sink.Write(prefix, line);
        return null;
    }
}
