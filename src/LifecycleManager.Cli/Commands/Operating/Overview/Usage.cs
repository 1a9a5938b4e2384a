using System.CommandLine;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Agents;
using LifecycleManager.Cli.Commands.Operating.Calls;

namespace LifecycleManager.Cli.Commands.Operating.Overview;

/// <summary>What an app's instances use together.</summary>
/// <param name="App">The app or pod.</param>
/// <param name="Instances">How many are measured.</param>
/// <param name="Cpus">Cpus in use between two looks; null before the second.</param>
/// <param name="CpusLimit">What they ask for.</param>
/// <param name="Memory">Memory in use, in MB.</param>
/// <param name="MemoryLimit">What they ask for, in MB.</param>
internal sealed record Usage(string App, int Instances, double? Cpus, double CpusLimit, double Memory, double MemoryLimit);

/// <summary>Looks at what all instances use, as their agents measure it; a share of cpus is what came between two
/// looks.</summary>
/// <param name="cluster">How agents are reached.</param>
/// <param name="parse">The command line.</param>
/// <param name="master">Knows the agents.</param>
internal sealed class UsageReader(ClusterOptions cluster, ParseResult parse, Endpoint master)
{
    private const double Megabyte = 1024 * 1024;
    private Dictionary<string, (double Seconds, double At)> _last = new(StringComparer.Ordinal);

    /// <summary>Looks once: the apps, and what is to be said of agents that cannot be asked.</summary>
    public async Task<(IReadOnlyList<Usage> Apps, IReadOnlyList<string> Problems)> ReadAsync(CancellationToken stop)
    {
        var directory = new ListedAgents(master);
        var answers = await Task.WhenAll(
            (await directory.ListAsync(stop)).Select(agent => AskAsync(directory.Address(agent), stop)));
        var now = new Dictionary<string, (double Seconds, double At)>(StringComparer.Ordinal);
        var tasks = new List<Usage>();
        foreach (var item in answers.SelectMany(answer => answer.Items))
        {
            if ((string?)item["source"] is not { } task || item["statistics"] is not JsonObject statistics) continue;
            var (seconds, at) = (Number(statistics, "cpus_user_time_secs") + Number(statistics, "cpus_system_time_secs"),
                Number(statistics, "timestamp"));
            now[task] = (seconds, at);
            tasks.Add(new Usage(AppOf(task), 1, _last.TryGetValue(task, out var before) && at > before.At
                ? Math.Max(0, (seconds - before.Seconds) / (at - before.At)) : null,
                Number(statistics, "cpus_limit"), Number(statistics, "mem_rss_bytes") / Megabyte,
                Number(statistics, "mem_limit_bytes") / Megabyte));
        }

        _last = now;
        return ([.. tasks.GroupBy(task => task.App, StringComparer.Ordinal).Select(app => new Usage(
            app.Key, app.Count(), app.All(task => task.Cpus is null) ? null : app.Sum(task => task.Cpus ?? 0),
            app.Sum(task => task.CpusLimit), app.Sum(task => task.Memory), app.Sum(task => task.MemoryLimit)))
            .OrderByDescending(app => app.Cpus ?? 0).ThenByDescending(app => app.Memory)],
            [.. answers.Select(answer => answer.Problem).OfType<string>()]);
    }

    /// <summary>The app in a task's id: <c>shop_web.instance-...</c> is one of <c>/shop/web</c>.</summary>
    private static string AppOf(string task) => task.IndexOf(".instance-", StringComparison.Ordinal) is > 0 and var at
        ? "/" + task[..at].Replace('_', '/') : task;

    private static double Number(JsonObject statistics, string name) => (double?)statistics[name] ?? 0;

    private async Task<(IReadOnlyList<JsonObject> Items, string? Problem)> AskAsync(Uri address, CancellationToken stop)
    {
        using var agent = cluster.Agent(parse, address);
        try
        {
            return ([.. (await agent.GetAsync("/monitor/statistics", stop)).AsArray().OfType<JsonObject>()], null);
        }
        catch (CliException e)
        {
            return ([], e.Message);
        }
    }
}
