using LifecycleManager.Console.Clients;
using LifecycleManager.Console.Live;

namespace LifecycleManager.Console.Components;

/// <summary>Something that one can go to by a part of its name.</summary>
/// <param name="Kind">What it is, in a word.</param>
/// <param name="Name">Its id or name.</param>
/// <param name="Address">Its page.</param>
/// <param name="More">More that it is found by, and that is shown beside; null for nothing.</param>
public sealed record JumpTarget(string Kind, string Name, string Address, string? More = null)
{
    private static readonly JumpTarget[] Pages =
    [
        new("Page", "Overview", "/ui"), new("Page", "Applications", "/ui/apps"), new("Page", "Pods", "/ui/pods"),
        new("Page", "Deployments", "/ui/deployments"), new("Page", "Queue", "/ui/queue"),
    ];

    private static readonly JumpTarget[] PagesOfManager =
    [
        new("Page", "Policies", "/ui/policies"), new("Page", "Decisions", "/ui/decisions"),
        new("Page", "Right size", "/ui/sizes"),
    ];

    /// <summary>What a text finds: every word of it is somewhere in what it finds; the nearest first.</summary>
    /// <param name="text">What somebody has typed.</param>
    /// <param name="among">All that there is.</param>
    /// <param name="most">So many are given.</param>
    /// <returns>Those, and how many there are.</returns>
    public static (IReadOnlyList<JumpTarget> Found, int Count) Find(string text, IEnumerable<JumpTarget> among, int most)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var found = among.Where(target => words.All(word => target.Has(word))).ToList();
        return ([.. found.OrderBy(target => target.Distance(words)).ThenBy(target => target.Name.Length)
            .ThenBy(target => target.Name, StringComparer.Ordinal).Take(most)], found.Count);
    }

    /// <summary>All that the pages of a caller know of, and which roles could not be asked.</summary>
    internal static async Task<(IReadOnlyList<JumpTarget> All, IReadOnlyList<string> Away)> AllAsync(
        Feed feed, CancellationToken cancellation)
    {
        var away = new List<string>();
        var (apps, pods) = (ReadAsync("the scheduler", feed.Apps), ReadAsync("the scheduler", feed.Pods));
        var (agents, policies) = (ReadAsync("the master", feed.Agents), ReadAsync("the manager", feed.Policies));
        var (schedules, decisions) = (ReadAsync("the manager", feed.Schedules), ReadAsync("the manager", feed.Decisions));
        await Task.WhenAll(apps, pods, agents, policies, schedules, decisions);
        List<JumpTarget> all = [.. Pages];
        if (feed.Agents is not null)
            all.AddRange([new("Page", "Agents", "/ui/agents"), new("Page", "Cluster", "/ui/cluster")]);
        if (feed.Caller.Scope.MayEverywhere(Security.GroupPermission.View))
            all.Add(new JumpTarget("Page", "Rebalance", "/ui/rebalance"));
        if (feed.Manager is not null) all.AddRange(PagesOfManager);
        if (feed.Schedules is not null) all.Add(new JumpTarget("Page", "Schedules", "/ui/schedules"));
        var ids = (await apps ?? []).Select(app => app.Id!).ToList();
        all.AddRange(ids.Select(id => new JumpTarget("App", id, "/ui/apps" + id)));
        var ofPods = (await pods ?? []).Select(pod => pod.Id).ToList();
        all.AddRange(ids.Concat(ofPods).SelectMany(GroupTies.Above).Distinct(StringComparer.Ordinal).Select(group =>
            new JumpTarget("Group", group, "/ui/groups" + group)));
        all.AddRange(ofPods.Select(id => new JumpTarget("Pod", id, "/ui/pods" + id)));
        all.AddRange((await agents ?? []).Select(agent => new JumpTarget(
            "Agent", agent.Hostname, "/ui/agents/" + Uri.EscapeDataString(agent.Id), agent.Id)));
        all.AddRange((await policies)?.Policies.Select(policy =>
            new JumpTarget("Policy", policy.Name, "/ui/policies", policy.App)) ?? []);
        all.AddRange((await schedules)?.Jobs.Select(job => new JumpTarget(
            "Schedule", job.Name, "/ui/schedules/" + Uri.EscapeDataString(job.Name), job.App)) ?? []);
        all.AddRange((await decisions ?? []).Select(decision => new JumpTarget("Decision", decision.Id,
            "/ui/decisions?id=" + Uri.EscapeDataString(decision.Id),
            $"{decision.App} {decision.From} → {decision.To}, {PageTimes.Written(decision.At)}")));
        return (all, [.. away.Distinct()]);

        async Task<T?> ReadAsync<T>(string role, Watch<T>? watch)
            where T : class
        {
            if (watch is null) return null;
            var read = await watch.LatestAsync(cancellation);
            if (read.Trouble is not null)
            {
                lock (away) away.Add(role);
            }

            return read.Value;
        }
    }

    private bool Has(string word) => Name.Contains(word, StringComparison.OrdinalIgnoreCase)
        || More?.Contains(word, StringComparison.OrdinalIgnoreCase) == true
        || Kind.Equals(word, StringComparison.OrdinalIgnoreCase);

    // Its very name, the last part of it, the beginning of that, a part of it, what else is known of it.
    private int Distance(string[] words)
    {
        if (words.Length == 0) return Kind == "Page" ? 0 : 1;
        var last = Name[(Name.LastIndexOf('/') + 1)..];
        return words.Sum(word => Name.Equals(word, StringComparison.OrdinalIgnoreCase) ? 0
            : last.Equals(word, StringComparison.OrdinalIgnoreCase) ? 1
            : last.StartsWith(word, StringComparison.OrdinalIgnoreCase) ? 2
            : Name.Contains(word, StringComparison.OrdinalIgnoreCase) ? 3 : 4);
    }
}
