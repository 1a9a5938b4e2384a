using System.Collections.Immutable;
using LifecycleManager.Decisions.Engine;

namespace LifecycleManager.Scaling.Recording;

/// <summary>The decisions that are kept: an immutable value, bounded in all and per app.</summary>
internal sealed record DecisionArchive
{
    public static readonly DecisionArchive Empty = new();

    private ImmutableSortedSet<string> Ids { get; init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    private ImmutableDictionary<string, DecisionRecord> ById { get; init; } =
        ImmutableDictionary.Create<string, DecisionRecord>(StringComparer.Ordinal);

    private ImmutableDictionary<string, Trail> ByApp { get; init; } =
        ImmutableDictionary.Create<string, Trail>(StringComparer.Ordinal);

    public int Count => Ids.Count;

    /// <summary>The newest record of each app.</summary>
    public IEnumerable<DecisionRecord> Newest => ByApp.Values.Select(trail => ById[trail.Ids.Max!]);

    public DecisionRecord? Find(string id) => ById.GetValueOrDefault(id);

    /// <summary>The newest record of an app.</summary>
    public DecisionRecord? Last(string app) => ByApp.TryGetValue(app, out var trail) ? ById[trail.Ids.Max!] : null;

    /// <summary>The newest change of an app's count that came into force.</summary>
    public DecisionRecord? LastChange(string app)
    {
        if (!ByApp.TryGetValue(app, out var trail)) return null;
        for (var i = trail.Ids.Count - 1; i >= 0; i--)
        {
            if (ById[trail.Ids[i]] is { Outcome: DecisionOutcome.Applied } change) return change;
        }

        return null;
    }

    public DecisionPage Query(DecisionFilter filter)
    {
        var limit = Math.Clamp(filter.Limit, 1, DecisionFilter.LargestPage);
        var ids = filter.App is null ? Ids : ByApp.TryGetValue(filter.App, out var trail) ? trail.Ids : Ids.Clear();
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
    public (DecisionArchive Archive, IReadOnlyList<string> Removed) With(IEnumerable<DecisionRecord> records, int most,
        int mostPerApp)
    {
        var ids = Ids.ToBuilder();
        var byId = ById.ToBuilder();
        var byApp = ByApp.ToBuilder();
        var removed = new List<string>();
        foreach (var record in records)
        {
            byId[record.Id] = record;
            if (!ids.Add(record.Id)) continue;
            var trail = byApp.TryGetValue(record.App, out var known) ? known : Trail.Empty;
            byApp[record.App] = new Trail(trail.Ids.Add(record.Id));
            if (byApp[record.App].Ids.Count > mostPerApp) Remove(byApp[record.App].Ids.Min!);
        }

        while (ids.Count > most) Remove(ids.Min!);
        return (this with { Ids = ids.ToImmutable(), ById = byId.ToImmutable(), ByApp = byApp.ToImmutable() }, removed);

        void Remove(string id)
        {
            var app = byId[id].App;
            ids.Remove(id);
            byId.Remove(id);
            var left = byApp[app].Ids.Remove(id);
            if (left.Count == 0) byApp.Remove(app);
            else byApp[app] = new Trail(left);
            removed.Add(id);
        }
    }

    private sealed record Trail(ImmutableSortedSet<string> Ids)
    {
        public static readonly Trail Empty = new(ImmutableSortedSet.Create<string>(StringComparer.Ordinal));
    }
}
