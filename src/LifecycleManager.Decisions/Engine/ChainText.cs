using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Engine.Islands;

namespace LifecycleManager.Decisions.Engine;

/// <summary>Tells the chain of rules over several apps that led to a count: causes before what they called forth.</summary>
internal static class ChainText
{
    private const int MaxLinks = 50;

    /// <summary>The chain; empty where nothing was demanded.</summary>
    public static IReadOnlyList<ChainLink> Write(AppMemory state)
    {
        var (outcome, watched) = (state.Outcome, state.Island?.Watched);
        if (outcome.Firings.Count == 0 && watched is not { Firings.Count: > 0 }) return [];
        var links = new List<ChainLink>();
        var told = new HashSet<Firing>(ReferenceEqualityComparer.Instance);
        foreach (var firing in outcome.Firings) Tell(firing, Lost(outcome, firing), told, links);
        foreach (var firing in watched?.Firings ?? [])
        {
            if (!outcome.Firings.Any(other => other.Rule == firing.Rule && other.Coordination == firing.Coordination
                && other.Kind == firing.Kind))
            {
                Tell(firing, "dry run", told, links);
            }
        }

        return links;
    }

    private static void Tell(Firing firing, string? outcome, HashSet<Firing> told, List<ChainLink> links)
    {
        if (!told.Add(firing)) return;
        foreach (var cause in firing.Causes) Tell(cause, null, told, links);
        foreach (var app in firing.Read)
        {
            if (firing.Causes.Any(cause => cause.App == app.Id)) continue;
            Add(Origin(app));
        }

        Add(new ChainLink(firing.App, firing.Coordination, firing.Rule, firing.Why, firing.Effect, outcome));

        void Add(ChainLink? link)
        {
            if (link is not null && links.Count < MaxLinks && !links.Contains(link)) links.Add(link);
        }
    }

    /// <summary>What an app wants by its own rules; null where it has none, or where they want no change.</summary>
    private static ChainLink? Origin(IslandApp app)
    {
        if (app.Memory is not { } memory || memory.Opinions.Wanted is not { Rule: >= 0 and var index, Count: var count }) return null;
        var rule = memory.Policy.RuleArray[index];
        return new ChainLink(app.Id, memory.Policy.Name, rule.Name, rule.Describe(memory.Opinions.All[index], memory.App),
            $"wants {memory.Opinions.Bounds.Clamp(count)}", app.IsDryRun ? "dry run" : null)
        {
            IsOwn = true,
        };
    }

    private static string? Lost(Outcome outcome, Firing firing) => firing.Kind switch
    {
        _ when firing.IsUnknown => null,
        Demand.AtLeast when firing.Count < outcome.AtLeast => $"at least {outcome.AtLeast} wins",
        Demand.AtMost when outcome.AtLeast > firing.Count => $"at least {outcome.AtLeast} wins",
        Demand.AtMost when firing.Count > outcome.AtMost => $"at most {outcome.AtMost} wins",
        _ => null,
    };
}
