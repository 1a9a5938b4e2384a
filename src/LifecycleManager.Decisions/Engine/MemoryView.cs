using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Engine;

/// <summary>What the engine remembers of one app, for whoever keeps it: valid until the next tick.</summary>
public readonly struct MemoryView
{
    /// <summary>The most entries of a window that are kept: of more, those that are too close together are left out.</summary>
    private const int MaxWindow = 128;

    private readonly AppMemory _state;

    internal MemoryView(AppMemory state) => _state = state;

    /// <summary>How far back any limit or cooldown of its policy looks.</summary>
    public TimeSpan LongestPeriod => _state.Policy.LongestPeriod;

    /// <summary>How long its policy's windows are, the longer one.</summary>
    public TimeSpan LongestWindow => _state.Policy.ScaleIn.Stabilization > _state.Policy.ScaleOut.Stabilization
        ? _state.Policy.ScaleIn.Stabilization : _state.Policy.ScaleOut.Stabilization;

    /// <summary>By how much the wall clock is off the one that only goes on.</summary>
    public TimeSpan Offset => _state.Facts.Now - _state.Facts.Steady;

    /// <summary>A digest of it, the time that passes apart: the same while there is nothing new to keep.</summary>
    /// <param name="asked">Whether the change that was decided is on its way.</param>
    public MemoryMark Mark(bool asked)
    {
        var (state, deeds) = (_state, new NumberDigest());
        deeds.Add(state.Policy.Digest.GetHashCode(StringComparison.Ordinal));
        deeds.Add(state.Facts.Instances);
        deeds.Add(state.Opinions.Bounds.Min);
        deeds.Add(state.Opinions.Bounds.Max);
        deeds.Add(MissingSince.UtcTicks);
        foreach (var (at, change) in state.Events.All)
        {
            deeds.Add(at.UtcTicks);
            deeds.Add(change);
        }

        if (asked)
        {
            deeds.Add(state.AskedAt.UtcTicks);
            deeds.Add(state.AskedFrom);
            deeds.Add(state.AskedTo);
        }

        state.Watch.AddTo(ref deeds);
        state.Growth.AddTo(ref deeds);

        foreach (ref readonly var rule in state.App.States.AsSpan())
        {
            deeds.Add(rule.Since.UtcTicks);
            deeds.Add(rule.FiredAt.UtcTicks);
            if (rule.Since != default || rule.FiredAt != default) deeds.Add(rule.FiredCount);
        }

        var windows = new NumberDigest();
        Add(ref windows, state.Highest, state.Facts.Steady);
        Add(ref windows, state.Lowest, state.Facts.Steady);
        return new MemoryMark(deeds.Value, windows.Value);
    }

    /// <summary>All of it.</summary>
    /// <param name="identity">What tells the app from a later one with the same id; or null.</param>
    /// <param name="asked">Whether the change that was decided is on its way.</param>
    public StoredMemory Export(string? identity, bool asked)
    {
        var (state, facts) = (_state, _state.Facts);
        var rules = new List<StoredRule>();
        for (var i = 0; i < state.App.States.Length; i++)
        {
            ref readonly var rule = ref state.App.States[i];
            if (rule.Since == default && rule.FiredAt == default) continue;
            rules.Add(new StoredRule(
                i, rule.Since == default ? null : facts.Wall(rule.Since), rule.FiredAt == default ? null : rule.FiredAt,
                rule.FiredCount));
        }

        var changes = new List<StoredCount>();
        foreach (var (at, change) in state.Events.All) changes.Add(new StoredCount(facts.Wall(at), change));
        return new StoredMemory
        {
            App = facts.App,
            Identity = identity,
            Policy = state.Policy.Name,
            Digest = state.Policy.Digest,
            At = facts.Now,
            Instances = facts.Instances,
            Min = state.Opinions.Bounds.Min,
            Max = state.Opinions.Bounds.Max,
            Changes = changes,
            Asked = asked && state.AskedTo >= 0
                ? state.Growth.Export(
                    state.Watch.Export(new StoredCountChange(facts.Wall(state.AskedAt), state.AskedFrom, state.AskedTo))) : null,
            ScaleIn = state.Watch.Export(at => facts.Wall(at)),
            ScaleOut = state.Growth.Export(at => facts.Wall(at)),
            Highest = Window(state.Highest, state.Policy.ScaleIn.Stabilization),
            Lowest = Window(state.Lowest, state.Policy.ScaleOut.Stabilization),
            MissingSince = MissingSince == default ? null : facts.Wall(MissingSince),
            Rules = rules,
        };
    }

    // Where missing metrics hold the count, nothing rests on how long they have been missing.
    private DateTimeOffset MissingSince =>
        _state.Policy.OnMissingMetrics.Mode == MissingMetricsMode.Hold ? default : _state.MissingSince;

    private List<StoredCount> Window(in ExtremeWindow window, TimeSpan length)
    {
        var (kept, apart) = (new List<StoredCount>(), window.Count > MaxWindow ? length / MaxWindow : TimeSpan.Zero);
        var last = DateTimeOffset.MinValue;
        for (var i = 0; i < window.Count; i++)
        {
            var (at, value) = window[i];
            if (i > 0 && i < window.Count - 1 && at - last < apart) continue;
            last = at;
            kept.Add(new StoredCount(_state.Facts.Wall(at), value));
        }

        return kept;
    }

    // The newest entry of a steady series is as of each tick: its time is no news.
    private static void Add(ref NumberDigest digest, in ExtremeWindow window, DateTimeOffset tick)
    {
        digest.Add(window.Count);
        for (var i = 0; i < window.Count; i++)
        {
            var (at, value) = window[i];
            digest.Add(at == tick ? 0 : at.UtcTicks);
            digest.Add(value);
        }
    }
}

/// <summary>Tells whether there is something new to keep of an app.</summary>
/// <param name="Deeds">Of what was done to it, and what waits.</param>
/// <param name="Windows">Of what stabilizes it: of a busy app something else at each tick.</param>
public readonly record struct MemoryMark(ulong Deeds, ulong Windows);

/// <summary>A digest of numbers, of 64 bits, so that two that differ are practically never taken for one.</summary>
internal struct NumberDigest()
{
    public ulong Value { get; private set; } = 14695981039346656037UL;

    public void Add(long number)
    {
        // The finalizer of SplitMix64: each bit of the number reaches all of the digest.
        var mixed = unchecked(Value + (ulong)number + 0x9E3779B97F4A7C15UL);
        mixed = unchecked((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9UL);
        mixed = unchecked((mixed ^ (mixed >> 27)) * 0x94D049BB133111EBUL);
        Value = mixed ^ (mixed >> 31);
    }
}
