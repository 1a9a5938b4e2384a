using System.Collections.Immutable;
using LifecycleManager.Decisions.Engine;

namespace LifecycleManager.Manager.Recording;

/// <summary>The decisions that are kept: an immutable value, bounded in all and per app.</summary>
internal sealed record DecisionArchive
{
    public static readonly DecisionArchive Empty = new();

    private ImmutableSortedSet<string> Ids { get; init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    private ImmutableDictionary<string, DecisionRecord> ById { get; init; } =
        ImmutableDictionary.Create<string, DecisionRecord>(StringComparer.Ordinal);

    private ImmutableDictionary<string, AppIds> ByApp { get; init; } =
        ImmutableDictionary.Create<string, AppIds>(StringComparer.Ordinal);

    public int Count => Ids.Count;

    /// <summary>All records, in no order.</summary>
    public IEnumerable<DecisionRecord> All => ById.Values;

    /// <summary>The newest record of each app.</summary>
    public IEnumerable<DecisionRecord> Newest => ByApp.Values.Select(known => ById[known.Ids.Max!]);

    public DecisionRecord? Find(string id) => ById.GetValueOrDefault(id);

    /// <summary>The newest record of an app.</summary>
    public DecisionRecord? Last(string app) => ByApp.TryGetValue(app, out var known) ? ById[known.Ids.Max!] : null;

    /// <summary>The newest change of an app's count that came into force.</summary>
    public DecisionRecord? LastChange(string app)
    {
        if (!ByApp.TryGetValue(app, out var known)) return null;
        for (var i = known.Ids.Count - 1; i >= 0; i--)
        {
            if (ById[known.Ids[i]] is { Outcome: DecisionOutcome.Applied } change) return change;
        }

        return null;
    }

    /// <summary>Since when all decisions about an app are kept; null where there are none.</summary>
    /// <param name="app">The app.</param>
    /// <param name="max">How many are kept in all.</param>
    /// <param name="maxPerApp">How many are kept of it.</param>
    public DateTimeOffset? KnownSince(string app, int max, int maxPerApp)
    {
        if (!ByApp.TryGetValue(app, out var known)) return null;
        var ofAll = Ids.Count >= max ? ById[Ids.Min!].At : DateTimeOffset.MinValue;
        var own = known.Ids.Count >= maxPerApp ? ById[known.Ids.Min!].At : DateTimeOffset.MinValue;
        return own > ofAll ? own : ofAll;
    }

    public DecisionPage Query(DecisionFilter filter)
    {
        var limit = Math.Clamp(filter.Limit, 1, DecisionFilter.MaxPageSize);
        var ids = filter.App is null ? Ids : ByApp.TryGetValue(filter.App, out var known) ? known.Ids : Ids.Clear();
        var found = new List<DecisionRecord>(Math.Min(limit, 128));
        for (var i = ids.Count - 1; i >= 0; i--)
        {
            var record = ById[ids[i]];
            if (!filter.Matches(record)) continue;
            if (found.Count == limit) return new DecisionPage(found, found[^1].Id);
            found.Add(record);
        }

        return new DecisionPage(found, null);
    }

    /// <summary>With records added or replaced, and the oldest beyond the bounds removed.</summary>
    public (DecisionArchive Archive, IReadOnlyList<string> Removed) With(
        IEnumerable<DecisionRecord> records, int max, int maxPerApp)
    {
        var ids = Ids.ToBuilder();
        var byId = ById.ToBuilder();
        var byApp = ByApp.ToBuilder();
        var removed = new List<string>();
        foreach (var record in records)
        {
            byId[record.Id] = record;
            if (!ids.Add(record.Id)) continue;
            var known = byApp.GetValueOrDefault(record.App, AppIds.Empty);
            byApp[record.App] = new AppIds(known.Ids.Add(record.Id));
            if (byApp[record.App].Ids.Count > maxPerApp) Remove(byApp[record.App].Ids.Min!);
        }

        while (ids.Count > max) Remove(ids.Min!);
        return (this with { Ids = ids.ToImmutable(), ById = byId.ToImmutable(), ByApp = byApp.ToImmutable() }, removed);

        void Remove(string id)
        {
            var app = byId[id].App;
            ids.Remove(id);
            byId.Remove(id);
            var left = byApp[app].Ids.Remove(id);
            if (left.Count == 0) byApp.Remove(app);
            else byApp[app] = new AppIds(left);
            removed.Add(id);
        }
    }

    private sealed record AppIds(ImmutableSortedSet<string> Ids)
    {
        public static readonly AppIds Empty = new(ImmutableSortedSet.Create<string>(StringComparer.Ordinal));
    }
}
