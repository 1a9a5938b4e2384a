using LifecycleManager.Decisions.Facts;

namespace LifecycleManager.Decisions.Rules;

/// <summary>The <c>for</c> of a rule: how long its condition must have held without a break.</summary>
internal static class Waits
{
    /// <summary>Begins a wait, or goes on with it; true once it is over.</summary>
    /// <param name="state">Since when it lasts.</param>
    /// <param name="wait">How long it takes.</param>
    /// <param name="app">The app, now.</param>
    /// <param name="restart">Whether it begins anew.</param>
    public static bool Go(ref RuleState state, TimeSpan wait, App app, bool restart)
    {
        var now = app.Facts.Steady;
        if (state.Since == default || state.Since > now || restart) state.Since = now;
        return now - state.Since >= wait;
    }

    /// <summary>When a wait under way is over; never where none is.</summary>
    public static Due NextDue(in RuleState state, TimeSpan wait, App app) =>
        state.Since == default || app.Facts.Steady - state.Since >= wait
        ? Due.Never : Due.Never with { Steady = state.Since + wait };
}
