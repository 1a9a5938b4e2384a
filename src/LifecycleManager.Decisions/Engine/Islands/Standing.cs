using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Engine.Islands;

/// <summary>Where an app stands while its island's rounds are under way.</summary>
internal sealed class Standing
{
    /// <summary>What it wants, demands included, before budgets.</summary>
    public Interval Raw { get; set; }

    /// <summary>The most that budgets let it have; null where none limits it.</summary>
    public Grant? Limit { get; set; }

    /// <summary>What others see that it wants: within bounds and budgets.</summary>
    public Interval Wanted { get; set; }

    /// <summary>What has raised <see cref="Wanted"/>; null where its own rules want it.</summary>
    public Firing? RaisedBy { get; set; }

    /// <summary>Begins the rounds.</summary>
    public void Begin(Interval own) => (Raw, Wanted, RaisedBy, Limit) = (own, own, null, null);
}
