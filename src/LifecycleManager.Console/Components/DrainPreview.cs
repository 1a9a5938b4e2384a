using System.Globalization;
using LifecycleManager.Console.Clients;

namespace LifecycleManager.Console.Components;

/// <summary>
/// What a drain will do, as far as it can be told before: which instances end, and where their like would find room by what is
/// free now. Where they go in the end, the scheduler decides when it is offered something.
/// </summary>
internal static class DrainPreview
{
    private const int MostLines = 12;

    /// <summary>Its lines, for people.</summary>
    /// <param name="agent">The agent that is drained.</param>
    /// <param name="load">What runs there; null where that cannot be read.</param>
    /// <param name="agents">All agents.</param>
    /// <param name="grace">The longest that a task may take to end; null for its own.</param>
    public static IReadOnlyList<string> Lines(
        AgentRow agent, IReadOnlyList<AgentLoad>? load, IReadOnlyList<AgentRow> agents, TimeSpan? grace)
    {
        const string Closed = "Nothing starts there until it is resumed.";
        if (load is null) return ["All that runs there is ended. What that is, cannot be read now.", Closed];
        var time = grace is { } most ? string.Create(
            CultureInfo.InvariantCulture, $"its grace period, and no longer than {most.TotalSeconds:0} s") : "its grace period";
        var count = load.Sum(part => part.Count);
        var lines = new List<string>
        {
            count == 0 ? $"No instance runs on {agent.Hostname}."
                : $"{(count == 1 ? "1 instance" : $"{count} instances")} on {agent.Hostname} "
                + $"{(count == 1 ? "ends" : "end")}, each within {time}; others are started in their place:",
        };
        var places = Places(load, agents.Where(other => other.IsActive && other.Id != agent.Id)).ToList();
        lines.AddRange(places.Take(MostLines));
        if (places.Count > MostLines) lines.Add($"and {places.Count - MostLines} more lines like these.");
        if (count > 0)
            lines.Add("That is by the cpus and memory that are free now: constraints, ports and roles may have it otherwise.");
        var others = agent.Used.Minus(load.Aggregate(default(Amounts), (sum, part) => sum.Plus(part.Sum)));
        if (others.Cpus > 0.01 || others.Mem > 1)
            lines.Add($"{Text(others)} more are in use there, by other frameworks or by what ends already: that ends too.");
        lines.Add(Closed);
        return lines;
    }

    /// <summary>Where the instances of a load would find room: the largest first, each where the most cpus are free.</summary>
    private static IEnumerable<string> Places(IReadOnlyList<AgentLoad> load, IEnumerable<AgentRow> agents)
    {
        var free = agents.Select(agent => (agent.Hostname, Left: agent.Total.Minus(agent.Used))).ToArray();
        var found = load.SelectMany(part => part.Instances, (part, size) => (part.Name, Size: size))
            .OrderByDescending(one => one.Size.Cpus).ThenByDescending(one => one.Size.Mem)
            .ThenBy(one => one.Name, StringComparer.Ordinal)
            .Select(one => (one.Name, one.Size, To: Take(free, one.Size))).ToList();
        return found.GroupBy(one => (one.Name, one.To)).OrderBy(same => same.Key.To is not null)
            .ThenBy(same => same.Key.Name, StringComparer.Ordinal).ThenBy(same => same.Key.To, StringComparer.Ordinal)
            .Select(same => same.Key.To is { } to ? $"{same.Key.Name}: {same.Count()} to {to}"
                : $"{same.Key.Name}: {same.Count()} will wait: no other agent has {Text(same.First().Size)} free");
    }

    private static string? Take((string Hostname, Amounts Left)[] free, Amounts size)
    {
        var best = -1;
        for (var i = 0; i < free.Length; i++)
        {
            if (free[i].Left.HasRoomFor(size) && (best < 0 || free[i].Left.Cpus > free[best].Left.Cpus)) best = i;
        }

        if (best < 0) return null;
        free[best].Left = free[best].Left.Minus(size);
        return free[best].Hostname;
    }

    private static string Text(Amounts size) =>
        string.Create(CultureInfo.InvariantCulture, $"{size.Cpus:0.##} cpus and {size.Mem:0} MB");
}
