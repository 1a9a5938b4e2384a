namespace LifecycleManager.Decisions.Facts;

/// <summary>The fewest and the most instances.</summary>
/// <param name="Min">0 or more.</param>
/// <param name="Max">At least <paramref name="Min"/>.</param>
public readonly record struct InstanceBounds(int Min, int Max)
{
    /// <summary>The count within the bounds that is nearest to <paramref name="count"/>.</summary>
    public int Clamp(int count) => Math.Clamp(count, Min, Math.Max(Min, Max));
}
