using LifecycleManager.Scheduler.Core.Definitions;

namespace LifecycleManager.Scheduler.Core.Inputs;

/// <summary>
/// What an app must be for a change of it to be made: as it was when somebody decided the change. Checked where the change is
/// made, so that nothing comes in between.
/// </summary>
/// <param name="App">The app.</param>
/// <param name="Instances">Its count; null for any. One that has the wanted count already is not in the way.</param>
/// <param name="CreatedAt">When it was made; null for any app of this id.</param>
internal sealed record CountCondition(AppId App, int? Instances, DateTimeOffset? CreatedAt)
{
    /// <summary>Lets a change pass, or not.</summary>
    /// <param name="known">The app as it is; null where there is none.</param>
    /// <param name="asked">The app as it is to be.</param>
    /// <exception cref="AppNotFoundException">It is gone.</exception>
    /// <exception cref="CountConditionException">It is not as it must be.</exception>
    public void Check(AppRecord? known, AppDefinition? asked)
    {
        if (known is null) throw new AppNotFoundException(App);
        var count = known.Definition.Instances;
        if ((CreatedAt is { } made && made != known.CreatedAt)
            || (Instances is { } from && from != count && asked?.Instances != count))
        {
            throw new CountConditionException(App, count, known.CreatedAt);
        }
    }
}

/// <summary>An app is not as it was when a change of it was decided: 412.</summary>
internal sealed class CountConditionException(AppId app, int instances, DateTimeOffset createdAt)
    : Exception($"App '{app.Path}' is not as the request has it: it has {instances} instances; nothing was changed")
{
    /// <summary>The count that it has.</summary>
    public int Instances { get; } = instances;

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; } = createdAt;
}
