namespace LifecycleManager.Benchmarks.Quality.Models;

/// <summary>One direction of the HPA's <c>behavior</c>. Times in seconds.</summary>
internal sealed record HpaRules
{
    /// <summary>Growth where nothing is said.</summary>
    public static HpaRules ScaleUp { get; } = new() { Policies = [new(4, false, 15), new(100, true, 15)] };

    /// <summary>Shrinking where nothing is said; the window is the controller's.</summary>
    public static HpaRules ScaleDown { get; } = new() { Window = null, Policies = [new(100, true, 15)] };

    /// <summary>The stabilization window; null for the controller's.</summary>
    public double? Window { get; init; } = 0;

    public HpaSelect Select { get; init; } = HpaSelect.Max;

    public required IReadOnlyList<HpaPolicy> Policies { get; init; }
}

/// <summary>How much may change in a period.</summary>
internal readonly record struct HpaPolicy(int Value, bool IsPercent, double Period);

/// <summary>Which of several policies holds.</summary>
internal enum HpaSelect
{
    Max,
    Min,
    Disabled,
}
