using System.CommandLine;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Cli.Commands.Operating.Deployments;

/// <summary>The options of what makes a deployment, and the deployment made and waited for.</summary>
internal sealed class DeploymentOptions
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);
    private readonly Option<bool>? _force;
    private readonly Option<bool> _noWait;
    private readonly Option<TimeSpan> _patience;
    private readonly Option<string?>? _reason;

    /// <param name="command">Gets the options.</param>
    /// <param name="settings">Where they come from, too.</param>
    /// <param name="changes">Whether it changes a definition, rather than a deployment.</param>
    public DeploymentOptions(Command command, Settings settings, bool changes = true)
    {
        if (changes)
        {
            _force = Setting.Flag(settings, "--force", "Take the place of a deployment under way that holds it");
            _reason = Setting.Of<string?>(settings, "--reason", "Why, for the scheduler's log", Values.Text, () => null);
            command.Add(_force);
            command.Add(_reason);
        }

        _noWait = Setting.Flag(settings, "--no-wait", "Do not wait for the end of the deployment");
        _patience = Setting.Of(settings, "--wait-limit", "The longest wait; the deployment goes on after it",
            Values.Time(TimeSpan.FromSeconds(1), TimeSpan.FromDays(7)), () => Patience, "30m");
        command.Add(_noWait);
        command.Add(_patience);
    }

    /// <summary>The query of a change; what is asked beside comes first.</summary>
    public string Query(ParseResult parse, params IEnumerable<string> more)
    {
        List<string> parts = [.. more];
        if (_force is not null && parse.GetValue(_force)) parts.Add("force=true");
        if (_reason is not null && parse.GetValue(_reason) is { } reason) parts.Add("reason=" + Uri.EscapeDataString(reason));
        return parts.Count == 0 ? "" : "?" + string.Join('&', parts);
    }

    /// <summary>Makes a change that answers with a deployment, and waits for its end.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="scheduler">Whom.</param>
    /// <param name="printer">Where it is shown.</param>
    /// <param name="method">How.</param>
    /// <param name="path">Where, with its query.</param>
    /// <param name="body">What.</param>
    /// <param name="apps">What it changes.</param>
    /// <param name="stop">Ends the wait.</param>
    public async Task RunAsync(
        ParseResult parse, Endpoint scheduler, Printer printer, HttpMethod method, string path, JsonNode? body,
        IReadOnlyList<string> apps, CancellationToken stop)
    {
        var waits = !parse.GetValue(_noWait);
        await using var outcomes = waits ? await DeploymentOutcomes.OpenAsync(scheduler, stop) : null;
        var answer = await scheduler.SendAsync(method, path, body, stop);
        if (answer is null || (string?)answer["deploymentId"] is not { } id)
        {
            printer.Terminal.Line("done");
            return;
        }

        if ((string?)answer["message"] is { } message) await TellAsync(printer, message);
        if (outcomes is not null)
            await WaitAsync(parse, scheduler, printer, outcomes, id, (string?)answer["version"], apps, stop);
        printer.Show(answer, [id], () => printer.Terminal.Line(waits ? $"deployment {id} is done"
            : $"deployment {id} is under way: 'lcm deployment watch {id}' waits for it"));
    }

    /// <summary>Waits for a deployment under way.</summary>
    public async Task WatchAsync(
        ParseResult parse, Endpoint scheduler, Printer printer, string id, CancellationToken stop)
    {
        await using var outcomes = await DeploymentOutcomes.OpenAsync(scheduler, stop);
        var under = scheduler.As(await scheduler.GetAsync($"/v2/deployments/{Uri.EscapeDataString(id)}", stop),
            MarathonJson.Default.Deployment);
        await WaitAsync(parse, scheduler, printer, outcomes, under.Id, under.Version, [.. DeploymentText.Affected(under)], stop);
        printer.Terminal.Line($"deployment {under.Id} is done");
    }

    private static Task TellAsync(Printer printer, string message) =>
        printer.Terminal.Error.WriteLineAsync($"lcm: {SafeText.Line(message)}");

    private Task WaitAsync(
        ParseResult parse, Endpoint scheduler, Printer printer, DeploymentOutcomes outcomes, string id, string? version,
        IReadOnlyList<string> apps, CancellationToken stop) =>
        new DeploymentWait(scheduler, printer.Terminal, parse.GetValue(_patience), scheduler.Limit * 1.5)
            .RunAsync(outcomes, id, version, apps, stop);
}
