using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Scaling.Evaluation;
using LifecycleManager.Scaling.Observability;
using LifecycleManager.Scaling.Schedules;
using LifecycleManager.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scaling.Leadership;

/// <summary>Stands for leader; evaluates while it leads, and follows the policy files always.</summary>
internal sealed class ManagerOffice(
    ILeaderElection election,
    Evaluator evaluator,
    QuartzTicks ticks,
    PolicyDirectory policies,
    ManagerMetrics metrics,
    ManagerOptions options,
    TimeProvider time,
    ILogger<ManagerOffice> logger) : BackgroundService
{
    public const string Election = "manager";

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan BetweenCandidatures = TimeSpan.FromSeconds(1);

    private volatile ILeadership? _office;

    /// <summary>To be passed with writes; null while this manager does not lead.</summary>
    public Fence? Fence => _office is { Lost.IsCancellationRequested: false } office ? office.Fence : null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        policies.Changed += OnPoliciesChanged;
        evaluator.SchedulesChanged += OnSchedulesChanged;
        try
        {
            ShowFiles();
            await evaluator.UsePoliciesAsync();
            while (!stoppingToken.IsCancellationRequested)
            {
                try
                {
                    await LeadAsync(stoppingToken);
                }
                catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
                {
                    break;
                }
                catch (Exception e)
                {
                    logger.LogError("Leading the managers failed, to be tried again: {Reason}", e.Message);
                }

                await Task.Delay(BetweenCandidatures, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end.
        }
        finally
        {
            policies.Changed -= OnPoliciesChanged;
            evaluator.SchedulesChanged -= OnSchedulesChanged;
        }

        async void OnPoliciesChanged()
        {
            try
            {
                ShowFiles();
                await evaluator.UsePoliciesAsync();
                if (Fence is not null) await evaluator.TickAsync("policies changed", null, stoppingToken);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                // The end.
            }
            catch (Exception e)
            {
                logger.LogError(e, "Taking the changed policies failed; the next tick tries again");
            }
        }

        async void OnSchedulesChanged(IReadOnlyList<ScheduledRule> rules)
        {
            try
            {
                await ticks.FollowAsync(rules, stoppingToken);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                // The end.
            }
            catch (Exception e)
            {
                logger.LogError(e, "The jobs of the scheduled rules could not be renewed; rules act at the next tick all the same");
            }
        }
    }

    private async Task LeadAsync(CancellationToken stopping)
    {
        await using var office = await election.StandAsync(Election, options.Address.ToString(), stopping);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping, office.Lost);
        try
        {
            await evaluator.BeginAsync(office, ended.Token);
            _office = office;
            logger.LogInformation("This manager leads");
            await ticks.StartAsync(evaluator.Snapshot.Schedules, ended.Token);
            await Task.Delay(Timeout.InfiniteTimeSpan, ended.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            if (!stopping.IsCancellationRequested) logger.LogWarning("This manager no longer leads");
        }
        finally
        {
            _office = null;
            await ticks.StopAsync();
            await evaluator.EndAsync(stopping.IsCancellationRequested ? Grace : TimeSpan.Zero);
        }
    }

    private void ShowFiles() => metrics.PolicyFilesRefused(policies.Files.Count(file => file.Refused));
}
