using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Deployments;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Commands.Operating.Overview;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Cli.Commands.Operating.Doctor;

/// <summary>What can be wrong with the work of roles that are well: what does not go on, and policies that do nothing.</summary>
internal static class WorkChecks
{
    private static readonly TimeSpan LongDeployment = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan LongWait = TimeSpan.FromMinutes(5);

    /// <summary>Deployments and launches that do not go on.</summary>
    public static async Task<IReadOnlyList<Finding>> SchedulerAsync(
        ClusterOptions cluster, ParseResult parse, TimeProvider time, CancellationToken stop)
    {
        using var scheduler = cluster.Scheduler(parse);
        var findings = new List<Finding>();
        foreach (var deployment in scheduler.As(
            await scheduler.GetAsync("/v2/deployments", stop), MarathonJson.Default.IReadOnlyListDeployment))
        {
            if (deployment.Paused is { Until: null } pause)
                findings.Add(Finding.Warning($"deployment {deployment.Id}", pause.Message,
                    $"'lcm deployment promote {deployment.Id}' or 'lcm deployment rollback {deployment.Id}'"));
            else if (Age(deployment.Version, time) > LongDeployment)
                findings.Add(Finding.Warning($"deployment {deployment.Id}",
                    $"it is under way for {Times.Ago(deployment.Version, time)}: {DeploymentText.Step(deployment)}",
                    $"'lcm why {DeploymentText.Affected(deployment).FirstOrDefault()}', 'lcm deployment rollback "
                        + $"{deployment.Id}'"));
        }

        foreach (var item in (await scheduler.GetAsync("/v2/queue", MarathonJson.Default.LaunchQueue, stop)).Queue
            .Where(item => Age(item.Since, time) > LongWait))
            findings.Add(Finding.Warning(QueueCommand.Id(item),
                $"{item.Count} instances wait for {Times.Ago(item.Since, time)}: {QueueCommand.Why(item)}",
                $"'lcm why {QueueCommand.Id(item)}'"));
        return findings;
    }

    /// <summary>Policies that govern nothing or are not as their files, and changes that are stopped.</summary>
    public static async Task<IReadOnlyList<Finding>> ManagerAsync(
        ClusterOptions cluster, ParseResult parse, CancellationToken stop)
    {
        using var manager = cluster.At(parse, Asked.Manager);
        var answer = await manager.GetAsync("/v1/policies", stop);
        var findings = new List<Finding>();
        foreach (var policy in Items(answer, "policies"))
        {
            if (Items(policy, "apps").Count == 0)
                findings.Add(Finding.Warning(
                    $"policy {policy["name"]}", $"it governs nothing: no app is {policy["app"]} ({policy["place"]})",
                    "deploy the app, or put its 'app:' right"));
            if ((string?)policy["state"] is "fileGone")
                findings.Add(Finding.Warning($"policy {policy["name"]}", "its file is gone, and it stays in force",
                    $"bring the file back, or 'lcm policy end {policy["name"]}'"));
        }

        foreach (var problem in Items(answer, "problems").Where(problem => (string?)problem["severity"] == "error"))
            findings.Add(Finding.Error($"{problem["place"]}", $"{problem["message"]}",
                (string?)problem["suggestion"] ?? $"'lcm policy check {problem["file"]}'"));
        var stopped = await manager.GetAsync("/v1/stop", stop);
        if ((bool?)stopped["stopped"] == true)
            findings.Add(Finding.Warning(
                "managers", $"all their changes are stopped: {stopped["message"]}", "'lcm policy start'"));
        return findings;
    }

    private static List<JsonObject> Items(JsonNode of, string name) =>
        (of[name] as JsonArray ?? []).Select(item => item as JsonObject ?? new JsonObject { ["name"] = $"{item}" }).ToList();

    private static TimeSpan Age(string? instant, TimeProvider time) => DateTimeOffset.TryParse(
        instant, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? time.GetUtcNow() - at
            : TimeSpan.Zero;
}
