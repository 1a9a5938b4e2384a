using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Cli.Commands;

/// <summary><c>lcm rebalance</c>: shows which instances would be better off elsewhere, and moves them when told to.</summary>
internal static class RebalanceCommand
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    public static Command Create(Settings settings)
    {
        var command = new Command("rebalance",
            "Shows which instances would be better off on other agents, and why; with --apply moves them, app by app, within their upgrade strategies.");
        var scheduler = Setting.Of(settings, "--scheduler", "The scheduler", Values.Url,
            () => new Uri($"http://127.0.0.1:{SchedulerCommand.Port}"), $"http://127.0.0.1:{SchedulerCommand.Port}");
        var max = Setting.Of(settings, "--max", "The most moves", Values.Count(1, 10_000), () => 100, "100");
        var apply = Setting.Flag(settings, "--apply", "Make the moves that are shown, and wait until they are made");
        foreach (Option option in (Option[])[scheduler, max, apply]) command.Add(option);
        var caller = new CallerSettings(command, settings, "a scheduler");
        command.SetAction(async (parse, stop) =>
        {
            var who = caller.Caller(parse);
            using var client = new HttpClient(who.Saying(who.Connections()))
            {
                BaseAddress = parse.GetValue(scheduler),
                Timeout = AnswerLimit,
            };
            var api = MarathonApi.For(client);
            var output = parse.InvocationConfiguration.Output;
            try
            {
                var plan = await api.PlanRebalance(parse.GetValue(max), stop);
                foreach (var move in plan.Moves)
                    await output.WriteLineAsync($"{move.App}  {move.From} -> {move.To}  {move.Task}: {move.Reason}");
                if (plan.Moves.Count == 0) await output.WriteLineAsync("lcm: every instance is where it would be placed");
                else if (!parse.GetValue(apply))
                    await output.WriteLineAsync($"lcm: {plan.Moves.Count} moves; --apply makes them");
                else await MoveAsync(api, plan, output, stop);
                return 0;
            }
            catch (Refit.ApiException e)
            {
                throw new CliException($"the scheduler answers {(int)e.StatusCode}: {e.Content}", e);
            }
            catch (Exception e) when (e is HttpRequestException or Refit.ApiExceptionBase or OperationCanceledException
                && !stop.IsCancellationRequested)
            {
                throw new CliException($"the scheduler at {client.BaseAddress} does not answer: {e.Message}", e);
            }
            catch (OperationCanceledException)
            {
                await parse.InvocationConfiguration.Error.WriteLineAsync(
                    "lcm: ended by a signal; moves under way go on: DELETE /v2/deployments/ID ends them");
                return ExitStatus.Interrupted;
            }
        });
        return command;
    }

    private static async Task MoveAsync(IMarathonApi api, RebalanceAnswer plan, TextWriter output, CancellationToken stop)
    {
        var id = (await api.Rebalance(new RebalanceTasks([.. plan.Moves.Select(move => move.Task)]), stop)).DeploymentId;
        await output.WriteLineAsync($"lcm: {plan.Moves.Count} moves, deployment {id}");
        for (var step = 0; (await api.GetDeployments(stop))
            .FirstOrDefault(deployment => deployment.Id == id) is { } deployment; await Task.Delay(Poll, stop))
        {
            if (deployment.CurrentStep == step) continue;
            step = deployment.CurrentStep;
            await output.WriteLineAsync(
                $"lcm: app {step} of {deployment.TotalSteps}: {string.Join(", ", deployment.CurrentActions.Select(action => action.App ?? action.Pod))}");
        }

        await output.WriteLineAsync("lcm: the deployment has ended");
    }
}
