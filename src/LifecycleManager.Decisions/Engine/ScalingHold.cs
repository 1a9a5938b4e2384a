using System.Globalization;

namespace LifecycleManager.Decisions.Engine;

/// <summary>
/// That an app is not scaled in for a while, since things were worse after its last scale-in, or not scaled out, since its last
/// scale-outs have not made things better.
/// </summary>
/// <param name="Since">Since when, by the wall clock.</param>
/// <param name="Until">Until when.</param>
/// <param name="Why">What was seen, for people.</param>
public sealed record ScalingHold(DateTimeOffset Since, DateTimeOffset Until, string Why)
{
    /// <inheritdoc />
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"held until {Until:HH:mm:ss}: {Why}");

    /// <summary>The hold of scale-in that is in force; null for none.</summary>
    internal static ScalingHold? OfScaleIn(AppMemory state)
    {
        var watch = state.Watch;
        return state.Policy.ScaleIn.Worse is not { } check ? null : Of(state, watch.HeldSince, check.Hold,
            () => $"after the scale-in from {watch.Found.From} to {watch.Found.To} {watch.Tell(check)}");
    }

    /// <summary>The hold of scale-out that is in force; null for none.</summary>
    internal static ScalingHold? OfScaleOut(AppMemory state) => state.Policy.ScaleOut.Better is not { } check ? null
        : Of(state, state.Growth.HeldSince, check.Hold, () => state.Growth.Tell(check));

    private static ScalingHold? Of(AppMemory state, DateTimeOffset heldSince, TimeSpan length, Func<string> why)
    {
        if (heldSince == default) return null;
        var since = state.Facts.Wall(heldSince);
        return new ScalingHold(since, since + length, why());
    }
}
