using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Decisions.Engine.Islands;

/// <summary>
/// The fact that the rules of an island match: one demand of a coordination's rule, with the apps that its names stand for here.
/// What it reads changes between two firings alone, so that its condition is pure.
/// </summary>
/// <param name="coordination">The coordination.</param>
/// <param name="rule">Its rule.</param>
/// <param name="demand">What it demands.</param>
/// <param name="target">Of which app.</param>
/// <param name="reads">The apps behind each read: one, or all of a name that is joined.</param>
internal sealed class Scope(
    Coordination coordination, CoordinationRule rule, RuleDemand demand, IslandApp target, IslandApp[][] reads)
{
    private readonly Interval[] _slots = new Interval[Slots.FirstRead + reads.Length];

    /// <summary>
    /// The same with what apps want taken for what they would be set to, though a rule of theirs is unknown: enough to grow by.
    /// </summary>
    private readonly Interval[] _growing = new Interval[Slots.FirstRead + reads.Length];
    private bool _isRead;

    /// <summary>The coordination.</summary>
    public Coordination Coordination => coordination;

    /// <summary>The name of its rule.</summary>
    public string RuleName => rule.Name;

    /// <summary>What is demanded.</summary>
    public Demand Kind => demand.Kind;

    /// <summary>Of which app.</summary>
    public IslandApp Target => target;

    /// <summary>Whether it calls forth more in the same tick: what others want may grow by it.</summary>
    public bool CallsForth => demand.Kind == Demand.AtLeast;

    /// <summary>Whether the condition is true.</summary>
    public bool Holds => Condition(CallsForth ? _growing : _slots) == Truth.True;

    /// <summary>Whether the condition is unknown.</summary>
    public bool IsUnknown => !Holds && Condition(_slots) == Truth.Unknown;

    /// <summary>What the rule engine has found of the condition.</summary>
    public Truth Found { get; private set; } = Truth.False;

    /// <summary>The least count that is demanded; NaN where there is none.</summary>
    public double Least => Found == Truth.True && demand.Count is { } count ? count.Number!(_growing).Low : double.NaN;

    /// <summary>The greatest count that is demanded; NaN where there is none.</summary>
    public double Most => Found == Truth.True && demand.Count is { } count ? count.Number!(_slots).High : double.NaN;

    /// <summary>Whether nothing unknown stands behind it.</summary>
    public bool IsSettled => Condition(_slots) == Truth.True && (demand.Count is null || demand.Count.Number!(_slots).IsPoint);

    /// <summary>The condition has come to be true, or unknown.</summary>
    public void Begin(Truth found) => Found = found;

    /// <summary>It is so no longer, unless it has come to be something else already.</summary>
    public void End(Truth found)
    {
        if (Found == found) Found = Truth.False;
    }

    /// <summary>Forgets what was found: another session looks at it.</summary>
    public void Reset() => (_isRead, Found) = (false, Truth.False);

    /// <summary>Reads anew. True where a value is another than before.</summary>
    public bool Refresh()
    {
        var hasChanged = !_isRead;
        _isRead = true;
        for (var i = 0; i < reads.Length; i++)
        {
            var value = Read(rule.Reads[i], reads[i]);
            ref var slot = ref _slots[Slots.FirstRead + i];
            if (slot.Equals(value)) continue;
            slot = value;
            _growing[Slots.FirstRead + i] = rule.Reads[i].Field == ScopeRead.Wanted ? value.Low : value;
            hasChanged = true;
        }

        return hasChanged;
    }

    /// <summary>Whether it reads metrics at all; most read what apps want alone.</summary>
    public bool ReadsMetrics { get; } = rule.Reads.Any(read => read.IsMetric);

    /// <summary>Metrics that it reads of apps whose policies name no such metric: they stay unknown.</summary>
    public IEnumerable<string> Misnamed() => rule.Reads.Zip(reads)
        .Where(pair => pair.First.IsMetric)
        .SelectMany(pair => pair.Second.Where(app => app.IsSeen).Select(app => Misnamed(pair.First, app))).OfType<string>();

    /// <summary>What it demands now, to be told.</summary>
    /// <param name="count">The count.</param>
    /// <param name="isUnknown">Whether an unknown value stands behind it.</param>
    public Firing Fire(int count, bool isUnknown)
    {
        var read = rule.Reads.Zip(reads).Where(pair => pair.First.Field == ScopeRead.Wanted).SelectMany(pair => pair.Second)
            .Where(app => app != target || demand.Kind != Demand.AtLeast).Distinct().ToList();
        var why = rule.When.Show(CallsForth && !isUnknown ? _growing : _slots);
        return Firing.Of(coordination.Name, rule.Name, target, demand.Kind, count, isUnknown, why, read);
    }

    private string? Misnamed(ScopeRead read, IslandApp app)
    {
        var what = $"the coordination '{coordination.Name}' reads {read.Alias}.{read.Field}, which stays unknown: ";
        if (app.Memory?.Policy is not { } policy) return $"{what}no policy governs {app.Id}";
        var names = policy.Metrics.Select(metric => metric.Name);
        if (names.Contains(read.Field)) return null;
        var meant = NearestName.Suggest(read.Field, names) is { } suggestion ? $" ({suggestion})" : "";
        return $"{what}the policy '{policy.Name}' of {app.Id} has no metric '{read.Field}'{meant}";
    }

    private Truth Condition(Interval[] slots) => rule.When.Condition!(slots);

    private Interval Read(ScopeRead read, IslandApp[] apps)
    {
        if (read.Alias is null) return target.WaitingAbove;
        switch (read.Function)
        {
            case null:
                return Of(apps[0], read.Field);
            case "count":
                return apps.Length;
            case "sum":
                return Join(apps, read.Field, 0, static (x, y) => x + y);
            case "min":
                return apps.Length == 0 ? Interval.Unknown : Join(apps, read.Field, double.PositiveInfinity, Interval.Min);
            case "max":
                return apps.Length == 0 ? Interval.Unknown : Join(apps, read.Field, double.NegativeInfinity, Interval.Max);
            default:
                return apps.Length == 0 ? Interval.Unknown : Join(apps, read.Field, 0, static (x, y) => x + y) / apps.Length;
        }
    }

    private static Interval Join(IslandApp[] apps, string field, Interval seed, Func<Interval, Interval, Interval> join)
    {
        var value = seed;
        foreach (var app in apps) value = join(value, Of(app, field));
        return value;
    }

    private static Interval Of(IslandApp app, string field) => field switch
    {
        _ when !app.IsSeen => Interval.Unknown,
        ScopeRead.Wanted => app.Standing.Wanted,
        "instances" => app.Facts.Instances,
        "healthy" => app.Facts.Healthy,
        "staged" => app.Facts.Staged,
        "min" => app.Bounds.Min,
        "max" => app.Bounds.Max,
        "priority" => app.App.Priority,
        "cpus" => app.App.Cpus,
        "memory" => app.App.Memory,
        _ => app.Metric(field),
    };
}
