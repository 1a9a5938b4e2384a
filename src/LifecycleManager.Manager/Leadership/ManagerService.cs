using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Tables;
using LifecycleManager.Manager.Webhooks;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Storage;
using LifecycleManager.Storage.Leading;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Leadership;

/// <summary>Runs a manager's terms, one after the other, and hands the policies in force to them.</summary>
internal sealed class ManagerService(
    LeadershipService leadership, TargetAwareElection election, ManagerTermFactory terms, ManagerState state,
    PolicyDirectory policies, RecordTables tables, DecisionWebhooks webhooks,
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
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var filling = tables.FillAsync(() => term.Archive, term.Audit, lead.Fence, ending.Token);
        var telling = webhooks.TellAsync(() => term.Archive, lead.Fence, ending.Token);
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
            await ending.CancelAsync();
            await filling;
            await telling;
        }
    }

    /// <summary>Compiles the policies while another leads, so that this manager decides at once when it takes over.</summary>
    private void Prepare()
    {
        try
        {
            RuleNetworks.Prepare(policies.Current);
        }
        catch (Exception e)
        {
            // A policy that cannot be compiled is held, and named, once it is to be decided.
            log.LogDebug(e, "The policies are not prepared: {Reason}", e.Message);
        }
    }

    private void Follow()
    {
        metrics.PolicyFilesRefused(policies.Files.Count(file => file.Refused));
        metrics.Policies(policies.Current.Policies.Count);
        if (state.Term is { } term) term.UsePolicies(policies.Current);
        else _ = Task.Run(Prepare);
    }
}
