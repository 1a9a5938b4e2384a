using System.Collections.Concurrent;
using LifecycleManager.Decisions.CSharp.Loading;

namespace LifecycleManager.Decisions.CSharp.Running;

/// <summary>
/// What the rules of one decision take, over all its rounds. Written by the rules' thread, and read by whoever gave it up.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class TurnTime(TimeProvider time)
{
    private readonly ConcurrentDictionary<CSharpRule, TimeSpan> _spent = [];
    private volatile Running? _now;

    /// <summary>What is left of <see cref="IslandTurn.Limit"/>.</summary>
    public TimeSpan Left => IslandTurn.Limit - All().Aggregate(TimeSpan.Zero, (sum, spent) => sum + spent.Spent);

    /// <summary>The rule that took the most; null where none was run.</summary>
    public CSharpRule? Slowest => All().OrderByDescending(spent => spent.Spent)
        .ThenBy(spent => spent.Rule.Type, StringComparer.Ordinal).FirstOrDefault().Rule;

    /// <summary>A rule begins, and the one before it ends.</summary>
    public void Begin(CSharpRule rule)
    {
        End();
        _now = new Running(rule, time.GetTimestamp());
    }

    /// <summary>The last rule ends.</summary>
    public void End()
    {
        if (_now is not { } ended) return;
        var spent = time.GetElapsedTime(ended.Since);
        _spent.AddOrUpdate(ended.Rule, spent, (_, before) => before + spent);
        _now = null;
    }

    private IEnumerable<(CSharpRule Rule, TimeSpan Spent)> All()
    {
        var spent = _spent.Select(other => (Rule: other.Key, Spent: other.Value));
        return _now is { } now ? spent.Append((now.Rule, time.GetElapsedTime(now.Since))) : spent;
    }

    private sealed record Running(CSharpRule Rule, long Since);
}
