using System.Diagnostics;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Protocol.Marathon;
using Spectre.Console;

namespace LifecycleManager.Cli.Commands.Operating.Deployments;

/// <summary>Waits for the end of a deployment, and says how it went.</summary>
/// <param name="scheduler">The scheduler.</param>
/// <param name="terminal">Where the progress is shown; a pipe gets the end alone.</param>
/// <param name="patience">The longest wait.</param>
/// <param name="away">How long the scheduler may be away meanwhile.</param>
internal sealed class DeploymentWait(Endpoint scheduler, Terminal terminal, TimeSpan patience, TimeSpan away)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan EventLag = TimeSpan.FromSeconds(3);
    private string? _toldPause;

    /// <summary>Waits.</summary>
    /// <param name="outcomes">Opened before the deployment was made.</param>
    /// <param name="deployment">Its id.</param>
    /// <param name="version">The version it leads to; null where it is not known.</param>
    /// <param name="apps">What it changes.</param>
    /// <param name="stop">Ends the wait: the deployment goes on.</param>
    /// <exception cref="CliException">It failed, is not done in time, or is not known any more.</exception>
    public async Task RunAsync(
        DeploymentOutcomes outcomes, string deployment, string? version, IReadOnlyList<string> apps, CancellationToken stop)
    {
        try
        {
            if (!terminal.IsTerminal) await FollowAsync(outcomes, deployment, version, apps, _ => { }, stop);
            else await terminal.Console.Status().StartAsync($"deployment {deployment}", status => FollowAsync(
                outcomes, deployment, version, apps, text => status.Status = Markup.Escape(SafeText.Line(text)), stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await terminal.Error.WriteLineAsync(
                $"lcm: ended by a signal; the deployment goes on: 'lcm deployment watch {deployment}' waits for it, "
                + $"'lcm deployment rollback {deployment}' takes it back");
            throw;
        }
    }

    private async Task FollowAsync(
        DeploymentOutcomes outcomes, string id, string? version, IReadOnlyList<string> apps, Action<string> progress,
        CancellationToken stop)
    {
        var (begun, seen, gone) = (Stopwatch.StartNew(), Stopwatch.StartNew(), new Stopwatch());
        for (; ; await Task.Delay(Poll, stop))
        {
            if (outcomes.HasEnded(id, out var failure))
            {
                if (failure is null) return;
                throw new CliException(
                    $"deployment {id} has failed: {SafeText.Line(failure).TrimEnd('.')}{await LastFailureAsync(apps, stop)}",
                    code: ExitStatus.DeploymentFailed);
            }

            try
            {
                var under = await FindAsync(id, stop);
                seen.Restart();
                if (under is not null)
                {
                    TellPause(under);
                    progress(await StepAsync(under, stop));
                }
                else if (!gone.IsRunning) gone.Start();
                else if (gone.Elapsed > EventLag && await IsAsWantedAsync(version, apps, stop)) return;
                else if (gone.Elapsed > EventLag)
                    throw new CliException(
                        $"deployment {id} has ended and its end was not heard: whether it succeeded is not known; "
                        + $"'lcm app show {First(apps)}' shows what there is", code: ExitStatus.Unknown);
            }
            catch (CliException e) when (e.Code == ExitStatus.Unavailable && !stop.IsCancellationRequested)
            {
                if (seen.Elapsed > away)
                    throw new CliException(
                        $"the scheduler at {scheduler.Address} is away: how deployment {id} goes is not known; "
                        + $"'lcm deployment watch {id}' goes on", e, ExitStatus.Unknown);
            }

            if (begun.Elapsed > patience)
                throw new CliException(
                    $"deployment {id} is not done within {Times.Span(patience)} and goes on{await LastFailureAsync(apps, stop)}: "
                    + $"'lcm why {First(apps)}' says what it waits for", code: ExitStatus.DeploymentFailed);
        }
    }

    private static string First(IReadOnlyList<string> apps) => apps.Count > 0 ? apps[0] : "APP";

    private async Task<Deployment?> FindAsync(string id, CancellationToken stop) =>
        scheduler.As(await scheduler.GetAsync("/v2/deployments", stop), MarathonJson.Default.IReadOnlyListDeployment)
            .FirstOrDefault(deployment => deployment.Id == id);

    /// <summary>That it waits for a word is no progress to be shown, but something to be done.</summary>
    private void TellPause(Deployment deployment)
    {
        var pause = deployment.Paused?.Message;
        if (pause == _toldPause) return;
        _toldPause = pause;
        if (pause is not null)
            terminal.Error.WriteLine(
                $"lcm: deployment {deployment.Id} rests: {SafeText.Line(pause)} ('lcm deployment promote {deployment.Id}', "
                + $"or 'lcm deployment rollback {deployment.Id}')");
    }

    private async Task<string> StepAsync(Deployment deployment, CancellationToken stop)
    {
        var step = DeploymentText.Step(deployment);
        if (!terminal.IsTerminal || deployment.AffectedApps is not [var app]) return step;
        return await AppAsync(app, stop) is { } now
            ? $"{step}: {now.TasksRunning ?? 0} of {now.Instances} run"
                + (now.HealthChecks is { Count: > 0 } ? $", {now.TasksHealthy ?? 0} healthy" : "")
                + (now.LastTaskFailure?.Message is { } last ? $"; last failure: {last}" : "")
            : step;
    }

    /// <summary>Where its end was missed: whether each app has the version that it leads to, and nothing under way.</summary>
    private async Task<bool> IsAsWantedAsync(string? version, IReadOnlyList<string> apps, CancellationToken stop)
    {
        if (version is null) return false;
        foreach (var id in apps)
        {
            if (await AppAsync(id, stop) is not { } app || app.Version != version
                || app.Deployments is { Count: > 0 }) return false;
        }

        return apps.Count > 0;
    }

    private async Task<string> LastFailureAsync(IReadOnlyList<string> apps, CancellationToken stop)
    {
        foreach (var id in apps)
        {
            try
            {
                if ((await AppAsync(id, stop))?.LastTaskFailure is { } failure)
                    return $"; the last instance of {id} that failed: {SafeText.Line(failure.Message).TrimEnd('.')} "
                        + $"({failure.State})";
            }
            catch (CliException)
            {
                // What is to be told is more than this.
            }
        }

        return "";
    }

    private async Task<App?> AppAsync(string id, CancellationToken stop) =>
        await scheduler.FindAsync(AppIds.Path(id) + "?embed=app.lastTaskFailure&embed=app.counts&embed=app.deployments", stop)
            is JsonObject answer ? scheduler.As(answer, MarathonJson.Default.AppAnswer).App : null;
}
