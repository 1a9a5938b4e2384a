using System.CommandLine;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Metrics;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary>
/// Has a running app looked at for a first policy: by the manager, which knows the credentials and reaches the instances; else
/// from here, by the scheduler's list of tasks.
/// </summary>
/// <param name="cluster">Where the roles are.</param>
/// <param name="parse">The command line.</param>
/// <param name="credentials">Who this is to instances.</param>
internal sealed class LookAtApp(ClusterOptions cluster, ParseResult parse, IReadOnlyList<MetricsCredential> credentials)
{
    /// <summary>Looks, and writes the policy.</summary>
    /// <param name="app">The app.</param>
    /// <param name="file">Where to; null for standard output.</param>
    /// <param name="console">Gets the policy, and what is wrong.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(string app, string? file, InvocationConfiguration console, CancellationToken stop)
    {
        if (cluster.IsStated(parse, Asked.Scheduler)) return await DirectlyAsync(app, file, console, stop);
        using var manager = cluster.At(parse, Asked.Manager);
        JsonNode? answer;
        try
        {
            if (!cluster.IsStated(parse, Asked.Manager) && !await IsThereAsync(manager, stop))
            {
                console.Error.WriteLine($"no manager at {manager.Address}: the instances are asked from here");
                return await DirectlyAsync(app, file, console, stop);
            }

            answer = await manager.SendAsync(HttpMethod.Post, "/v1/policies/init", new JsonObject { ["from"] = app }, stop);
        }
        catch (CliException e)
        {
            // The tools of policies have exit codes of their own.
            throw new CliException(e.Message, e);
        }

        foreach (var line in answer?["errors"]?.AsArray() ?? []) console.Error.WriteLine($"{line}");
        if (answer?["files"]?.AsObject() is not { Count: > 0 } files) return ExitCodes.Found;
        return Write(files, file, console);
    }

    private static async Task<bool> IsThereAsync(Endpoint manager, CancellationToken stop)
    {
        try
        {
            await manager.ProbeAsync("/ping", stop);
            return true;
        }
        catch (CliException e) when (e.Code == ExitStatus.Unavailable)
        {
            return false;
        }
    }

    private static int Write(JsonObject files, string? file, InvocationConfiguration console)
    {
        foreach (var (name, text) in files)
        {
            var isTest = PolicyTest.IsTestFile(name);
            if (file is null)
            {
                if (!isTest) console.Output.Write($"{text}");
                continue;
            }

            var path = isTest ? Path.ChangeExtension(file, ".test" + Path.GetExtension(file)) : file;
            try
            {
                DiskFiles.Instance.Write(path, $"{text}", isNew: true);
                console.Output.WriteLine($"written: {path}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                console.Error.WriteLine($"{path}: cannot be written: {e.Message}");
                return ExitCodes.Failed;
            }
        }

        return ExitCodes.Good;
    }

    private async Task<int> DirectlyAsync(string app, string? file, InvocationConfiguration console, CancellationToken stop)
    {
        var (schedulers, masters) = (cluster.Where(parse, Asked.Scheduler), cluster.Where(parse, Asked.Master));
        var options = new CollectorOptions
        {
            Scheduler = schedulers[0],
            OtherSchedulers = [.. schedulers.Skip(1)],
            Master = masters[0],
            OtherMasters = [.. masters.Skip(1)],
            Credentials = credentials,
        };
        var proposal = new PolicyProposal(app);
        var readings = await MetricsProbe.ReadAsync(
            options, proposal.Demands, PolicyProposal.Patience, TimeProvider.System, stop);
        return proposal.Write(readings, TimeProvider.System.GetUtcNow(), file, console.Output, console.Error);
    }
}
