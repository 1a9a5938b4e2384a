using LifecycleManager.Decisions.Expressions;

namespace LifecycleManager.Decisions.Coordinations;

/// <summary>
/// What names mean in a rule of a coordination: <c>web.wanted</c>, <c>sum(batch.instances)</c>, <c>count(batch)</c>,
/// <c>cluster.waiting</c>.
/// </summary>
internal sealed class ScopeTable(IReadOnlyCollection<string> aliases) : ReadTable([])
{
    private static readonly string[] Functions = ["sum", "min", "max", "avg", "count"];
    private readonly List<ScopeRead> _reads = [];

    /// <summary>What is read, in slot order from <see cref="Slots.FirstRead"/>.</summary>
    public new IReadOnlyList<ScopeRead> Reads => _reads;

    /// <summary>The names of apps that were used.</summary>
    public HashSet<string> UsedAliases { get; } = new(StringComparer.Ordinal);

    /// <inheritdoc />
    public override IEnumerable<string> Names =>
        aliases.SelectMany(alias => ScopeRead.Facts.Select(fact => $"{alias}.{fact}")).Append("cluster.waiting");

    /// <inheritdoc />
    public override int Fact(string name)
    {
        if (name == "cluster.waiting") return Slot(new ScopeRead(null, ScopeRead.Waiting, null));
        if (aliases.Contains(name)) throw new ArgumentException($"'{name}' is an app: say what of it, such as {name}.wanted");
        return Split(name) is var (alias, field) ? Slot(new ScopeRead(alias, field, null)) : -1;
    }

    /// <inheritdoc />
    public override int Aggregate(string function, string name)
    {
        if (Array.IndexOf(Functions, function) < 0) return -1;
        if (function == "count")
        {
            if (!aliases.Contains(name))
            {
                throw new ArgumentException(
                    $"count takes a name of apps, as in count({aliases.FirstOrDefault("web")}), not '{name}'");
            }

            UsedAliases.Add(name);
            return Slot(new ScopeRead(name, "", function));
        }

        if (aliases.Contains(name)) throw new ArgumentException($"{function} takes a value of an app: {function}({name}.wanted)");
        return Split(name) is var (alias, field) ? Slot(new ScopeRead(alias, field, function)) : -1;
    }

    /// <inheritdoc />
    public override (string Message, string? Suggestion)? Momentary(string name) =>
        name == "cluster.waiting" || aliases.Contains(name[..Math.Max(0, name.IndexOf('.', StringComparison.Ordinal))])
            ? ($"'{name}' is one value of this moment", "define a metric with a window or a quantile in the app's policy")
            : null;

    private (string Alias, string Field)? Split(string name)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        if (dot <= 0 || dot == name.Length - 1 || !aliases.Contains(name[..dot])) return null;
        UsedAliases.Add(name[..dot]);
        return (name[..dot], name[(dot + 1)..]);
    }

    private int Slot(ScopeRead read)
    {
        var index = _reads.IndexOf(read);
        if (index < 0)
        {
            index = _reads.Count;
            _reads.Add(read);
        }

        return Slots.FirstRead + index;
    }
}
