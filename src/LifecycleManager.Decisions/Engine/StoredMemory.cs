using System.Text.Json.Serialization;

namespace LifecycleManager.Decisions.Engine;

/// <summary>
/// What the engine remembers of one app, as it outlives a process: what limits, cooldowns, stabilization windows and the
/// <c>for</c> of rules rest on. Instants are of the wall clock, since the engine's own begins anew with each process. What lies
/// in the future when it is read, since the clock was set back, is taken for now: nothing lasts longer than its own length from
/// then. A clock that was set forward looks like time that has passed.
/// </summary>
public sealed record StoredMemory
{
    /// <summary>The version that is written.</summary>
    public const int CurrentVersion = 1;

    private const int MaxEntries = 10_000;

    private static readonly IReadOnlyList<StoredCount> Nothing = [];
    private static readonly IReadOnlyList<StoredRule> NoRules = [];

    private static readonly DateTimeOffset Earliest = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The version of this shape.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The absolute app id.</summary>
    public required string App { get; init; }

    /// <summary>What tells the app from a later one with the same id; null where that is not known.</summary>
    public string? Identity { get; init; }

    /// <summary>The policy: under another one, nothing of this counts.</summary>
    public required string Policy { get; init; }

    /// <summary>The policy's digest: under another text of it the <c>for</c> of rules begins anew.</summary>
    public required string Digest { get; init; }

    /// <summary>The last tick of which this is known to have been so.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The count at that tick; null where it is not known.</summary>
    public int? Instances { get; init; }

    /// <summary>The lower bound in force then; null where it is not known.</summary>
    public int? Min { get; init; }

    /// <summary>The upper bound in force then; null where it is not known.</summary>
    public int? Max { get; init; }

    /// <summary>The changes that were carried out, oldest first, as far back as limits and cooldowns look.</summary>
    public IReadOnlyList<StoredCount> Changes { get => field ?? []; init; }

    /// <summary>A change that is on its way: it counts if its count is found.</summary>
    public StoredCountChange? Asked { get; init; }

    /// <summary>The counts that stabilize scale-in, oldest first; one of <see cref="At"/> is that of each tick since.</summary>
    public IReadOnlyList<StoredCount> Highest { get => field ?? []; init; }

    /// <summary>The counts that stabilize scale-out, oldest first; one of <see cref="At"/> is that of each tick since.</summary>
    public IReadOnlyList<StoredCount> Lowest { get => field ?? []; init; }

    /// <summary>Since when a metric has been missing; null where none is.</summary>
    public DateTimeOffset? MissingSince { get; init; }

    /// <summary>What rules remember, of those that do.</summary>
    public IReadOnlyList<StoredRule> Rules { get => field ?? []; init; }

    /// <summary>The watch over the last scale-in; null where there is none.</summary>
    public StoredWatch? ScaleIn { get; init; }

    /// <summary>The watch over the last scale-outs; null where there is none.</summary>
    public StoredRow? ScaleOut { get; init; }

    /// <summary>Whether it is of a version that is known here, and can be what was written.</summary>
    [JsonIgnore]
    public bool IsSound => Version == CurrentVersion && App is { Length: > 0 } && Policy is not null && Digest is not null
        && At >= Earliest && Instances is null or >= 0 && Min is null or >= 0 && (Max is null || Max >= (Min ?? 0))
        && Asked is null or { From: >= 0, To: >= 0 } && ScaleIn is null or { IsSound: true }
        && ScaleOut is null or { IsSound: true }
        && InOrder(Changes, int.MinValue) && InOrder(Highest, 0) && InOrder(Lowest, 0)
        && Rules.Count <= MaxEntries && Rules.All(rule => rule is { Rule: >= 0, Count: >= -1 });

    /// <summary>Whether a new app would be remembered like this, as a quiet one is: there is nothing to keep.</summary>
    [JsonIgnore]
    public bool IsPlain => Changes.Count == 0 && Asked is null && ScaleIn is null && ScaleOut is null && MissingSince is null
        && Rules.Count == 0 && Highest.Concat(Lowest).All(entry => entry.Count == Instances);

    /// <summary>Whether another says the same, but for the time that has passed.</summary>
    public bool SaysTheSame(StoredMemory other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var then = AsOf(other.At);
        return Bare(then) == Bare(other) && Changes.SequenceEqual(other.Changes) && Rules.SequenceEqual(other.Rules)
            && then.Highest.SequenceEqual(other.Highest) && then.Lowest.SequenceEqual(other.Lowest);

        static StoredMemory Bare(StoredMemory memory) =>
            memory with { Changes = Nothing, Highest = Nothing, Lowest = Nothing, Rules = NoRules };
    }

