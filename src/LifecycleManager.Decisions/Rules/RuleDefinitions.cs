using System.Linq.Expressions;
using LifecycleManager.Decisions.Facts;
using NRules.RuleModel;
using NRules.RuleModel.Builders;

namespace LifecycleManager.Decisions.Rules;

/// <summary>
/// Collects the NRules rules that a policy's rules are made of. Each matches one fact, so that the number of apps times the
/// number of rules is all that there is to test: NRules has no keyed join. They are made for a place in a policy and a kind of
/// rule, and find the rule itself with the app: policies whose rules are of the same kinds share what is compiled, whatever they
/// say.
/// </summary>
internal sealed class RuleDefinitions
{
    private const string HoldingKey = "holding";
    private readonly List<IRuleDefinition> _definitions = [];

    /// <summary>The rules so far.</summary>
    public IReadOnlyList<IRuleDefinition> All => _definitions;

    /// <summary>While a condition holds for an app, the rule has an opinion of it.</summary>
    /// <param name="rule">A rule of the kind, in its place.</param>
    /// <param name="what">What is matched.</param>
    /// <param name="when">The condition: a pure function of rule and fact.</param>
    /// <param name="opinion">What the rule asks for.</param>
    public void Opinion<TRule>(
        TRule rule, string what, Func<TRule, App, bool> when, Func<TRule, App, RuleOpinion> opinion) where TRule : Rule
    {
        var (index, match) = (rule.Index, new object());
        Add<App>(
            rule, what, app => when(In<TRule>(app, index), app),
            (_, app) => app.Opinions.Put(index, match, opinion(In<TRule>(app, index), app)),
            app => app.Opinions.Take(index, match));
    }

    /// <summary>
    /// While a condition holds for an app there is a <see cref="Holding"/> of it, which ripens, and of which the rule has an
    /// opinion.
    /// </summary>
    /// <param name="rule">A rule of the kind, in its place.</param>
    /// <param name="when">The condition: a pure function of rule and fact.</param>
    /// <param name="ripen">Begins the wait, or goes on with it; called whenever the app has changed.</param>
    /// <param name="opinion">What the rule asks for, ripe or not.</param>
    public void Holding<TRule>(
        TRule rule, Func<TRule, App, bool> when, Action<TRule, App, Holding> ripen, Func<TRule, Holding, RuleOpinion> opinion)
        where TRule : Rule
    {
        var index = rule.Index;
        Add<App>(
            rule, "holds", app => when(In<TRule>(app, index), app),
            (context, app) =>
            {
                if (context.GetLinked(HoldingKey) is Holding holding)
                {
                    var wasRipe = holding.IsRipe;
                    ripen(In<TRule>(app, index), app, holding);
                    // What is as ripe as before is not matched anew: most ticks change the opinion alone.
                    if (holding.IsRipe == wasRipe) app.Opinions.Renew(index, opinion(In<TRule>(app, index), holding));
                    else context.UpdateLinked(HoldingKey, holding);
                }
                else
                {
                    ref var state = ref app.States[index];
                    if (!state.IsRestored) state.Since = default;
                    state.IsRestored = false;
                    ripen(In<TRule>(app, index), app, holding = new Holding(app, index));
                    context.InsertLinked(HoldingKey, holding);
                }
            },
            app => app.States[index].Since = default);
        Ripening(rule, isRipe: true, opinion);
        Ripening(rule, isRipe: false, opinion);
    }

    private void Ripening<TRule>(TRule rule, bool isRipe, Func<TRule, Holding, RuleOpinion> opinion) where TRule : Rule
    {
        var (index, match) = (rule.Index, new object());
        Add<Holding>(
            rule, isRipe ? "has held" : "waits", holding => holding.Rule == index && holding.IsRipe == isRipe,
            (_, holding) => holding.App.Opinions.Put(index, match, opinion(In<TRule>(holding.App, index), holding)),
            holding => holding.App.Opinions.Take(index, match));
    }

    private static TRule In<TRule>(App app, int index) where TRule : Rule => (TRule)app.RuleSet.Rules[index];

    private void Add<T>(Rule rule, string what, Predicate<T> when, Action<IContext, T> matched, Action<T> gone)
    {
        var builder = new RuleBuilder();
        builder.Name($"rule {rule.Index + 1} ({rule.Kind}): {what}");
        var pattern = builder.LeftHandSide().Pattern(typeof(T), "fact");
        Expression<Func<T, bool>> condition = fact => when(fact);
        pattern.Condition(condition);
        Expression<Action<IContext, T>> action = (context, fact) => matched(context, fact);
        builder.RightHandSide().Action(action, ActionTrigger.Activated | ActionTrigger.Reactivated);
        Expression<Action<IContext, T>> end = (context, fact) => gone(fact);
        builder.RightHandSide().Action(end, ActionTrigger.Deactivated);
        _definitions.Add(builder.Build());
    }
}
