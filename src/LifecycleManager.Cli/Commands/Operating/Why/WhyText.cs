using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Apps;
using LifecycleManager.Cli.Commands.Operating.Deployments;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Commands.Operating.Overview;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Cli.Commands.Operating.Why;

/// <summary>What is known of an app, as one screen for people.</summary>
internal static class WhyText
{
    private const int MaxRefusals = 10;
    private const int MaxUnhealthy = 5;

    public static void Write(WhyFacts facts, Terminal terminal)
    {
        var app = facts.App;
        void Fact(string name, string text) => terminal.Line($"{(name.Length > 0 ? name + ":" : ""),-15}{text}");

        Fact(app.Id!, AppListing.State(app));
        Fact("wants", string.Create(CultureInfo.InvariantCulture, $"{app.Instances ?? 0} instances of ")
            + $"{Times.Amount(app.Cpus)} cpus and {Times.Amount(app.Mem)} MB"
            + (app.Constraints is { Count: > 0 } constraints
                ? ", " + string.Join(", ", constraints.Select(constraint => string.Join(' ', constraint))) : ""));
        Fact("has", string.Create(CultureInfo.InvariantCulture,
            $"{app.TasksRunning ?? 0} running, {app.TasksStaged ?? 0} starting")
            + (app.HealthChecks is { Count: > 0 } ? $", {app.TasksHealthy ?? 0} healthy, {app.TasksUnhealthy ?? 0} unhealthy"
                : ""));
        Fact("count", Owner(app, facts));
        foreach (var deployment in facts.Deployments)
            Fact("deployment", $"{deployment.Id}, {DeploymentText.Step(deployment)}"
                + (deployment.Paused is { } pause ? $"; it rests: {pause.Message} ('lcm deployment promote {deployment.Id}')"
                    : ""));
        foreach (var result in Unhealthy(app)) Fact("unhealthy", result);
        if (facts.Queue is { } queue) WriteQueue(queue, terminal, Fact);
        else if (app.TasksRunning < app.Instances && facts.Deployments.Count == 0 && app.TasksStaged is null or 0)
            Fact("waits for", "nothing that is known: its next launch is due");
        if (app.LastTaskFailure is { } failure)
        {
            Fact("last failure", $"{Times.Ago(failure.Timestamp, TimeProvider.System)} ago on {failure.Host}: {failure.State} "
                + $"{failure.Message}");
            foreach (var line in facts.LastLog) Fact("", line);
        }

        WritePolicy(facts.Governed, Fact);
        foreach (var unknown in facts.Unknown) Fact("not known", unknown);
    }

    private static string Owner(App app, WhyFacts facts) =>
        app.CountSuspended == true ? "suspended by a person: 'lcm app scale' ends that"
        : facts.Governed?["override"] is JsonObject held
            ? $"overridden: {held["instances"]} until {Until(held)}{Why(held)}"
        : app.CountOwner is { } owner
            ? $"owned by {owner}: a definition does not change it, 'lcm app scale' does until its next decision"
        : "owned by whoever changes it last: no policy does";

    private static string Until(JsonObject held) => (string?)held["until"] ?? "somebody ends it";

    private static string Why(JsonObject held) => (string?)held["reason"] is { } reason ? $" ({reason})" : "";

    private static IEnumerable<string> Unhealthy(App app) => (app.Tasks ?? [])
        .Where(task => task.HealthCheckResults?.Any(result => !result.Alive) == true).Take(MaxUnhealthy)
        .Select(task => $"{task.Id} on {task.Host}: "
            + task.HealthCheckResults!.First(result => !result.Alive).LastFailureCause);

    private static void WriteQueue(QueueItem queue, Terminal terminal, Action<string, string> fact)
    {
        fact("waits for", string.Create(CultureInfo.InvariantCulture,
            $"a place for {queue.Count} instances, since {Times.Ago(queue.Since, TimeProvider.System)}: "
                + $"{QueueCommand.Why(queue)}"));
        if (queue.Delay.TimeLeftSeconds > 0)
            fact("delay", $"{Times.Span(TimeSpan.FromSeconds(queue.Delay.TimeLeftSeconds))} more, since instances have failed");
        if (queue.LastUnusedOffers is not { Count: > 0 } offers) return;

        // Of each agent the last refusal.
        var agents = offers.GroupBy(offer => Host(offer.Offer), StringComparer.Ordinal)
            .Select(group => (Host: group.Key, Offer: group.MaxBy(offer => offer.Timestamp, StringComparer.Ordinal)!))
            .OrderBy(agent => agent.Host, StringComparer.Ordinal).ToList();
        var table = new Table("AGENT", "REFUSED", "WHY");
        foreach (var (host, offer) in agents.Take(MaxRefusals))
            table.Add(host, $"{Times.Ago(offer.Timestamp, TimeProvider.System)} ago",
                $"{string.Join(", ", offer.Reason)}{(offer.Message is { } message ? $": {message}" : "")}");
        terminal.Output.WriteLine();
        terminal.Write(table);
        if (agents.Count > MaxRefusals)
            terminal.Line($"and {agents.Count - MaxRefusals} agents more: 'lcm why {queue.App?.Id} --output json'");
        terminal.Output.WriteLine();
    }

    private static string Host(JsonElement offer) =>
        offer.TryGetProperty("hostname", out var host) ? host.GetString() ?? "" : "";

    private static void WritePolicy(JsonObject? governed, Action<string, string> fact)
    {
        if (governed is null) return;
        fact("policy", $"{governed["policy"]}{((bool?)governed["dryRun"] == true ? " (it only watches)" : "")}: "
            + $"{governed["min"] ?? "?"} to {governed["max"] ?? "?"} instances, wants {governed["desired"] ?? "?"} now"
            + ((string?)governed["reason"] is { Length: > 0 } reason ? $": {reason}" : ""));
        if ((bool?)governed["metricsMissing"] == true) fact("", "readings are missing: nothing is scaled in");
        foreach (var name in (string[])["stopped", "paused", "scaleInHeld", "scaleOutHeld"])
        {
            if (governed[name] is JsonObject entry)
                fact("", $"{JsonNamingPolicy.KebabCaseLower.ConvertName(name).Replace('-', ' ')}: {Words(entry)}");
        }

        if ((governed["lastChange"] ?? governed["lastDecision"]) is not JsonObject last) return;
        fact("last decision", $"{Times.Ago((string?)last["at"], TimeProvider.System)} ago: {last["from"]} -> {last["to"]}"
            + $"{((string?)last["rule"] is { } rule ? $" by rule {rule}" : "")}, {last["outcome"]}: {last["reason"]}");
        if ((string?)last["outcomeReason"] is { } why) fact("", why);
        if (last["metrics"] is JsonObject { Count: > 0 } metrics)
            fact("readings", string.Join(", ", metrics.Select(metric => $"{metric.Key} {Reading(metric.Value)}")));
    }

    private static string Words(JsonObject entry) => string.Join(", ", entry
        .Where(field => field.Value is JsonValue).Select(field => $"{field.Key} {field.Value}"));

    private static string Reading(JsonNode? value) => value is null ? "missing" : Times.Amount((double?)value);
}
