using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Rules;

namespace LifecycleManager.Decisions.Engine.Islands;

/// <summary>What the rules of an island demand in the end, by app.</summary>
internal sealed class Demands(IEnumerable<Scope> scopes, IEnumerable<CodeDemand> code)
{
    private readonly ILookup<IslandApp, Scope> _found =
        scopes.Where(scope => scope.Found != Truth.False).ToLookup(scope => scope.Target);

    private readonly ILookup<IslandApp, CodeDemand> _ofCode = code.ToLookup(demand => demand.App);

    /// <summary>What comes of it for an app.</summary>
    public Outcome Of(IslandApp app)
    {
        if (app.Memory is null || app.IsOrdered) return Outcome.None;
        var (raisedBy, limit) = (app.Standing.RaisedBy, app.Standing.Limit);
        if (!_found.Contains(app) && !_ofCode.Contains(app) && raisedBy is null && limit is null) return Outcome.None;
        var outcome = new Outcome { Limit = limit };
        var firings = new List<Firing>();
        if (raisedBy is not null)
        {
            // Its condition may be over since: it asked for more than there was, and now there is.
            firings.Add(raisedBy);
            outcome = outcome with { AtLeast = raisedBy.Count, AtLeastBy = raisedBy };
        }

        foreach (var scope in _found[app])
        {
            switch (scope.Kind)
            {
                case Demand.AtLeast:
                    outcome = AtLeast(app, scope, outcome, firings);
                    break;
                case Demand.AtMost when double.IsFinite(scope.Most):
                    // As few as the greatest that it may be; what is unknown takes nothing away.
                    var most = (int)Math.Floor(Math.Clamp(scope.Most, 0, 1_000_000) + 1e-9);
                    outcome = AtMost(app, scope.Fire(most, isUnknown: false), outcome, firings);
                    break;
                case Demand.HoldScaleIn:
                    outcome = NoScaleIn(scope.Fire(0, scope.Found == Truth.Unknown), outcome, firings);
                    break;
                case Demand.HoldScaleOut when scope.Found == Truth.True:
                    outcome = NoScaleOut(scope.Fire(0, isUnknown: false), outcome, firings);
                    break;
            }
        }

        foreach (var demand in _ofCode[app])
        {
            outcome = demand.Kind switch
            {
                Demand.AtLeast when raisedBy is { } by && by.Count >= demand.Count => outcome,
                Demand.AtLeast => AtLeast(demand.Fire(), outcome, firings),
                Demand.AtMost => AtMost(app, demand.Fire(), outcome, firings),
                Demand.HoldScaleIn => NoScaleIn(demand.Fire(), outcome, firings),
                _ => NoScaleOut(demand.Fire(), outcome, firings),
            };
        }

        return outcome with { Firings = firings, Room = Wait(app, outcome) };
    }

    private static Outcome AtLeast(Firing firing, Outcome outcome, List<Firing> firings)
    {
        firings.Add(firing);
        return firing.Count > outcome.AtLeast ? outcome with { AtLeast = firing.Count, AtLeastBy = firing } : outcome;
    }

    private static Outcome AtMost(IslandApp app, Firing firing, Outcome outcome, List<Firing> firings)
    {
        firings.Add(firing);
        var most = Math.Max(app.Bounds.Min, firing.Count);
        return outcome.AtMost < 0 || most < outcome.AtMost ? outcome with { AtMost = most, AtMostBy = firing } : outcome;
    }

    private static Outcome NoScaleIn(Firing firing, Outcome outcome, List<Firing> firings)
    {
        firings.Add(firing);
        return outcome with { NoScaleIn = outcome.NoScaleIn ?? firing };
    }

    private static Outcome NoScaleOut(Firing firing, Outcome outcome, List<Firing> firings)
    {
        firings.Add(firing);
        return outcome with { NoScaleOut = outcome.NoScaleOut ?? firing };
    }

    private static Outcome AtLeast(IslandApp app, Scope scope, Outcome outcome, List<Firing> firings)
    {
        if (!scope.IsSettled)
        {
            // Perhaps more than is known: until that is settled nothing shrinks.
            outcome = NoScaleIn(scope.Fire(0, isUnknown: true), outcome, firings);
        }

        if (double.IsNaN(scope.Least)) return outcome;
        var least = RuleAction.Ceiling(scope.Least);
        if (app.Standing.RaisedBy is { } by && by.Coordination == scope.Coordination.Name && by.Rule == scope.RuleName
            && by.Count >= least)
        {
            return outcome;
        }

        return AtLeast(scope.Fire(least, isUnknown: false), outcome, firings);
    }

    /// <summary>An app that made room keeps still until the room is taken, or for a minute.</summary>
    private static RoomMade? Wait(IslandApp app, Outcome outcome)
    {
        if (app.Room is not { } room) return null;
        var since = app.Facts.Steady - room.At;
        if (since >= TimeSpan.Zero && since < Island.RoomWait && app.WaitingAbove.High >= room.Waiting && outcome.AtMost >= 0
            && app.Facts.Instances <= room.Count)
        {
            return room;
        }

        if (since >= Island.RoomWait || since < TimeSpan.Zero || app.WaitingAbove.High < room.Waiting) app.Room = null;
        return null;
    }
}
