using System.Globalization;
using System.Runtime.CompilerServices;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Scheduler.Core.Definitions;

namespace LifecycleManager.Scheduler.Core.Placement;

/// <summary>
/// One constraint of an app over a round: how many of the app's instances are at each value of its field, and whether one more
/// may be. The semantics are Marathon's: a missing attribute refuses every constraint but UNLIKE.
/// </summary>
internal sealed class ConstraintLedger
{
    // Reading an expression costs more than a round of placement: it is done once for each constraint.
    private static readonly ConditionalWeakTable<Constraint, LinearRegex> Expressions = [];

    private readonly Constraint _constraint;
    private readonly LinearRegex? _regex;
    private readonly int _number;
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);

    // How many values have a count, by count, so that the least count is known without looking at every value.
    private readonly List<int> _levels = [0];
    private int _least;

    // LIKE, UNLIKE and IS decide by the value alone, and agents share values.
    private readonly Dictionary<string, bool> _decided = new(StringComparer.Ordinal);

    public ConstraintLedger(Constraint constraint)
    {
        _constraint = constraint;
        if (constraint.Operator is ConstraintOperator.Like or ConstraintOperator.Unlike)
            _regex = Expressions.GetValue(constraint, static constraint => LinearRegex.Parse(constraint.Value ?? ""));
        _ = int.TryParse(constraint.Value, NumberStyles.None, CultureInfo.InvariantCulture, out _number);
    }

    /// <summary>Its verdict on an agent never changes: it does not look at where other instances are.</summary>
    public bool IsStatic => _constraint.Operator is ConstraintOperator.Like or ConstraintOperator.Unlike or ConstraintOperator.Is;

    /// <summary>Its verdict on an agent may turn from no to yes while instances are placed.</summary>
    public bool IsBalancing => _constraint.Operator is ConstraintOperator.GroupBy;

    /// <summary>The value of the field at a place, or null where the place has none.</summary>
    public string? ValueAt(string host, string? region, string? zone, IReadOnlyDictionary<string, string> attributes) =>
        ValueOf(_constraint.Field, host, region, zone, attributes);

    /// <summary>The value of a field at a place, or null where the place has none.</summary>
    public static string? ValueOf(string of, string host, string? region, string? zone,
        IReadOnlyDictionary<string, string> attributes) =>
        of switch
        {
            "hostname" or "@hostname" => host,
            "@region" => region,
            "@zone" => zone,
            var field => attributes.GetValueOrDefault(field),
        };

    public string? ValueAt(AgentPool agent) => ValueAt(agent.Host, agent.Region, agent.Zone, agent.Attributes);

    public int CountAt(string? value) => value is not null && _counts.TryGetValue(value, out var count) ? count : 0;

    public void Add(string? value)
    {
        if (IsStatic || value is null) return;
        var count = CountAt(value) + 1;
        _counts[value] = count;
        if (_levels.Count <= count) _levels.Add(0);
        _levels[count]++;
        if (count == 1)
        {
            _least = 1;
            return;
        }

        _levels[count - 1]--;
        while (_levels[_least] == 0) _least++;
    }

    /// <summary>Whether one more instance may be at a value.</summary>
    public bool Allows(string? value)
    {
        if (value is null) return _constraint.Operator == ConstraintOperator.Unlike;
        switch (_constraint.Operator)
        {
            case ConstraintOperator.Unique:
                return CountAt(value) == 0;
            case ConstraintOperator.MaxPer:
                return CountAt(value) < _number;
            case ConstraintOperator.Is or ConstraintOperator.Like or ConstraintOperator.Unlike:
                if (_decided.TryGetValue(value, out var decided)) return decided;
                return _decided[value] = _constraint.Operator switch
                {
                    ConstraintOperator.Is => Same(value, _constraint.Value),
                    ConstraintOperator.Like => _regex!.IsMatch(value),
                    _ => !_regex!.IsMatch(value),
                };
            case ConstraintOperator.Cluster:
                return (string.IsNullOrEmpty(_constraint.Value) || value == _constraint.Value)
                    && (_counts.Count == 0 || (_counts.Count == 1 && _counts.ContainsKey(value)));
            case ConstraintOperator.GroupBy:
                var count = CountAt(value);
                if (count == 0) return true;
                return _counts.Count >= _number && count == _least;
            default:
                return false;
        }
    }

    /// <summary>Why a value is refused, for people.</summary>
    public string Explain(string? value)
    {
        var name =
            $"constraint {_constraint.Field} {_constraint.Operator.Name()}{(_constraint.Value is null ? "" : " " + _constraint.Value)}";
        if (value is null) return $"{name}: the agent has no {_constraint.Field}";
        return _constraint.Operator switch
        {
            ConstraintOperator.Unique => $"{name}: an instance is already at '{value}'",
            ConstraintOperator.MaxPer => $"{name}: {CountAt(value)} instances are already at '{value}'",
            ConstraintOperator.Cluster when _counts.Count > 0 =>
                $"{name}: the instances are at '{_counts.Keys.First()}', not at '{value}'",
            ConstraintOperator.GroupBy => $"{name}: '{value}' has {CountAt(value)} instances, others have fewer",
            _ => $"{name}: the agent has '{value}'",
        };
    }

    private static bool Same(string value, string? wanted) => value == wanted
        || (double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var left)
            && double.TryParse(wanted, NumberStyles.Float, CultureInfo.InvariantCulture, out var right)
            && Math.Abs(left - right) < 0.0005);
}
