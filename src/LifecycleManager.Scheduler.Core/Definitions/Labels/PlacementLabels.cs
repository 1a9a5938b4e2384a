using System.Globalization;

namespace LifecycleManager.Scheduler.Core.Definitions.Labels;

/// <summary>Labels of an app that its placement heeds.</summary>
public static class PlacementLabels
{
    /// <summary><c>spread</c>, <c>bin-packing</c> or <c>random</c>; else the cluster's strategy.</summary>
    internal const string StrategyName = "lcm.placement";

    /// <summary>A whole number; higher ones are placed first and may take the place of lower ones. Default 0.</summary>
    internal const string PriorityName = "lcm.priority";

    /// <summary>
    /// The other apps that each instance must be near: <c>/db, /cache/* in @zone</c>; see <see cref="AffinityTerm.Read"/>.
    /// </summary>
    internal const string AffinityName = "lcm.affinity";

    /// <summary>The other apps that no instance may be near; they keep away from it likewise.</summary>
    internal const string AntiAffinityName = "lcm.antiAffinity";

    /// <summary>Added to either: a preference, where it can be had.</summary>
    internal const string Preferred = ".preferred";

    private static readonly (string Name, bool IsNear, bool IsRequired)[] Affinities =
    [
        (AffinityName, true, true), (AntiAffinityName, false, true), (AffinityName + Preferred, true, false),
        (AntiAffinityName + Preferred, false, false),
    ];

    /// <summary>The app's wishes about others.</summary>
    internal static IReadOnlyList<AffinityTerm> Affinity(IReadOnlyDictionary<string, string> labels)
    {
        List<AffinityTerm>? terms = null;
        foreach (var (name, near, required) in Affinities)
            if (labels.TryGetValue(name, out var text)) (terms ??= []).AddRange(AffinityTerm.Read(text, near, required, out _));
        return terms ?? (IReadOnlyList<AffinityTerm>)[];
    }

    /// <summary>What cannot be read of an app's wishes about others, by label.</summary>
    internal static IEnumerable<(string Label, string Problem)> AffinityProblems(string app,
        IReadOnlyDictionary<string, string> labels)
    {
        foreach (var (name, near, required) in Affinities)
        {
            if (!labels.TryGetValue(name, out var text)) continue;
            var terms = AffinityTerm.Read(text, near, required, out var problem);
            if (problem is not null) yield return (name, problem);
            else if (terms.Any(term => term.Others == app))
                yield return (name,
                    "must name other apps: for an app's own instances there are the constraints UNIQUE, CLUSTER and MAX_PER");
        }
    }

    /// <summary>The app's own strategy, or null.</summary>
    internal static PlacementStrategy? Strategy(IReadOnlyDictionary<string, string> labels) =>
        labels.TryGetValue(StrategyName, out var text) && TryParse(text, out var strategy) ? strategy : null;

    /// <summary>The app's priority.</summary>
    internal static int Priority(IReadOnlyDictionary<string, string> labels) =>
        labels.TryGetValue(PriorityName, out var text)
        && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var priority) ? priority : 0;

    /// <summary>Reads a strategy's name.</summary>
    public static bool TryParse(string text, out PlacementStrategy strategy)
    {
        (var known, strategy) = text switch
        {
            "spread" => (true, PlacementStrategy.Spread),
            "bin-packing" => (true, PlacementStrategy.BinPacking),
            "random" => (true, PlacementStrategy.Random),
            _ => (false, default),
        };
        return known;
    }
}
