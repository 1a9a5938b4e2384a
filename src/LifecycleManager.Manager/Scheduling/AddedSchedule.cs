using System.Text.Json.Serialization;
using LifecycleManager.Manager.Recording;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>A schedule that a person has added.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Text">What it says, as it was sent.</param>
/// <param name="At">When it was added.</param>
/// <param name="By">Who; null where nobody is asked who he is.</param>
internal sealed record AddedSchedule(string Name, string Text, DateTimeOffset At, string? By);

/// <summary>What people have ordered of a schedule: that it is paused, that its next fire time is left out.</summary>
/// <param name="Name">The schedule's name.</param>
internal sealed record ScheduleMark(string Name)
{
    /// <summary>Since when it is paused; null where it is not.</summary>
    public DateTimeOffset? PausedSince { get; init; }

    /// <summary>Who has paused it; null where nobody is asked who he is.</summary>
    public string? PausedBy { get; init; }

    /// <summary>Why it is paused, in plain words; null where nobody said.</summary>
    public string? PausedReason { get; init; }

    /// <summary>The fire time that is left out; null for none.</summary>
    public DateTimeOffset? Skip { get; init; }

    /// <summary>Who leaves it out; null where nobody is asked who he is.</summary>
    public string? SkipBy { get; init; }

    /// <summary>Fire times up to this are not made up for: it was paused then; null where it never was.</summary>
    public DateTimeOffset? ResumedAt { get; init; }

    /// <summary>Whether it says nothing more than when it was resumed.</summary>
    [JsonIgnore]
    public bool IsOver => PausedSince is null && Skip is null;
}

/// <summary>Up to when all fire times are dealt with.</summary>
internal sealed record ScheduleClock(DateTimeOffset At);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    Converters = [typeof(CamelCase<FireState>), typeof(CamelCase<AppPhase>), typeof(CamelCase<HookOutcome>)])]
[JsonSerializable(typeof(IReadOnlyList<AddedSchedule>))]
[JsonSerializable(typeof(IReadOnlyList<ScheduleMark>))]
[JsonSerializable(typeof(IReadOnlyList<FireRecord>))]
[JsonSerializable(typeof(ScheduleClock))]
internal sealed partial class SchedulingJson : JsonSerializerContext;
