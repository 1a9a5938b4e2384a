using System.Globalization;

namespace LifecycleManager.Scheduler.Placement;

/// <summary>Labels of an app that its placement heeds.</summary>
public static class PlacementLabels
{
    /// <summary><c>spread</c>, <c>bin-packing</c> or <c>random</c>; else the cluster's strategy.</summary>
    public const string StrategyName = "lcm.placement";

    /// <summary>A whole number; higher ones are placed first and may take the place of lower ones. Default 0.</summary>
    public const string PriorityName = "lcm.priority";

    /// <summary>The app's own strategy, or null.</summary>
    public static PlacementStrategy? Strategy(IReadOnlyDictionary<string, string> labels) =>
        labels.TryGetValue(StrategyName, out var text) && TryParse(text, out var strategy) ? strategy : null;

    /// <summary>The app's priority.</summary>
    public static int Priority(IReadOnlyDictionary<string, string> labels) =>
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
