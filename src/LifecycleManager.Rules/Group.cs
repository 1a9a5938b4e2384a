namespace LifecycleManager.Rules;

/// <summary>
/// Several apps under one name, as <see cref="AppsAttribute.Group"/> of the rule's class gives it; a rule sees the groups of its
/// own class. A group of which there is no app right now is a fact, too, with sums of zero.
/// </summary>
/// <param name="name">The name.</param>
/// <param name="apps">The apps, in the order of their ids.</param>
public sealed class Group(string name, IReadOnlyList<App> apps)
{
    /// <summary>The name that the rule's class gives it.</summary>
    public string Name { get; } = name;

    /// <summary>The apps, in the order of their ids.</summary>
    public IReadOnlyList<App> Apps { get; } = apps;

    /// <summary>The counts that were asked of the target, over all.</summary>
    public int Instances => Apps.Sum(app => app.Instances);

    /// <summary>The healthy instances, over all.</summary>
    public int Healthy => Apps.Sum(app => app.Healthy);

    /// <summary>The instances on their way, over all.</summary>
    public int Staged => Apps.Sum(app => app.Staged);

    /// <summary>What would be set, over all.</summary>
    public int Wanted => Apps.Sum(app => app.Wanted);

    /// <summary>The processors of all instances that were asked for.</summary>
    public double Cpus => Apps.Sum(app => app.Cpus * app.Instances);

    /// <summary>The memory of all instances that were asked for, in MB.</summary>
    public double Memory => Apps.Sum(app => app.Memory * app.Instances);

    /// <summary>The sum of a named metric over the apps; 0 without apps.</summary>
    /// <param name="reading">The metric's name in the apps' policies.</param>
    /// <exception cref="UnknownReadingException">It is unknown of one of them.</exception>
    public double Sum(string reading) => Apps.Sum(app => app.Reading(reading));

    /// <summary>The least of a named metric over the apps.</summary>
    /// <param name="reading">The metric's name in the apps' policies.</param>
    /// <exception cref="UnknownReadingException">It is unknown of one of them, or there is no app.</exception>
    public double Least(string reading) => OverAll(reading).Min();

    /// <summary>The greatest of a named metric over the apps.</summary>
    /// <param name="reading">The metric's name in the apps' policies.</param>
    /// <exception cref="UnknownReadingException">It is unknown of one of them, or there is no app.</exception>
    public double Greatest(string reading) => OverAll(reading).Max();

    /// <summary>What people read: the name.</summary>
    public override string ToString() => Name;

    private IEnumerable<double> OverAll(string reading) => Apps.Count > 0
        ? Apps.Select(app => app.Reading(reading))
        : throw new UnknownReadingException($"{reading} of {Name} is unknown: it has no app");
}
