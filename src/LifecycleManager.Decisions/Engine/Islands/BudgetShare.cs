using System.Globalization;
using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Expressions;

namespace LifecycleManager.Decisions.Engine.Islands;

/// <summary>
/// Shares a budget among its apps: the least counts first, then by priority, and within a priority evenly, by the share of what
/// each wants. Nobody is put below its policy's least count, and what has no policy keeps what it has.
/// </summary>
internal sealed class BudgetShare(Budget budget, IslandApp[] apps)
{
    /// <summary>Shares it: what its apps are limited to, where they do not get all that they want.</summary>
    /// <param name="wanted">What an app wants of it.</param>
    /// <param name="holds">Whether what others still use is left to them until they have given it back.</param>
    public Dictionary<IslandApp, Grant> Share(Func<IslandApp, int> wanted, bool holds)
    {
        var limits = new Dictionary<IslandApp, Grant>();
        foreach (var resource in BudgetResource.All)
        {
            if (resource.Limit(budget) is { } limit) Apply(limit, resource, wanted, holds, limits);
        }

        return limits;
    }

    /// <summary>What its apps use of it.</summary>
    public BudgetUse Use() => new(
        budget, Used(BudgetResource.Instances), Used(BudgetResource.Cpus), Used(BudgetResource.Memory),
        Used(BudgetResource.Cost));

    private double? Used(BudgetResource resource)
    {
        var used = 0.0;
        foreach (var app in apps)
        {
            // What is not known of an app without an instance makes no difference.
            if (app is { IsSeen: true, Facts.Instances: > 0 }) used += app.Facts.Instances * resource.Each(app);
        }

        return double.IsNaN(used) ? null : used;
    }

    private void Apply(
        double limit, BudgetResource resource, Func<IslandApp, int> wanted, bool holds, Dictionary<IslandApp, Grant> limits)
    {
        var shares = new List<Claim>();
        var used = 0.0;
        foreach (var app in apps)
        {
            if (!app.IsSeen) continue;
            var each = resource.Each(app);
            if (!(each >= 0))
            {
                Stop(resource.Unknown(app.Id), wanted, limits);
                return;
            }

            if (each == 0) continue;
            used += app.Facts.Instances * each;
            shares.Add(new Claim(app, each, wanted(app)));
        }

        Divide(shares, limit);
        if (holds) Hold(shares, limit, used);
        foreach (var share in shares)
        {
            if (share.Granted >= share.Wanted) continue;
            Limit(share.App, share.Granted, string.Create(CultureInfo.InvariantCulture,
                $"{budget.Name}: {Expression.Format(used)} of {Expression.Format(limit)} {resource.Unit} in use"), limits);
        }
    }

    /// <summary>What cannot be reckoned does not grow.</summary>
    private void Stop(string why, Func<IslandApp, int> wanted, Dictionary<IslandApp, Grant> limits)
    {
        foreach (var app in apps.Where(app => app.IsSeen && app.Memory is not null && wanted(app) > app.Facts.Instances))
            Limit(app, app.Facts.Instances, $"{budget.Name}: {why}", limits);
    }

    private static void Divide(List<Claim> shares, double limit)
    {
        var left = limit;
        foreach (var share in shares) left -= share.Granted * share.Each;
        foreach (var group in shares.GroupBy(share => share.App.App.Priority).OrderByDescending(group => group.Key))
        {
            // One after the other to whoever has the smallest part of what it wants.
            var queue = new PriorityQueue<Claim, (double, string)>(group.Where(share => share.Granted < share.Wanted)
                .Select(share => (share, share.Part)));
            while (queue.TryDequeue(out var next, out _))
            {
                if (next.Each > left + 1e-9) continue;
                left -= next.Each;
                next.Granted++;
                if (next.Granted < next.Wanted) queue.Enqueue(next, next.Part);
            }
        }
    }

    /// <summary>What is in use until others have shrunk cannot be given to those that grow.</summary>
    private static void Hold(List<Claim> shares, double limit, double used)
    {
        var free = limit - used;
        foreach (var share in shares.Where(share => share.Granted > share.App.Facts.Instances)
            .OrderByDescending(share => share.App.App.Priority).ThenBy(share => share.App.Id, StringComparer.Ordinal))
        {
            var room = Math.Max(0, (int)Math.Floor((free / share.Each) + 1e-9));
            var least = Math.Max(share.App.Facts.Instances, Math.Min(share.Granted, share.Least));
            share.Granted = Math.Max(least, Math.Min(share.Granted, share.App.Facts.Instances + room));
            free -= Math.Max(0, share.Granted - share.App.Facts.Instances) * share.Each;
        }
    }

    private void Limit(IslandApp app, int count, string why, Dictionary<IslandApp, Grant> limits)
    {
        if (limits.TryGetValue(app, out var other) && other.Count <= count) return;
        limits[app] = new Grant(budget.Name, count, why);
    }

    private sealed class Claim
    {
        public Claim(IslandApp app, double each, int wanted)
        {
            (App, Each, Wanted) = (app, each, wanted);
            // What is unknown does not shrink, and what nobody governs stays.
            Least = app.Memory is null || !app.Own.IsPoint ? app.Facts.Instances : app.IsOrdered ? (int)app.Own.Low : app.Bounds.Min;
            Granted = Math.Min(Least, Math.Max(wanted, app.Memory is null ? app.Facts.Instances : 0));
        }

        public IslandApp App { get; }

        public double Each { get; }

        public int Wanted { get; }

        /// <summary>What no budget takes away.</summary>
        public int Least { get; }

        public int Granted { get; set; }

        public (double, string) Part => ((double)Granted / Wanted, App.Id);
    }
}
