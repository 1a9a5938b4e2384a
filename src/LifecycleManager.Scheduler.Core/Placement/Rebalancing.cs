using LifecycleManager.Scheduler.Core.Definitions.Labels;

namespace LifecycleManager.Scheduler.Core.Placement;

/// <summary>An instance that runs, as rebalancing sees it.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="At">Where it is.</param>
/// <param name="Ports">The host ports it has.</param>
internal sealed record MovableInstance(string TaskId, PlacedInstance At, IReadOnlyList<int> Ports);

/// <summary>An app whose instances may move.</summary>
/// <param name="App">Its id.</param>
/// <param name="Spec">What one instance needs.</param>
/// <param name="Terms">Its wishes about others.</param>
/// <param name="Instances">Where they are.</param>
internal sealed record SettledApp(string App, PlacementSpec Spec, IReadOnlyList<AffinityTerm> Terms,
    IReadOnlyList<MovableInstance> Instances);

/// <summary>An instance that would be better off elsewhere.</summary>
/// <param name="App">Its app.</param>
/// <param name="TaskId">The task that is replaced.</param>
/// <param name="From">The host that it is on.</param>
/// <param name="To">The host that its successor would be placed on now.</param>
/// <param name="Reason">Why, for people.</param>
internal sealed record Move(string App, string TaskId, string From, string To, string Reason);

/// <summary>
/// Which instances to move: each one in turn is taken from its agent and placed anew, by the same code that places launches, and
/// moves where that puts it somewhere better: its constraints are kept that are not kept now, or its app's strategy is served by
/// a clear margin. Every move is planned on top of those before it. Reservations are not told apart.
/// </summary>
internal static class Rebalancing
{
    // Of an agent's cpus and memory: what a restart is worth.
    private const double Margin = 0.1;

    /// <summary>Plans.</summary>
    /// <param name="agents">All agents with what is free on them; changed to what the moves leave.</param>
    /// <param name="apps">The apps, in the order in which they are looked at.</param>
    /// <param name="most">The most moves.</param>
    /// <param name="cancellation">Gives up.</param>
    public static IReadOnlyList<Move> Plan(
        IReadOnlyList<AgentPool> agents, IReadOnlyList<SettledApp> apps, int most, CancellationToken cancellation = default)
    {
        var moves = new List<Move>();
        var at = agents.Select((agent, index) => (agent.AgentId, index))
            .ToDictionary(agent => agent.AgentId, agent => agent.index, StringComparer.Ordinal);

        // The largest agent, as far as the apps' own instances and what is free make it up.
        var used = apps.SelectMany(app => app.Instances.Select(instance => (instance.At.AgentId, app.Spec)))
            .ToLookup(one => one.AgentId, one => one.Spec);
        double Largest(Func<AgentPool, long> has, Func<PlacementSpec, long> uses) =>
            agents.Select(agent => has(agent) + used[agent.AgentId].Sum(uses)).Append(1).Max();
        var (mostCpus, mostMem) = (Largest(agent => agent.FreeCpus, spec => spec.Cpus),
            Largest(agent => agent.FreeMem, spec => spec.Mem));
        double Free(AgentPool agent) => ((agent.FreeCpus / mostCpus) + (agent.FreeMem / mostMem)) / 2;
        var where = apps.ToDictionary(app => app.App, app => app.Instances.Select(instance => instance.At)
            .ToList(), StringComparer.Ordinal);
        var wishes = apps.Any(app => app.Terms.Count > 0);
        foreach (var app in apps)
        {
            for (var number = 0; number < app.Instances.Count && moves.Count < most; number++)
            {
                cancellation.ThrowIfCancellationRequested();
                var instance = app.Instances[number];
                if (!at.TryGetValue(instance.At.AgentId, out var from)) continue;
                var others = where[app.App].Where((_, index) => index != number).ToList();
                var request = new PlacementRequest(app.Spec with { Roles = ["*"] }, 1, others)
                {
                    App = app.App,
                    Near = !wishes ? [] : AffinityRule.For(
                        app.App, app.Terms, [.. apps.Select(other => new Neighbour(other.App, other.Terms, where[other.App]))]),
                };
                var here = agents[from];
                Return(here, app.Spec, instance.Ports);
                var found = Placer.Place(agents, [request], new Random(0)).Placements;
                var reason = found.Count == 0 || found[0].Agent == from
                    ? null : Better(request, here, agents[found[0].Agent], Free, others);
                if (reason is null)
                {
                    if (found.Count > 0) Return(agents[found[0].Agent], app.Spec, [.. found[0].Ports.OfType<int>()]);
                    Take(here, app.Spec, instance.Ports);
                    continue;
                }

                var there = agents[found[0].Agent];
                where[app.App][number] = new PlacedInstance(there.AgentId, there.Host, there.Region, there.Zone,
                    there.Attributes);
                moves.Add(new Move(app.App, instance.TaskId, here.Host, there.Host, reason));
            }
        }

        return moves;
    }

    /// <summary>Why an instance is better off there, or null; it has been taken from here, and put there.</summary>
    private static string? Better(
        PlacementRequest request, AgentPool here, AgentPool there, Func<AgentPool, double> free,
        IReadOnlyList<PlacedInstance> others)
    {
        if (Placer.Forbidden(request, here, others).FirstOrDefault() is { } broken) return broken;
        var (dislikedHere, dislikedThere) = (Disliked(here), Disliked(there));
        if (dislikedThere != dislikedHere) return dislikedThere < dislikedHere ? "a preferred affinity is kept there" : null;
        var (countHere, countThere) = (Count(here), Count(there));

        // What is free there is counted without the instance, as it is here.
        var gain = free(there) + Share(there) - free(here);
        switch (request.Spec.Strategy)
        {
            case PlacementStrategy.Spread:
                if (countThere != countHere)
                    return countThere < countHere
                    ? $"{countHere} other instances of the app are at '{here.Host}', {countThere} at '{there.Host}'" : null;
                return gain > Margin ? FormattableString.Invariant($"'{there.Host}' has {gain:P0} more of an agent free") : null;
            case PlacementStrategy.BinPacking:
                return -gain > Margin
                ? FormattableString.Invariant(
                    $"'{there.Host}' has {-gain:P0} less of an agent free, so that '{here.Host}' empties") : null;
            default:
                return null;
        }

        int Disliked(AgentPool agent) => request.Near.Count(rule => !rule.IsRequired && !rule.Allows(agent));
        int Count(AgentPool agent) => others.Count(other => other.AgentId == agent.AgentId);
        double Share(AgentPool agent)
        {
            var without = free(agent);
            Return(agent, request.Spec, []);
            var share = free(agent) - without;
            Take(agent, request.Spec, []);
            return share;
        }
    }

    private static void Return(AgentPool agent, PlacementSpec spec, IReadOnlyList<int> ports)
    {
        var role = agent.Roles[0];
        (role.Cpus, role.Mem, role.Disk, role.Gpus) =
            (role.Cpus + spec.Cpus, role.Mem + spec.Mem, role.Disk + spec.Disk, role.Gpus + spec.Gpus);
        foreach (var port in ports) role.Ports.Return(port);
    }

    private static void Take(AgentPool agent, PlacementSpec spec, IReadOnlyList<int> ports)
    {
        var role = agent.Roles[0];
        (role.Cpus, role.Mem, role.Disk, role.Gpus) =
            (role.Cpus - spec.Cpus, role.Mem - spec.Mem, role.Disk - spec.Disk, role.Gpus - spec.Gpus);
        foreach (var port in ports) role.Ports.Take(port);
    }
}
