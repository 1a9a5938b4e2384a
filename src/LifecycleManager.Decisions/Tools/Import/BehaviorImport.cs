using System.Globalization;
using YamlDotNet.Core;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>
/// How far a metric may be off its target before anything is done, for each direction; null for Kubernetes' 10 %.
/// </summary>
internal readonly record struct Tolerances(string? ScaleOut, string? ScaleIn)
{
    private const string Usual = "10%";

    /// <summary>The key of a target rule; empty where it is the default.</summary>
    public override string ToString() =>
        ScaleOut == ScaleIn ? ScaleOut is null ? "" : $", tolerance: {ScaleOut}"
        : $", tolerance: {{ scaleOut: {ScaleOut ?? Usual}, scaleIn: {ScaleIn ?? Usual} }}";
}

/// <summary>Translates the HPA's <c>behavior</c>, of which KEDA has one too.</summary>
internal static class BehaviorImport
{
    // What the API server fills in for a direction that says none of its own.
    private static readonly string[] UsualUp = ["4 per 15s", "100% per 15s"];
    private static readonly string[] UsualDown = ["100% per 15s"];

    /// <summary>Reads a behaviour; what it does not say is as the API server fills it in.</summary>
    /// <param name="draft">Gets what applies to both directions.</param>
    /// <param name="behavior">The behaviour; null for none.</param>
    /// <param name="at">Where it would be.</param>
    /// <param name="window">The stabilization of scale-in where it says none, in seconds; null for Kubernetes' 300.</param>
    public static Tolerances Read(PolicyDraft draft, Section? behavior, Mark at, int? window = null)
    {
        if (behavior is null)
        {
            draft.Log.Changed(at, "no 'behavior' is given: growth is limited as an empty one does it, by 4 instances or 100 % "
                + "in 15 s; the controller's own limit is twice the count, and 4 where that is less");
        }

        var up = behavior?.Sub("scaleUp");
        var down = behavior?.Sub("scaleDown");
        draft.Temper(Direction(up, 0, UsualUp), Direction(down, window ?? 300, UsualDown));
        return new Tolerances(Tolerance(up), Tolerance(down));
    }

    private static string Direction(Section? rules, int usual, string[] usualLimits)
    {
        int? window = null;
        var isRead = rules?.Whole("stabilizationWindowSeconds", out window, 0, 3600) ?? true;
        var parts = new List<string>();
        if (isRead) parts.Add($"stabilization: {PolicyDraft.Seconds(window ?? usual)}");
        var limits = new List<string>();
        var policies = rules?.List("policies") ?? [];
        foreach (var policy in policies)
        {
            var type = policy.Need("type");
            var isGood = policy.Whole("value", out var value, 1) & policy.Whole("periodSeconds", out var period, 1, 1800);
            if (isGood && type is "Pods" or "Percent" && value is { } amount && period is { } seconds)
            {
                limits.Add(string.Create(CultureInfo.InvariantCulture,
                    $"{amount}{(type == "Percent" ? "%" : "")} per {PolicyDraft.Seconds(seconds)}"));
            }
            else
            {
                policy.Drop("was left out: a limit is a type (Pods or Percent), a value and a period");
            }
        }

        var chosen = policies.Count == 0 ? [.. usualLimits] : limits;
        if (chosen.Count > 0) parts.Add($"limit: [ {string.Join(", ", chosen)} ]");
        switch (rules?.Text("selectPolicy"))
        {
            case null or "Max":
                break;
            case ("Min" or "Disabled") and var select:
                parts.Add($"select: {select.ToLowerInvariant()}");
                break;
            default:
                rules.Wrong("selectPolicy", "must be Max, Min or Disabled");
                break;
        }

        return $"{{ {string.Join(", ", parts)} }}";
    }

    private static string? Tolerance(Section? rules)
    {
        if (rules is null || !rules.Quantity("tolerance", out var tolerance) || tolerance is not { } share) return null;
        if (share.Billionths.Sign >= 0 && share.Billionths < 1_000_000_000) return share.ToString();
        rules.Wrong("tolerance", "must be at least 0 and below 1");
        return null;
    }
}
