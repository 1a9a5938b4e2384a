using LifecycleManager.Console.Components;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Console.Pages;

/// <summary>A line of the applications: one of them, or a group with what it sums up.</summary>
/// <param name="Path">Its id.</param>
/// <param name="App">The app; null for a group.</param>
/// <param name="Status">How it stands; of a group, the worst in it.</param>
/// <param name="Depth">How many groups are above it.</param>
internal sealed record AppRow(string Path, App? App, AppStanding Status, int Depth)
{
    /// <summary>Instances that run.</summary>
    public int Used { get; init; }

    /// <summary>Instances that are wanted.</summary>
    public int Whole { get; init; }

    /// <summary>The apps in it, at any depth.</summary>
    public IReadOnlyList<App> Apps { get; init; } = [];

    /// <summary>How many they are.</summary>
    public int Count => Apps.Count;

    /// <summary>The apps below their groups; what is in a closed group is left out.</summary>
    /// <param name="apps">The apps.</param>
    /// <param name="isClosed">Which groups are closed.</param>
    /// <param name="within">The group that all of them are in; empty for the root.</param>
    public static List<AppRow> Tree(IEnumerable<AppRow> apps, Func<string, bool> isClosed, string within = "")
    {
        var rows = new List<AppRow>();
        Add(within, 0, [.. apps.OrderBy(row => row.Path, StringComparer.Ordinal)]);
        return rows;

        void Add(string group, int depth, List<AppRow> within)
        {
            foreach (var named in within.GroupBy(row => row.Path[(group.Length + 1)..].Split('/')[0]).OrderBy(named => named.Key))
            {
                var path = $"{group}/{named.Key}";
                if (named.FirstOrDefault(row => row.Path == path) is { } app) rows.Add(app with { Depth = depth });
                List<AppRow> below = [.. named.Where(row => row.Path != path)];
                if (below.Count == 0) continue;
                rows.Add(new AppRow(path, null, below.Select(row => row.Status).MinBy(Badness)!, depth)
                {
                    Used = below.Sum(row => row.App!.TasksRunning ?? 0),
                    Whole = below.Sum(row => row.App!.Instances ?? 0),
                    Apps = [.. below.Select(row => row.App!)],
                });
                if (!isClosed(path)) Add(path, depth + 1, below);
            }
        }
    }

    /// <summary>How bad a state is: the least is the worst.</summary>
    public static int Badness(AppStanding status) => AppStanding.Names.Index().First(name => name.Item == status.Name).Index;
}