    /// <summary>The same where nothing has changed until a later tick.</summary>
    public StoredMemory AsOf(DateTimeOffset tick)
    {
        return this with { At = tick, Highest = Shift(Highest), Lowest = Shift(Lowest) };

        IReadOnlyList<StoredCount> Shift(IReadOnlyList<StoredCount> window) =>
            window is [.., var newest] && newest.At == At ? [.. window.SkipLast(1), newest with { At = tick }] : window;
    }

    private static bool InOrder(IReadOnlyList<StoredCount> entries, int least)
    {
        var last = Earliest;
        foreach (var entry in entries)
        {
            if (entry is null || entry.At < last || entry.Count < least) return false;
            last = entry.At;
        }

        return entries.Count <= MaxEntries;
    }
}

/// <summary>A count, or a change of one, at an instant.</summary>
/// <param name="At">When.</param>
/// <param name="Count">The count; of a change by how much.</param>
public sealed record StoredCount(DateTimeOffset At, int Count);

/// <summary>A change of a count that was asked for.</summary>
/// <param name="At">When.</param>
/// <param name="From">The count before.</param>
/// <param name="To">The count that is wanted.</param>
public sealed record StoredCountChange(DateTimeOffset At, int From, int To)
{
    /// <summary>Of a scale-in: the share of instances that were healthy just before; null where that is not known.</summary>
    public double? Healthy { get; init; }

    /// <summary>The metric that is watched, just before; null where that is not known.</summary>
    public double? Metric { get; init; }
}

/// <summary>The watch over a scale-in.</summary>
public sealed record StoredWatch
{
    /// <summary>The scale-in under watch; null for none.</summary>
    public StoredCountChange? Step { get; init; }

    /// <summary>Since when nothing is scaled in; null where it may be.</summary>
    public DateTimeOffset? HeldSince { get; init; }

    /// <summary>Whether the step is being taken back.</summary>
    public bool TakesBack { get; init; }

    /// <summary>What was worse, where nothing is scaled in.</summary>
    public StoredWorsening? Found { get; init; }

    /// <summary>Whether it can be what was written.</summary>
    [JsonIgnore]
    public bool IsSound => Step is null or { From: >= 0, To: >= 0 } && (HeldSince is null) == (Found is null)
        && Found is null or { From: >= 0, To: >= 0, Before: > 0 } && (!TakesBack || (Step is not null && Found is not null));
}

/// <summary>The watch over scale-outs in a row.</summary>
public sealed record StoredRow
{
    /// <summary>When the one that is under watch came about; null for none.</summary>
    public DateTimeOffset? Step { get; init; }

    /// <summary>When the last that has not helped was judged; null for none.</summary>
    public DateTimeOffset? Judged { get; init; }

    /// <summary>The metric before the first of them; over 0.</summary>
    public required double Before { get; init; }

    /// <summary>The count before the first of them.</summary>
    public required int From { get; init; }

    /// <summary>The count after the last of them.</summary>
    public required int To { get; init; }

    /// <summary>How many have not helped.</summary>
    public int Fruitless { get; init; }

    /// <summary>The metric after the last that has not helped; null for none.</summary>
    public double? After { get; init; }

    /// <summary>Since when nothing is scaled out; null where it may be.</summary>
    public DateTimeOffset? HeldSince { get; init; }

    /// <summary>Whether it can be what was written.</summary>
    [JsonIgnore]
    public bool IsSound => Before > 0 && From >= 0 && To >= 0 && Fruitless >= 0 && (HeldSince is null || After is not null);
}

/// <summary>What was worse after a scale-in.</summary>
/// <param name="From">The count before it.</param>
/// <param name="To">The count after it.</param>
/// <param name="IsHealth">Whether it is the share of healthy instances; else the policy's metric.</param>
/// <param name="Before">The value just before.</param>
/// <param name="After">The value after.</param>
public sealed record StoredWorsening(int From, int To, bool IsHealth, double Before, double After);

/// <summary>What one rule remembers.</summary>
/// <param name="Rule">Its place in the policy, from 0.</param>
/// <param name="Since">Since when its condition has held; null for not at all.</param>
/// <param name="Fired">When its schedule fired, where the count is not there yet; or null.</param>
/// <param name="Count">The count that the firing asked for; of a step rule the side that its step is on, -1 or 1.</param>
public sealed record StoredRule(int Rule, DateTimeOffset? Since, DateTimeOffset? Fired, int Count);
