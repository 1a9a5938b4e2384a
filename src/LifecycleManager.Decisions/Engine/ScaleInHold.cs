using System.Globalization;

namespace LifecycleManager.Decisions.Engine;

/// <summary>That an app is not scaled in for a while, since things were worse after its last scale-in.</summary>
/// <param name="Since">Since when, by the wall clock.</param>
/// <param name="Until">Until when.</param>
/// <param name="Why">What was worse, for people.</param>
public sealed record ScaleInHold(DateTimeOffset Since, DateTimeOffset Until, string Why)
{
    /// <inheritdoc />
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"scale-in is held until {Until:HH:mm:ss}: {Why}");

    /// <summary>The hold that is in force; null for none.</summary>
    internal static ScaleInHold? Of(AppMemory state)
    {
        var watch = state.Watch;
        if (watch.HeldSince == default || state.Policy.ScaleIn.Worse is not { } check) return null;
        var since = state.Facts.Wall(watch.HeldSince);
        return new ScaleInHold(
            since, since + check.Hold, $"after the scale-in from {watch.Found.From} to {watch.Found.To} {watch.Tell(check)}");
    }
}
