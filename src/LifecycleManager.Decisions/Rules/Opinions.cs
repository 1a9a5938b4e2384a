using LifecycleManager.Decisions.Facts;

namespace LifecycleManager.Decisions.Rules;

/// <summary>
/// What the rules of a policy ask for one app: a fact that the combination matches. Each rule's opinion lives as long as its
/// match does: it is put in when the match comes and taken out when it goes.
/// </summary>
internal sealed class Opinions(App app)
{
    private readonly RuleOpinion[] _opinions = new RuleOpinion[app.RuleSet.Rules.Length];
    private readonly object?[] _givenBy = new object?[app.RuleSet.Rules.Length];
    private int _gathered = -1;

    /// <summary>The app.</summary>
    public App App => app;

    /// <summary>By rule, in the order of the file.</summary>
    public ReadOnlySpan<RuleOpinion> All => _opinions;

    /// <summary>The highest count that a rule asks for; -1 where none does.</summary>
    public int Highest { get; private set; }

    /// <summary>The rule that asks for <see cref="Highest"/>: of several the first in the file.</summary>
    public int HighestRule { get; private set; }

    /// <summary>The highest count that a rule asks to be there at least; -1 where none does.</summary>
    public int Floor { get; private set; }

    /// <summary>The rule that asks for <see cref="Floor"/>: of several the first in the file.</summary>
    public int FloorRule { get; private set; }

    /// <summary>Whether a rule could not be decided, so that nothing shrinks.</summary>
    public bool AnyUnknown { get; private set; }

    /// <summary>Whether that was for want of a metric, and not only for want of some instances' share of it.</summary>
    public bool AnyMissing { get; private set; }

    /// <summary>Whether a rule could not be decided for want of some instances' share of a metric.</summary>
    public bool AnyPartial { get; private set; }

    /// <summary>The bounds in force, schedules included.</summary>
    public InstanceBounds Bounds { get; private set; } = app.RuleSet.Bounds;

    /// <summary>The count that is there.</summary>
    public int Instances => app.Facts.Instances;

    /// <summary>Whether the app is at 0 although its policy wants at least one: someone switched it off.</summary>
    public bool IsSwitchedOff => Instances == 0 && app.RuleSet.Bounds.Min > 0;

    /// <summary>What the combination takes: a count, and the rule that it comes from (-1 for none).</summary>
    public (int Count, int Rule) Wanted { get; private set; }

    /// <summary>Whether the count may not shrink, since something is unknown.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>Begins with the bounds that were in force in another process.</summary>
    public void Begin(InstanceBounds bounds) => Bounds = bounds;

    /// <summary>A rule's opinion while its match lasts.</summary>
    /// <param name="rule">The rule's index.</param>
    /// <param name="match">The match; a rule may have several that exclude each other.</param>
    /// <param name="opinion">What it asks for.</param>
    public void Put(int rule, object match, in RuleOpinion opinion) => (_opinions[rule], _givenBy[rule]) = (opinion, match);

    /// <summary>The opinion of a rule's match that lasts, once more.</summary>
    public void Renew(int rule, in RuleOpinion opinion) => _opinions[rule] = opinion;

    /// <summary>Takes out what a match has put in, unless another one of the rule has taken its place.</summary>
    public void Take(int rule, object match)
    {
        if (ReferenceEquals(_givenBy[rule], match)) (_opinions[rule], _givenBy[rule]) = (RuleOpinion.None, null);
    }

    /// <summary>The combination's result.</summary>
    public void Want(int count, int rule) => Wanted = (count, rule);

    /// <summary>The combination's result while something is unknown.</summary>
    public void Hold() => IsHeld = true;

    /// <summary>Sums the opinions up, for the combination to match.</summary>
    /// <returns>Whether the combination would find something else than at the last time.</returns>
    public bool Gather()
    {
        var before = (Highest, HighestRule, Floor, FloorRule, AnyUnknown, _gathered);
        _gathered = Instances;
        var bounds = app.RuleSet.Bounds;
        (Highest, HighestRule, Floor, FloorRule) = (-1, -1, -1, -1);
        (AnyUnknown, AnyMissing, AnyPartial) = (false, false, false);
        var (min, max, perhaps) = (bounds.Min, bounds.Max, -1);
        for (var i = 0; i < _opinions.Length; i++)
        {
            ref readonly var opinion = ref _opinions[i];
            switch (opinion.Verdict)
            {
                case RuleVerdict.Unknown:
                    AnyUnknown = true;
                    if (app.IsPartialFor(i)) AnyPartial = true;
                    else AnyMissing = true;
                    if (opinion.Min >= 0) perhaps = Math.Max(perhaps, bounds.Clamp(opinion.Min));
                    break;
                case RuleVerdict.Count when opinion.Count > Highest:
                    (Highest, HighestRule) = (opinion.Count, i);
                    break;
                case RuleVerdict.AtLeast when opinion.Count > Floor:
                    (Floor, FloorRule) = (opinion.Count, i);
                    break;
                case RuleVerdict.Bounds:
                    if (opinion.Min >= 0) min = Math.Max(min, bounds.Clamp(opinion.Min));
                    if (opinion.Max >= 0) max = Math.Min(max, bounds.Clamp(opinion.Max));
                    break;
            }
        }

        // Of two rules whose bounds exclude each other the lower bound wins: being there comes before being cheap. One that is
        // unknown adds none, but keeps the instances that there are.
        Bounds = new InstanceBounds(min, Math.Max(Math.Max(min, max), Math.Min(perhaps, Instances)));
        if (before == (Highest, HighestRule, Floor, FloorRule, AnyUnknown, _gathered)) return false;
        IsHeld = false;
        return true;
    }
}
