using System.Globalization;

namespace LifecycleManager.Scheduler.Core.Definitions.Labels;

/// <summary>How far a new version that is rolled out in stages has come at one of them.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Size">With <see cref="RolloutKind.Canary"/>: how many instances are of the new version.</param>
internal sealed record RolloutStage(RolloutKind Kind, CanarySize Size = default)
{
    /// <summary><c>canary 25%</c>, <c>green</c> or <c>switched</c>.</summary>
    public override string ToString() => Kind == RolloutKind.Canary ? $"canary {Size}" : Kind == RolloutKind.Green
        ? "green" : "switched";

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    internal static RolloutStage Parse(string text) => text switch
    {
        "green" => new RolloutStage(RolloutKind.Green),
        "switched" => new RolloutStage(RolloutKind.Switched),
        _ when text.StartsWith("canary ", StringComparison.Ordinal)
            && CanarySize.TryParse(text["canary ".Length..], out var size) =>
            new RolloutStage(RolloutKind.Canary, size),
        _ => throw new FormatException($"'{text}' is not a stage of a rollout"),
    };
}

/// <summary>The kinds of stages.</summary>
internal enum RolloutKind
{
    /// <summary>A part of the instances is of the new version.</summary>
    Canary,

    /// <summary>The new version is there whole, beside the old one, which alone serves.</summary>
    Green,

    /// <summary>The new version alone serves; the old one is still there, to go back to.</summary>
    Switched,
}

/// <summary>So many instances, or such a share of them.</summary>
/// <param name="Value">Instances, or hundredths of the count.</param>
/// <param name="IsShare">Which of the two.</param>
internal readonly record struct CanarySize(int Value, bool IsShare)
{
    /// <summary>The number of instances, of so many: of some at least one.</summary>
    public int Of(int count) => Math.Min(count, IsShare ? (int)Math.Ceiling(count * (long)Value / 100.0) : Value);

    /// <summary><c>2</c> or <c>25%</c>.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture) + (IsShare ? "%" : "");

    /// <summary>Reads a whole number over zero, or a share from 1% to 100%.</summary>
    public static bool TryParse(string text, out CanarySize size)
    {
        var share = text.EndsWith('%');
        var fine = int.TryParse(share ? text[..^1] : text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            && value > 0 && (!share || value <= 100);
        size = fine ? new CanarySize(value, share) : default;
        return fine;
    }
}

/// <summary>A rest between two steps, which begins when all that the step does is done and healthy.</summary>
/// <param name="For">How long; null until somebody promotes it.</param>
internal sealed record StepPause(TimeSpan? For)
{
    /// <summary>Of two rests at once, the one that ends later.</summary>
    internal static StepPause? Longer(StepPause? left, StepPause? right) =>
        left is null || right is null ? left ?? right : left.For is null || (right.For is { } time && time < left.For)
        ? left : right;
}

/// <summary>A stage and the rest after it.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Pause">The rest, or null.</param>
internal sealed record RolloutStep(RolloutStage Stage, StepPause? Pause);
