using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Rules;

namespace LifecycleManager.Decisions.Engine.Islands;

/// <summary>The rules of an island that are code: its apps become their facts, and what they ask for becomes demands.</summary>
internal sealed class IslandCode(ICodeRules rules, IReadOnlyList<string> ids, IReadOnlyDictionary<string, IslandApp> known)
{
    /// <summary>Whose rules they are, where people read it.</summary>
    private const string Name = "C#";

    private readonly Func<DateTimeOffset, CodeTurn> _begin = rules.For(ids);
    private CodeTurn? _turn;

    /// <summary>What was asked for and is not done, at the last run.</summary>
    public IReadOnlyList<string> Refused { get; private set; } = [];

    /// <summary>Begins a decision.</summary>
    public void Begin(DateTimeOffset now) => _turn = _begin(now);

    /// <summary>Runs the rules over what the apps want now.</summary>
    /// <exception cref="InvalidOperationException">A rule failed, or took too long.</exception>
    public IReadOnlyList<CodeDemand> Run(WaitingByPriority waiting)
    {
        var apps = ids.Select(id => known[id]).Where(app => app.IsSeen).ToList();
        var round = _turn!([.. apps.Select(Fact)], waiting.ToCluster());
        if (round.Failure is { } failure) throw new InvalidOperationException(failure);
        Refused = round.Refused;
        return
        [
            .. round.Outputs.SelectMany(Demands),
            .. round.Unknown.SelectMany(unknown => apps.Where(app => unknown.Rule.Names(app.Id))
                .Select(app => new CodeDemand(app, Demand.HoldScaleIn, 0, true, () => Fire(
                    unknown.Rule, app, Demand.HoldScaleIn, 0, unknown.Because, [], isUnknown: true)))),
        ];
    }

    private IEnumerable<CodeDemand> Demands(CodeOutput output)
    {
        var app = known[output.Output.App.Id];
        foreach (var (kind, count) in Kinds(output.Output))
        {
            yield return new CodeDemand(app, kind, count, false, () => Fire(
                output.Rule, app, kind, count, $"{output.Output.Because} ({output.Facts})", output.Apps, isUnknown: false));
        }
    }

    private static IEnumerable<(Demand Kind, int Count)> Kinds(RuleOutput output) => output switch
    {
        AtLeast least => [(Demand.AtLeast, least.Count)],
        AtMost most => [(Demand.AtMost, most.Count)],
        Hold { Direction: Direction.ScaleIn } => [(Demand.HoldScaleIn, 0)],
        Hold { Direction: Direction.ScaleOut } => [(Demand.HoldScaleOut, 0)],
        Hold => [(Demand.HoldScaleIn, 0), (Demand.HoldScaleOut, 0)],
        _ => throw new InvalidOperationException($"a rule asks for a {output.GetType().Name}, which nobody knows"),
    };

    private Firing Fire(
        CodeRule rule, IslandApp app, Demand kind, int count, string why, IReadOnlyList<string> firedOn, bool isUnknown)
    {
        var read = firedOn.Select(known.GetValueOrDefault).OfType<IslandApp>().Where(other => other != app).ToList();
        return Firing.Of(Name, rule.Name, app, kind, count, isUnknown, why, read);
    }

    private static App Fact(IslandApp app) => new()
    {
        Id = app.Id,
        Instances = app.Facts.Instances,
        Healthy = app.Facts.Healthy,
        Staged = app.Facts.Staged,
        Wanted = (int)app.Standing.Wanted.Low,
        Min = app.Bounds.Min,
        Max = app.Bounds.Max,
        Priority = app.App.Priority,
        Cpus = app.App.Cpus,
        Memory = app.App.Memory,
        Labels = app.App.Labels ?? new Dictionary<string, string>(),
        Dependencies = app.App.Dependencies ?? [],
        Readings = Readings(app),
    };

    private static Dictionary<string, double?> Readings(IslandApp app)
    {
        var readings = new Dictionary<string, double?>(StringComparer.Ordinal);
        foreach (var read in app.Memory?.Policy.Reads ?? [])
            readings[read.Text] = app.Metric(read.Text) is { IsPoint: true } value ? value.Point : null;
        return readings;
    }
}

/// <summary>What a rule that is code demands of an app.</summary>
/// <param name="App">The app.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Count">The count, where there is one.</param>
/// <param name="IsUnknown">Whether the rule met what is unknown, and demands nothing but that.</param>
/// <param name="Fire">Tells of it.</param>
internal sealed record CodeDemand(IslandApp App, Demand Kind, int Count, bool IsUnknown, Func<Firing> Fire);
