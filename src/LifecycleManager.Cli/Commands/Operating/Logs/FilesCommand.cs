using System.CommandLine;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Clients.Agents;

namespace LifecycleManager.Cli.Commands.Operating.Logs;

/// <summary><c>lcm app files</c>: the sandbox of an instance.</summary>
internal static class FilesCommand
{
    public static Command Create(Settings settings) =>
        new("files", "Lists, reads and downloads what is in an instance's sandbox.")
        {
            List(settings), Read(settings), Download(settings),
        };

    private static Command List(Settings settings)
    {
        var app = AppIds.Argument();
        var path = new Argument<string>("path") { Description = "A directory of it", DefaultValueFactory = _ => "" };
        var task = LogsCommand.TaskOption(settings);
        var command = new Command("list", "Lists a directory of an instance's sandbox.") { app, path, task };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler | Asked.Master);
        return command.Does((parse, stop) => InAsync(
            cluster, parse, parse.GetValue(app)!, parse.GetValue(task), async (agent, directory) =>
            {
                var answer = await agent.GetAsync("/files/browse" + SandboxPlace.Query(directory, parse.GetValue(path)!), stop);
                var entries = answer.AsArray().OfType<JsonObject>().ToList();
                string Name(JsonObject entry) =>
                    ((string?)entry["path"] ?? "").Replace(directory + "/", "", StringComparison.Ordinal);
                cluster.Printer(parse).List(answer, entries.Select(Name), () =>
                {
                    var table = new Table("MODE", "SIZE", "CHANGED", "NAME");
                    foreach (var entry in entries)
                        table.Add((string?)entry["mode"], $"{entry["size"]}",
                            Times.Ago((double?)entry["mtime"], TimeProvider.System) + " ago", Name(entry));
                    return table;
                });
            }, stop), "lcm app files list /shop/web", "lcm app files list web logs --task 867ed450");
    }

    private static Command Read(Settings settings)
    {
        var app = AppIds.Argument();
        var path = new Argument<string>("path") { Description = "The file" };
        var task = LogsCommand.TaskOption(settings);
        var command = new Command("read", "Writes a file of an instance's sandbox to standard output, line by line.")
        {
            app, path, task,
        };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler | Asked.Master, withOutput: false);
        return command.Does((parse, stop) => InAsync(
            cluster, parse, parse.GetValue(app)!, parse.GetValue(task), async (agent, directory) =>
            {
                using var sink = new LogSink(cluster.Printer(parse).Terminal);
                var name = parse.GetValue(path)!;
                if (!await new LogReader(agent, directory, name, "", sink)
                    .ReadAsync(new LogQuery(null, Follow: false, null, null), stop)) throw Missing(name);
            }, stop), "lcm app files read /shop/web application.yml", "lcm app files read web stdout.1 | less");
    }

    private static Command Download(Settings settings)
    {
        var app = AppIds.Argument();
        var path = new Argument<string>("path") { Description = "The file" };
        var task = LogsCommand.TaskOption(settings);
        var to = Setting.Of<string?>(settings, "--to", "Where it is kept", Values.Text, () => null, "its own name, here");
        var command = new Command("download", "Keeps a file of an instance's sandbox, byte by byte; never over another file.")
        {
            app, path, task, to,
        };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler | Asked.Master, withOutput: false);
        return command.Does((parse, stop) => InAsync(
            cluster, parse, parse.GetValue(app)!, parse.GetValue(task), async (agent, directory) =>
            {
                var name = parse.GetValue(path)!;
                var target = parse.GetValue(to) ?? Path.GetFileName(name.TrimEnd('/'));
                if (Path.Exists(target)) throw new CliException($"{target} is there already: say another name with --to");
                var bytes = await KeepAsync(agent, directory, name, target, stop);
                cluster.Printer(parse).Terminal.Line($"{target}: {bytes} bytes");
            }, stop), "lcm app files download /shop/web heap.hprof", "lcm app files download web stdout --to web.log");
    }

    private static async Task<long> KeepAsync(
        Endpoint agent, string directory, string name, string target, CancellationToken stop)
    {
        HttpResponseMessage answer;
        try
        {
            answer = await agent.OpenAsync("/files/download" + SandboxPlace.Query(directory, name), stop);
        }
        catch (CliException e) when (e.Code == ExitStatus.NotFound)
        {
            throw Missing(name);
        }

        using (answer)
        {
            // Half a file must not be taken for a whole one.
            var part = target + ".part";
            try
            {
                long length;
                await using (var file = new FileStream(part, FileMode.CreateNew, FileAccess.Write))
                {
                    await answer.Content.CopyToAsync(file, stop);
                    length = file.Length;
                }

                File.Move(part, target);
                return length;
            }
            catch (Exception e) when (e is UnauthorizedAccessException or DirectoryNotFoundException
                || (e is IOException && File.Exists(target)))
            {
                throw new CliException($"{target} cannot be written: {e.Message}", e);
            }
            catch (Exception e) when (!stop.IsCancellationRequested && agent.Lost(e) is { } told)
            {
                throw told;
            }
            finally
            {
                File.Delete(part);
            }
        }
    }

    private static CliException Missing(string name) => new(
        $"the sandbox has no file '{name}': 'lcm app files list' shows what it has", code: ExitStatus.NotFound);

    private static async Task InAsync(
        ClusterOptions cluster, ParseResult parse, string app, string? task, Func<Endpoint, string, Task> act,
        CancellationToken stop)
    {
        using var scheduler = cluster.Scheduler(parse);
        using var master = cluster.At(parse, Asked.Master);
        var id = await AppIds.FindAsync(scheduler, app, stop);
        var instances = await SandboxInstances.FindAsync(scheduler, master, id, task, withEnded: false, stop);
        if (instances.Count > 1)
            throw new CliException(
                $"{id} has {instances.Count} instances: say which with --task, such as --task {instances[0].ShortName}");
        using var sandboxes = new Sandboxes(cluster, parse, master);
        var (agent, directory, _) = await sandboxes.OfAsync(instances[0], stop);
        await act(agent, directory);
    }
}
