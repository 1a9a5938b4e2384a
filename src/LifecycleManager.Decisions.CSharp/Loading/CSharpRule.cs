using LifecycleManager.Rules;
using NRules;

namespace LifecycleManager.Decisions.CSharp.Loading;

/// <summary>One rule class in force.</summary>
public sealed class CSharpRule
{
    private readonly IReadOnlyList<NamedApps> _apps;

    internal CSharpRule(string name, string type, RulePlace place, IReadOnlyList<NamedApps> apps, ISessionFactory sessions,
        bool infersFromAbsence)
    {
        (Name, Type, Place, _apps, Sessions, InfersFromAbsence) = (name, type, place, apps, sessions, infersFromAbsence);
        Groups = [.. apps.Where(named => named.Group is not null)];
    }

    /// <summary>The name, unique among the rules in force: its <c>[Name]</c>, or the class's.</summary>
    public string Name { get; }

    /// <summary>The class's full name.</summary>
    public string Type { get; }

    /// <summary>Where it is declared; the beginning of the file of an assembly.</summary>
    public RulePlace Place { get; }

    /// <summary>What makes its sessions.</summary>
    internal ISessionFactory Sessions { get; }

    /// <summary>Its groups.</summary>
    internal IReadOnlyList<NamedApps> Groups { get; }

    /// <summary>
    /// Whether it may act since something is not there (<c>Not</c>, <c>All</c>, a query): what was not told would be absent.
    /// </summary>
    internal bool InfersFromAbsence { get; }

    /// <summary>Whether it concerns an app.</summary>
    /// <param name="target">The app's target.</param>
    /// <param name="id">The app's absolute id.</param>
    public bool Names(string target, string id) => _apps.Any(named => named.Has(target, id));

    /// <summary>Whether it concerns an app.</summary>
    /// <param name="app">The app.</param>
    public bool Names(App app)
    {
        ArgumentNullException.ThrowIfNull(app);
        return Names(app.Target, app.Id);
    }
}
