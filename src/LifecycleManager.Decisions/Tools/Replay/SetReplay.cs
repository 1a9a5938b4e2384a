using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tools.Replay;

/// <summary>
/// Replays several apps together, with what coordinations and budgets make of them. Beside metrics a recording may have an app's
/// <c>instances</c>, <c>waiting</c>, <c>priority</c>, <c>cpus</c> and <c>memory</c>.
/// </summary>
internal sealed class SetReplay(
    ReplayOptions options, ReplayData data, IPolicyFiles files, IRuleFiles? rules, TextWriter error)
{
    private readonly HashSet<string> _utilization = options.Utilization.ToHashSet(StringComparer.Ordinal);

    /// <summary>What came of each app; null after what is wrong was written.</summary>
    public List<ReplayedResults>? Run(CancellationToken cancellation)
    {
        if (Load(options.PolicyFile, out var code) is not { } set) return null;
        var (other, otherCode) = ((PolicySet?)null, (ICodeRules?)null);
        if (options.CompareFile is { } compare && (other = Load(compare, out otherCode)) is null) return null;
        if (Play(set, code, cancellation) is not { } first) return null;
        var second = other is null ? null : Play(other, otherCode, cancellation);
        if (other is not null && second is null) return null;
        return [.. first.Select(one => new ReplayedResults(one.App, [.. Results(one, second)], one.Model))];
    }

    private IEnumerable<ReplayResult> Results(Played one, List<Played>? second)
    {
        yield return one.Result;
        if (second?.Find(other => other.App == one.App) is { Result: var result })
            yield return result.Name == one.Result.Name ? result with { Name = result.Name + " (2)" } : result;
        if (ReplayRun.Recorded(data, one.Model, data.Apps[one.App].GetValueOrDefault("instances")) is { } recorded)
            yield return recorded;
    }

    private PolicySet? Load(string path, out ICodeRules? code)
    {
        code = null;
        if (!files.TryExpand([path], file => PolicyDirectory.IsPolicyFile(file) || CodeFile.IsOne(file), error, out var found))
            return null;
        if (rules is null && found.Find(IsLeftOut) is { } left)
        {
            error.WriteLine($"warning: {PolicyFiles.NotAllowed(left)}; they are left out");
            found.RemoveAll(IsLeftOut);
        }

        return files.TryLoadAll(found, rules, error, out code);

        bool IsLeftOut(string file) => file != path && CodeFile.IsOne(file);
    }

    private List<Played>? Play(PolicySet set, ICodeRules? code, CancellationToken cancellation)
    {
        var (index, apps, whole) = (new PolicyIndex(set), new List<(ReplayedApp App, Policy Policy, ReplayModel Model)>(), true);
        var all = new List<ReplayedApp>();
        foreach (var (id, columns) in data.Apps)
        {
            var app = Reference(id, columns);
            var policy = index.Find(app);
            var model = policy is null ? null : ReplayModel.Of(options, policy, columns, id, error);
            whole &= policy is null || model is not null;
            if (policy is null) error.WriteLine($"warning: no policy governs {id}; it has what was recorded");
            else PolicyReplay.Missing(policy, columns, _utilization, error);
            var replayed = new ReplayedApp(app, policy, columns, model, data, _utilization);
            all.Add(replayed);
            if (policy is not null && model is not null) apps.Add((replayed, policy, model));
        }

        if (!whole) return null;
        if (apps.Count == 0)
        {
            error.WriteLine($"no policy governs {string.Join(", ", data.Apps.Keys)}");
            return null;
        }

        ReplayRun.Run(set, code, data, all, cancellation);
        return [.. apps.Select(one => new Played(one.App.Reference.Id, one.Model, one.App.Result(one.Policy.Name)!))];
    }

    /// <summary>What came of one app.</summary>
    private sealed record Played(string App, ReplayModel Model, ReplayResult Result);

    private static AppRef Reference(string id, IReadOnlyDictionary<string, double[]> columns)
    {
        return new AppRef(id, null)
        {
            Priority = First("priority") is var priority and not double.NaN ? (int)priority : 0,
            Cpus = First("cpus"),
            Memory = First("memory"),
        };

        double First(string column) => columns.TryGetValue(column, out var values)
            ? values.FirstOrDefault(value => !double.IsNaN(value), double.NaN) : double.NaN;
    }
}
