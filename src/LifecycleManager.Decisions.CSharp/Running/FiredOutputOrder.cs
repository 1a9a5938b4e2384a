using LifecycleManager.Rules;

namespace LifecycleManager.Decisions.CSharp.Running;

/// <summary>The one order of outputs: by class, app, kind, amount and words, never by who fired first.</summary>
internal static class FiredOutputOrder
{
    public static int Compare(FiredOutput one, FiredOutput other)
    {
        var order = string.CompareOrdinal(one.Rule.Type, other.Rule.Type);
        if (order == 0) order = string.CompareOrdinal(one.Output.App.Target, other.Output.App.Target);
        if (order == 0) order = string.CompareOrdinal(one.Output.App.Id, other.Output.App.Id);
        if (order == 0) order = Kind(one.Output).CompareTo(Kind(other.Output));
        if (order == 0) order = string.CompareOrdinal(one.Output.Because, other.Output.Because);
        for (var i = 0; order == 0 && i < Math.Min(one.Facts.Count, other.Facts.Count); i++)
            order = string.CompareOrdinal(one.Facts[i], other.Facts[i]);
        return order == 0 ? one.Facts.Count.CompareTo(other.Facts.Count) : order;
    }

    private static (int Kind, int Amount) Kind(RuleOutput output) => output switch
    {
        AtLeast atLeast => (0, atLeast.Count),
        AtMost atMost => (1, atMost.Count),
        Hold hold => (2, (int)hold.Direction),
        _ => (3, 0),
    };
}
