namespace LifecycleManager.Rules;

/// <summary>
/// An app as rules see it: its counts, what its policy reads, and what is wanted of it so far. It does not change: rules read
/// it, the decision engine and tests make it, and each round has facts of its own. Two facts are equal if they are one object.
/// </summary>
public sealed record App
{
    private readonly IReadOnlyDictionary<string, double?> _readings = new Dictionary<string, double?>();

    /// <summary>The absolute id, such as <c>/shop/web</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The target that the app is scaled at; empty where there is one target alone. An app is target and id.</summary>
    public string Target { get; init; } = "";

    /// <summary>The count that was asked of the target; 0 or more.</summary>
    public int Instances { get; init; }

    /// <summary>How many instances run and are healthy, or run, where the app has no health check.</summary>
    public int Healthy { get; init; }

    /// <summary>How many instances are on their way: staged, starting, or waiting for room.</summary>
    public int Staged { get; init; }

    /// <summary>
    /// What would be set: what the app's policy asks for within its bounds, schedules, budgets and overrides, raised by what the
    /// rounds before put out; before stabilization, limits and cooldown. Without a policy it is <see cref="Instances"/>.
    /// </summary>
    public int Wanted { get; init; }

    /// <summary>The fewest instances that its policy allows; 0 or more.</summary>
    public int Min { get; init; }

    /// <summary>The most instances that its policy allows; at least <see cref="Min"/>.</summary>
    public int Max { get; init; } = int.MaxValue;

    /// <summary>Who goes first where not all can have what they want: the greater.</summary>
    public int Priority { get; init; }

    /// <summary>The processors of one instance.</summary>
    public double Cpus { get; init; }

    /// <summary>The memory of one instance, in MB.</summary>
    public double Memory { get; init; }

    /// <summary>The labels of its definition.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>The absolute ids of what it depends on, as its definition says.</summary>
    public IReadOnlyList<string> Dependencies { get; init; } = [];

    /// <summary>
    /// The named metrics of its policy; null, and what is no finite number, is unknown. Set by whoever makes the fact: rules
    /// read them one by one, so that what is unknown cannot be taken for a value.
    /// </summary>
    public IReadOnlyDictionary<string, double?> Readings
    {
        init => _readings = value;
    }

    /// <summary>The names of the metrics that <see cref="Reading"/> takes, known or not.</summary>
    public IEnumerable<string> ReadingNames => _readings.Keys;

    /// <summary>The value of a named metric of the app's policy.</summary>
    /// <param name="name">Its name in the policy.</param>
    /// <exception cref="UnknownReadingException">
    /// Its value is unknown, or the policy has no metric of this name. A rule lets it pass: a rule that met it is unknown,
    /// and what is unknown never scales in.
    /// </exception>
    public double Reading(string name) => Has(name)
        ? _readings[name]!.Value
        : throw new UnknownReadingException(Id, name, _readings.ContainsKey(name));

    /// <inheritdoc cref="Reading" />
    public double this[string name] => Reading(name);

    /// <summary>Whether the value of a named metric is known.</summary>
    /// <param name="name">Its name in the policy.</param>
    public bool Has(string name) => _readings.TryGetValue(name, out var value) && value is { } number && double.IsFinite(number);

    /// <summary>Whether it is the same fact.</summary>
    /// <param name="other">The other one.</param>
    public bool Equals(App? other) => ReferenceEquals(this, other);

    /// <inheritdoc />
    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

    /// <summary>What people read: the id, with the target where there is more than one.</summary>
    public override string ToString() => Target.Length == 0 ? Id : $"{Target} {Id}";
}
