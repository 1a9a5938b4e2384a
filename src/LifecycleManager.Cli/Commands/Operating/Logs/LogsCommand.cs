using System.CommandLine;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Clients.Agents;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Cli.Commands.Operating.Logs;

/// <summary><c>lcm app logs</c></summary>
internal static class LogsCommand
{
    private const int Last = 200;
    private const int All = -1;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(3);

    public static Command Create(Settings settings)
    {
        var app = AppIds.Argument();
        var task = TaskOption(settings);
        var follow = Setting.Flag(settings, "--follow", "Go on with what is written, also by instances that start later");
        follow.Aliases.Add("-f");
        var tail = Setting.Of(settings, "--tail", "The last lines of each log, 0 to 10000, or all; at most 1 MB of them",
            text => text == "all" ? All : Values.Count(0, 10_000)(text), () => Last, "200");
        var since = Setting.Of<DateTimeOffset?>(settings, "--since",
            "Only lines written since then, by the times that they begin with: 2026-11-24T19:00:00Z, or how long ago: 90m",
            text => Values.Instant(text, TimeProvider.System), () => null);
        var grep = Setting.Of<LinearRegex?>(settings, "--grep", "Only lines that match this regular expression",
            LogFilter.Pattern, () => null);
        var ended = Setting.Flag(settings, "--ended", "Also of instances that have ended");
        var stream = Setting.Of(settings, "--stream", "stdout, stderr or both", Values.Among<LogStream>(), () => LogStream.Both,
            "both");
        var command = new Command("logs",
            "Shows what an app's instances write, processes and containers alike; of one without instances, what the last one "
            + "wrote.")
        {
            app, task, follow, tail, since, grep, ended, stream,
        };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler | Asked.Master, withOutput: false);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            using var master = cluster.At(parse, Asked.Master);
            var id = await AppIds.FindAsync(scheduler, parse.GetValue(app)!, stop);
            var instances = await SandboxInstances.FindAsync(
                scheduler, master, id, parse.GetValue(task), parse.GetValue(ended), stop);
            using var sink = new LogSink(cluster.Printer(parse).Terminal);
            using var sandboxes = new Sandboxes(cluster, parse, master);
            var query = new LogQuery(parse.GetValue(tail) is >= 0 and var lines ? lines : null, parse.GetValue(follow),
                parse.GetValue(since), parse.GetValue(grep));
            string[] names = parse.GetValue(stream) switch
            {
                LogStream.Stdout => ["stdout"],
                LogStream.Stderr => ["stderr"],
                _ => ["stdout", "stderr"],
            };
            if (instances is [{ IsEnded: true } one] && !parse.GetValue(ended) && parse.GetValue(task) is null)
                sink.Tell($"no instance of {id} runs; this is {one.TaskId}, which has ended");
            if (query.Follow) return await FollowAsync(scheduler, sandboxes, sink, id, instances, names, query,
                parse.GetValue(task) is null, stop);
            var failed = await ReadAllAsync(sandboxes, sink, instances, names, query, stop);
            return failed is null || failed.Count < instances.Count ? ExitStatus.Success : throw failed.Problem;
        }, "lcm app logs /shop/web -f --grep 'ERROR|WARN'", "lcm app logs web --ended --since 15m");
    }

    /// <summary>The option that picks one instance.</summary>
    public static Option<string?> TaskOption(Settings settings) => Setting.Of<string?>(
        settings, "--task", "Only the instance with this in its id: lcm app show", Values.Text, () => null);

    private static async Task<Failed?> ReadAllAsync(
        Sandboxes sandboxes, LogSink sink, IReadOnlyList<SandboxInstance> instances, string[] names, LogQuery query,
        CancellationToken stop)
    {
        Failed? failed = null;
        foreach (var instance in instances)
        {
            try
            {
                await ReadAsync(sandboxes, sink, instance, names, instances.Count > 1, query, stop);
            }
            catch (CliException e)
            {
                if (instances.Count > 1) sink.Tell(e.Message);
                failed = new Failed((failed?.Count ?? 0) + 1, e);
            }
        }

        return failed;
    }

    private static async Task ReadAsync(
        Sandboxes sandboxes, LogSink sink, SandboxInstance instance, string[] names, bool isPrefixed, LogQuery query,
        CancellationToken stop)
    {
        var (agent, directory, _) = await sandboxes.OfAsync(instance, stop);
        Task<bool> Read(string name) => new LogReader(
            agent, directory, name, isPrefixed ? $"[{instance.ShortName}] " : "", sink).ReadAsync(query, stop);
        if (query.Follow) await Task.WhenAll(names.Select(Read));
        else foreach (var name in names) await Read(name);
    }

    /// <summary>Follows all, and those that come; one that has ended is read to its end and left.</summary>
    private static async Task<int> FollowAsync(
        Endpoint scheduler, Sandboxes sandboxes, LogSink sink, string app, IReadOnlyList<SandboxInstance> first, string[] names,
        LogQuery query, bool takesNew, CancellationToken stop)
    {
        var readers = new Dictionary<string, (Task Work, CancellationTokenSource End)>(StringComparer.Ordinal);
        var isPrefixed = first.Count > 1 || takesNew;
        var instances = first;
        try
        {
            while (true)
            {
                foreach (var instance in instances.Where(instance => !readers.ContainsKey(instance.TaskId)))
                {
                    var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
                    readers[instance.TaskId] =
                        (FollowOneAsync(sandboxes, sink, instance, names, isPrefixed, query, end.Token), end);
                }

                if (!takesNew && readers.Values.All(reader => reader.Work.IsCompleted)) return ExitStatus.Success;
                await Task.Delay(Look, stop);
                instances = await LiveAsync(scheduler, app, takesNew, instances, stop);
                foreach (var (id, reader) in readers.Where(reader => instances.All(one => one.TaskId != reader.Key)).ToList())
                {
                    // What it wrote last was sent within this time.
                    await reader.End.CancelAsync();
                    await reader.Work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    reader.End.Dispose();
                    readers.Remove(id);
                    sink.Tell($"{id} has ended");
                    if (!takesNew) return ExitStatus.Success;
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await Task.WhenAll(readers.Values.Select(reader => reader.Work)).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing);
            return ExitStatus.Success;
        }
    }

    private static async Task<IReadOnlyList<SandboxInstance>> LiveAsync(
        Endpoint scheduler, string app, bool takesNew, IReadOnlyList<SandboxInstance> known, CancellationToken stop)
    {
        try
        {
            var live = await SandboxInstances.LiveAsync(scheduler, app, stop);
            return takesNew ? live : [.. live.Where(instance => known.Any(one => one.TaskId == instance.TaskId))];
        }
        catch (CliException)
        {
            // The logs come from agents: they go on without the scheduler.
            return known;
        }
    }

    private static async Task FollowOneAsync(
        Sandboxes sandboxes, LogSink sink, SandboxInstance instance, string[] names, bool isPrefixed, LogQuery query,
        CancellationToken stop)
    {
        try
        {
            await ReadAsync(sandboxes, sink, instance, names, isPrefixed, query, stop);
        }
        catch (CliException e)
        {
            sink.Tell(e.Message);
        }
    }

    private enum LogStream
    {
        Both,
        Stdout,
        Stderr,
    }

    private sealed record Failed(int Count, CliException Problem);
}
