using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Cli.Commands.Operating.Overview;

/// <summary><c>lcm status</c>: the whole installation on one screen.</summary>
internal static class StatusCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "status";

    public static Command Create(Settings settings)
    {
        var command = new Command(Name,
            "Shows the roles and how they are, and how many apps, instances, deployments and agents there are; 8 is the exit "
            + "code where a role is down or away.");
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler | Asked.Master | Asked.Manager);
        return command.Does(async (parse, stop) =>
        {
            var roles = await Task.WhenAll(Enum.GetValues<Asked>()
                .SelectMany(role => cluster.Each(parse, role).Select(at => RoleAsync(role, at, stop))));
            var printer = cluster.Printer(parse);
            var facts = new JsonObject();
            await AddAsync(facts, () => SchedulerAsync(cluster, parse, facts, stop));
            await AddAsync(facts, () => MasterAsync(cluster, parse, facts, stop));
            await AddAsync(facts, () => ManagerAsync(cluster, parse, facts, stop));
            var json = new JsonObject { ["roles"] = new JsonArray([.. roles]) };
            foreach (var (name, value) in facts) json[name] = value?.DeepClone();
            printer.Show(json, roles.Select(role => $"{role["role"]}"), () => Write(printer.Terminal, json));
            return roles.All(role => (string?)role["status"] is "up" or "degraded")
                ? ExitStatus.Success : ExitStatus.Unavailable;
        }, "lcm status", "lcm status --scheduler http://s1:8080,http://s2:8080 --output json");
    }

    /// <summary>How a role is, as its health says.</summary>
    public static async Task<JsonObject> HealthAsync(string role, Endpoint at, CancellationToken stop)
    {
        var json = new JsonObject { ["role"] = role, ["address"] = at.Address };
        try
        {
            var (status, answer) = await at.ProbeAsync("/health", stop);
            var health = answer as JsonObject;
            json["status"] = ((string?)health?["status"])?.ToLowerInvariant() ?? ((int)status == 200 ? "up" : "down");
            json["state"] = (string?)health?["state"] ?? "";
            json["reasons"] = new JsonArray(
                [.. (health?["reasons"] as JsonArray ?? health?["problems"] as JsonArray ?? [])
                    .Select(reason => JsonValue.Create(Reason(reason)))]);
        }
        catch (CliException e)
        {
            json["status"] = "away";
            json["reasons"] = new JsonArray(e.Message);
        }

        return json;
    }

    private static async Task<JsonObject> RoleAsync(Asked role, Endpoint at, CancellationToken stop)
    {
        using (at) return await HealthAsync(ClusterOptions.Name(role), at, stop);
    }

    private static string Reason(JsonNode? reason) => reason is JsonValue value && value.TryGetValue<string>(out var text) ? text
        : reason?.ToJsonString() ?? "";

    // What a role that is away would tell is left out; its row says why.
    private static async Task AddAsync(JsonObject facts, Func<Task> add)
    {
        try
        {
            await add();
        }
        catch (CliException e) when (e.Code == ExitStatus.Unavailable)
        {
        }
        catch (CliException e)
        {
            facts["refused"] ??= e.Message;
        }
    }

    private static async Task SchedulerAsync(ClusterOptions cluster, ParseResult parse, JsonObject facts, CancellationToken stop)
    {
        using var scheduler = cluster.Scheduler(parse);
        var apps = (await scheduler.GetAsync("/v2/apps?embed=apps.counts&embed=apps.deployments", MarathonJson.Default.AppList,
            stop)).Apps;
        facts["apps"] = new JsonObject([.. apps.GroupBy(Apps.AppListing.State).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => KeyValuePair.Create(group.Key, (JsonNode?)group.Count()))]);
        facts["instances"] = new JsonObject
        {
            ["wanted"] = apps.Sum(app => app.Instances ?? 0),
            ["running"] = apps.Sum(app => app.TasksRunning ?? 0),
            ["unhealthy"] = apps.Sum(app => app.TasksUnhealthy ?? 0),
        };
        facts["deployments"] = scheduler.As(
            await scheduler.GetAsync("/v2/deployments", stop), MarathonJson.Default.IReadOnlyListDeployment).Count;
        facts["waiting"] = (await scheduler.GetAsync("/v2/queue", MarathonJson.Default.LaunchQueue, stop))
            .Queue.Sum(item => item.Count);
    }

    private static async Task MasterAsync(ClusterOptions cluster, ParseResult parse, JsonObject facts, CancellationToken stop)
    {
        using var master = cluster.At(parse, Asked.Master);
        var agents = (await master.GetAsync("/slaves", stop))["slaves"]!.AsArray();
        double Sum(string of, string what) => agents.Sum(agent => (double?)agent?[of]?[what] ?? 0);
        facts["agents"] = new JsonObject
        {
            ["active"] = agents.Count(agent => (bool?)agent?["active"] == true),
            ["inactive"] = agents.Count(agent => (bool?)agent?["active"] != true),
        };
        facts["cpus"] = new JsonObject { ["used"] = Sum("used_resources", "cpus"), ["of"] = Sum("resources", "cpus") };
        facts["mem"] = new JsonObject { ["used"] = Sum("used_resources", "mem"), ["of"] = Sum("resources", "mem") };
    }

    private static async Task ManagerAsync(ClusterOptions cluster, ParseResult parse, JsonObject facts, CancellationToken stop)
    {
        using var manager = cluster.At(parse, Asked.Manager);
        var stopped = await manager.GetAsync("/v1/stop", stop);
        if ((bool?)stopped["stopped"] == true) facts["stopped"] = (string?)stopped["message"];
        facts["governed"] = (await manager.GetAsync("/v1/apps", stop))["apps"]!.AsArray().Count;
    }

    private static void Write(Terminal terminal, JsonObject json)
    {
        var table = new Table("ROLE", "ADDRESS", "STATUS", "STATE", "WHY");
        foreach (var role in json["roles"]!.AsArray())
            table.Add((string?)role!["role"], (string?)role["address"], (string?)role["status"], (string?)role["state"],
                string.Join("; ", role["reasons"]!.AsArray().Select(Reason)));
        terminal.Write(table);
        terminal.Output.WriteLine();
        if (json["apps"] is JsonObject apps)
            terminal.Line($"apps:         "
                + $"{(apps.Count == 0 ? "none" : string.Join(", ", apps.Select(app => $"{app.Value} {app.Key}")))}");
        if (json["instances"] is JsonObject instances)
            terminal.Line($"instances:    {instances["running"]} of {instances["wanted"]} run, {instances["unhealthy"]} "
                + $"unhealthy, "
                + $"{json["waiting"]} wait ('lcm queue')");
        if (json["deployments"] is { } deployments) terminal.Line($"deployments:  {deployments} under way");
        if (json["agents"] is JsonObject agents)
            terminal.Line($"agents:       {agents["active"]} active, {agents["inactive"]} not; "
                + $"{Part(json["cpus"])} cpus and {Part(json["mem"])} MB are used");
        if (json["governed"] is { } governed) terminal.Line($"policies:     {governed} apps are governed");
        if (json["stopped"] is { } stopped) terminal.Line($"all changes of managers are stopped: {stopped} ('lcm policy start')");
        if (json["refused"] is { } refused) terminal.Line($"not all is known: {refused}");
    }

    private static string Part(JsonNode? amounts) => string.Create(CultureInfo.InvariantCulture,
        $"{Times.Amount((double?)amounts?["used"])} of {Times.Amount((double?)amounts?["of"])}");
}
