using LifecycleManager.Master.Registry;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Security;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <summary>UPDATE_FRAMEWORK: a framework changes its description while it is subscribed, all of it or nothing.</summary>
internal sealed class FrameworkUpdates(
    ClusterServices services, FrameworkTable frameworks, AllocationQueue allocations, OfferTable offers, OperatorEvents events,
    ClusterViews views)
{
    /// <summary>Changes the description and the suppressed roles, once that is durable.</summary>
    /// <param name="framework">The framework.</param>
    /// <param name="call">The call.</param>
    /// <param name="principal">Who calls; null where nobody is asked.</param>
    /// <returns>200; 400 for what may not be, 403 for roles, 409 while it is removed, 503 by the store.</returns>
    public Task<OperatorResult> Update(Framework framework, UpdateFrameworkCall call, Principal? principal)
    {
        var info = call.FrameworkInfo;
        if (principal is not null) info = info with { Principal = info.Principal ?? principal.Name };
        if (FrameworkInfos.Problem(info) is { } invalid) return Invalid($"Supplied FrameworkInfo is not valid: {invalid}");
        if (FrameworkInfos.ChangeProblem(framework.Info, info) is { } fixedField)
            return Invalid($"FrameworkInfo update is not valid: {fixedField}");
        var roles = FrameworkInfos.Roles(info);
        var suppressed = call.SuppressedRoles ?? [];
        if (suppressed.Except(roles, StringComparer.Ordinal).ToList() is { Count: > 0 } others)
        {
            return Invalid("'UpdateFramework' call is not valid: Suppressed roles "
                + $"{string.Join(", ", others.Select(role => $"'{role}'"))} are not contained in the set of roles");
        }

        if (principal is not null && roles.Where(role => !principal.MayRunAs(role)).ToList() is { Count: > 0 } refused)
        {
            return Task.FromResult(new OperatorResult(403, $"Principal '{principal.Name}' is not authorized to use the roles "
                + string.Join(", ", refused.Select(role => $"'{role}'"))));
        }

        if (framework.IsLeaving) return OperatorResult.Conflict($"Framework {framework.Id.Value} is being removed");
        var done = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        services.Changes.Advance();
        framework.Updates++;
        frameworks.Store(
            new FrameworkEntry(info, framework.RegisteredAt),
            () =>
            {
                framework.Updates--;
                Apply(framework, info, suppressed);
                done.SetResult(OperatorResult.Done);
            },
            cause =>
            {
                framework.Updates--;
                done.SetResult(OperatorResult.Unavailable(cause));
            });
        return done.Task;
    }

    private void Apply(Framework framework, FrameworkInfo info, IReadOnlyList<string> suppressed)
    {
        services.Changes.Advance();
        var left = framework.Roles.Except(FrameworkInfos.Roles(info), StringComparer.Ordinal).ToList();
        foreach (var offer in framework.Offers.Values.Where(offer => left.Contains(offer.Role)).ToList())
            offers.TakeBack(offer, rescind: true);
        framework.ForgetRefusals(left);
        framework.Info = info;
        framework.Suppressed.Clear();
        framework.Suppressed.UnionWith(suppressed);
        services.Log.LogInformation("Framework {Framework} ({Name}) has a new description", framework.Id.Value, info.Name);
        events.FrameworkChanged(() => views.Of(framework), isNew: false);
        allocations.MarkAllDirty();
    }

    private static Task<OperatorResult> Invalid(string problem) => Task.FromResult(new OperatorResult(400, problem));
}
