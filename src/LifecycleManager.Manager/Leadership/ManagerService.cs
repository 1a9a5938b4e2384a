using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Storage;
using LifecycleManager.Storage.Leading;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Leadership;

/// <summary>Runs a manager's terms, one after the other, and hands the policies in force to them.</summary>
internal sealed class ManagerService(
    LeadershipService leadership, TargetAwareElection election, ManagerTermFactory terms, ManagerState state,
    PolicyDirectory policies,
    ManagerMetrics metrics, RoleFailure failure, ILogger<ManagerService> log) : BackgroundService
{
    /// <summary>The election that managers stand in.</summary>
    public const string Election = "manager";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        policies.Changed += Follow;
        try
        {
            Follow();
            await leadership.RunAsync(LeadAsync, stoppingToken);
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            failure.Fail(e);
        }
        finally
        {
            policies.Changed -= Follow;
        }
    }

    private async Task LeadAsync(ILeadership lead, CancellationToken cancellation)
    {
        await using var term = terms.Create(lead, election.GracePeriod);
        await term.LoadAsync(cancellation);
        leadership.Working();
        log.LogInformation("This manager leads");
        state.Term = term;
        try
        {
            Follow();
            var run = term.RunAsync(cancellation);
            await Task.WhenAny(run, term.TargetLost);
            if (!run.IsCompleted && !cancellation.IsCancellationRequested)
            {
                log.LogWarning("This manager gives up the lead, since another may reach the target: {Problem}",
                    await term.TargetLost);
                election.GiveUp();
                await leadership.AbdicateAsync();
            }

            await run;
        }
        finally
        {
            state.Term = null;
        }
    }

    private void Follow()
    {
        metrics.PolicyFilesRefused(policies.Files.Count(file => file.Refused));
        metrics.Policies(policies.Current.Policies.Count);
        state.Term?.UsePolicies(policies.Current);
    }
}
