using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Logs;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Clients.Agents;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Cli.Commands.Operating.Why;

/// <summary>All that the roles know of an app. A role that is away is told, and the rest is known all the same.</summary>
internal sealed class WhyFacts
{
    private const string Embeds = "?embed=app.counts&embed=app.tasks&embed=app.deployments&embed=app.lastTaskFailure";
    private const int LogLines = 8;
    private readonly List<string> _unknown = [];

    private WhyFacts(App app, JsonNode json) => (App, AppJson) = (app, json);

    /// <summary>The app.</summary>
    public App App { get; }

    /// <summary>As the scheduler answers.</summary>
    public JsonNode AppJson { get; }

    /// <summary>What is under way with it.</summary>
    public IReadOnlyList<Deployment> Deployments { get; private set; } = [];

    /// <summary>As the scheduler answers.</summary>
    public IReadOnlyList<JsonNode> DeploymentsJson { get; private set; } = [];

    /// <summary>Its place in the queue; null where nothing waits.</summary>
    public QueueItem? Queue { get; private set; }

    /// <summary>As the scheduler answers.</summary>
    public JsonNode? QueueJson { get; private set; }

    /// <summary>The last lines of the instance that failed last, made safe.</summary>
    public IReadOnlyList<string> LastLog { get; private set; } = [];

    /// <summary>What the manager says of it; null where no policy governs it.</summary>
    public JsonObject? Governed { get; private set; }

    /// <summary>What could not be learnt, and why.</summary>
    public IReadOnlyList<string> Unknown => _unknown;

    /// <summary>Asks all roles.</summary>
    /// <exception cref="CliException">The scheduler does not know the app, or is away.</exception>
    public static async Task<WhyFacts> GatherAsync(
        ClusterOptions cluster, ParseResult parse, Endpoint scheduler, string id, CancellationToken stop)
    {
        var json = (await scheduler.GetAsync(AppIds.Path(id) + Embeds, stop))["app"]!;
        var facts = new WhyFacts(scheduler.As(json, MarathonJson.Default.App), json);
        await facts.ReadSchedulerAsync(scheduler, id, stop);
        if (facts.App.LastTaskFailure is { TaskId: not null, SlaveId: not null } failure)
            await facts.TryAsync("the last failure's log", () => facts.ReadLogAsync(cluster, parse, failure, stop));
        await facts.TryAsync("the policy", async () =>
        {
            using var manager = cluster.At(parse, Asked.Manager);
            facts.Governed = await manager.FindAsync("/v1/apps" + id, stop) as JsonObject;
        });
        return facts;
    }

    private async Task TryAsync(string what, Func<Task> read)
    {
        try
        {
            await read();
        }
        catch (CliException e)
        {
            _unknown.Add($"{what}: {e.Message}");
        }
    }

    private async Task ReadSchedulerAsync(Endpoint scheduler, string id, CancellationToken stop)
    {
        var deployments = (await scheduler.GetAsync("/v2/deployments", stop)).AsArray();
        DeploymentsJson = [.. deployments.OfType<JsonObject>()
            .Where(deployment => deployment["affectedApps"]!.AsArray().Any(app => (string?)app == id))];
        Deployments = [.. DeploymentsJson.Select(json => scheduler.As(json, MarathonJson.Default.Deployment))];
        var queue = (await scheduler.GetAsync("/v2/queue?embed=lastUnusedOffers", stop))["queue"]!.AsArray();
        QueueJson = queue.FirstOrDefault(item => (string?)item?["app"]?["id"] == id);
        Queue = QueueJson is null ? null : scheduler.As(QueueJson, MarathonJson.Default.QueueItem);
    }

    private async Task ReadLogAsync(ClusterOptions cluster, ParseResult parse, TaskFailure failure, CancellationToken stop)
    {
        using var master = cluster.At(parse, Asked.Master);
        using var sandboxes = new Sandboxes(cluster, parse, master);
        var (agent, directory, _) = await sandboxes.OfAsync(
            new SandboxInstance(failure.TaskId!, failure.SlaveId!, IsEnded: true), stop);

        // What a program says last it says of its failure, as a rule to stderr.
        foreach (var name in (string[])["stderr", "stdout"])
        {
            using var output = new StringWriter();
            using (var sink = new LogSink(new Terminal(output, TextWriter.Null, false, false)))
            {
                await new LogReader(agent, directory, name, "", sink)
                    .ReadAsync(new LogQuery(LogLines, Follow: false, null, null), stop);
            }

            LastLog = [.. output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => $"{name}: {SafeText.LogLine(Encoding.UTF8.GetBytes(line.TrimEnd('\r')))}")];
            if (LastLog.Count > 0) return;
        }
    }
}
