using LifecycleManager.Decisions.Engine;

namespace LifecycleManager.Decisions.Tools.Testing;

/// <summary>What is expected of one app at one time; what is null is not looked at.</summary>
internal sealed record Expectation(SourcePlace Place, TimeSpan At, string App)
{
    /// <summary>The words for what a decision is.</summary>
    public static readonly (string Word, DecisionKind Kind)[] Kinds =
        [("hold", DecisionKind.Hold), ("scaleOut", DecisionKind.ScaleOut), ("scaleIn", DecisionKind.ScaleIn)];

    /// <summary>The count.</summary>
    public int? Instances { get; init; }

    /// <summary>The direction.</summary>
    public DecisionKind? Kind { get; init; }

    /// <summary>The rule that was taken.</summary>
    public string? Rule { get; init; }

    /// <summary>What the reason says.</summary>
    public string? Reason { get; init; }

    /// <summary>What the links of the chain say, in their order; others may stand between them.</summary>
    public IReadOnlyList<string> Chain { get; init; } = [];

    /// <summary>Whether the count alone is looked at: an app without a policy has nothing else.</summary>
    public bool IsCount => Kind is null && Rule is null && Reason is null && Chain.Count == 0;

    /// <summary>What is not as expected; null where all is.</summary>
    /// <param name="decision">The last decision; null where no policy governs the app.</param>
    /// <param name="instances">The count.</param>
    public string? Wrong(Decision? decision, int instances)
    {
        if (Instances is { } count && count != instances) return $"expected {count} instances, got {instances}";
        if (decision is null) return IsCount ? null : "no policy decides it";
        if (Kind is { } kind && kind != decision.Kind) return $"expected {Word(kind)}, got {Word(decision.Kind)}";
        if (Rule is not null && Rule != decision.Rule) return $"expected the rule '{Rule}', got '{decision.Rule ?? "none"}'";
        if (Reason is not null && !decision.Reason.Contains(Reason, StringComparison.Ordinal))
            return $"expected the reason to say '{Reason}'";
        var links = new Queue<string>(decision.Chain.Select(Text));
        foreach (var part in Chain)
        {
            while (links.TryPeek(out var link) && !link.Contains(part, StringComparison.Ordinal)) links.Dequeue();
            if (links.TryDequeue(out _)) continue;
            var all = decision.Chain.Count == 0 ? "it is empty" : string.Join("; ", decision.Chain.Select(Text));
            return $"expected the chain to say '{part}': {all}";
        }

        return null;
    }

    /// <summary><c>/shop/api at least 5 (shop, the api follows the web tier: web.wanted 9 > 2 * api.wanted 1)</c>.</summary>
    private static string Text(ChainLink link) =>
        $"{link.App} {link.Effect} ({link.By}{(link.Rule is null ? "" : ", " + link.Rule)}: {link.Why})"
        + (link.Outcome is null ? "" : $", {link.Outcome}");

    private static string Word(DecisionKind kind) => Kinds.First(known => known.Kind == kind).Word;
}
