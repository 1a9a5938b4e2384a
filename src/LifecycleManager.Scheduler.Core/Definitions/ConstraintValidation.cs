using System.Globalization;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions.Json;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>Marathon's rules for constraints; expressions are bounded and must need no backtracking.</summary>
internal static class ConstraintValidation
{
    private static readonly string[] Places = ["@hostname", "@region", "@zone"];

    public static void Validate(App app, string path, Problems problems)
    {
        var before = problems.Items.Count;
        var constraints = app.Constraints ?? [];
        for (var index = 0; index < constraints.Count; index++) One(constraints[index], $"{path}({index})", problems);
        if (problems.Items.Count == before) Together(app, path, problems);
    }

    private static void One(IReadOnlyList<string> parts, string at, Problems problems)
    {
        if (parts.Count is < 2 or > 3)
        {
            problems.Add(at, "must be [field, operator] or [field, operator, value]");
            return;
        }

        var (field, name, value) = (parts[0], parts[1], parts.Count > 2 ? parts[2] : null);
        if (field.Length == 0) problems.Add($"{at}(0)", "must not be empty");
        else if (field[0] == '@' && !Places.Contains(field, StringComparer.Ordinal))
            problems.Add($"{at}(0)", $"'{field}' must be one of {string.Join(", ", Places)}" + NearestName.Hint(field, Places));
        if (!ConstraintOperators.TryParse(name, out var op))
        {
            problems.Add($"{at}(1)", $"'{name}' must be one of {string.Join(", ", ConstraintOperators.Names)}"
                + NearestName.Hint(name, ConstraintOperators.Names));
            return;
        }

        switch (op)
        {
            case ConstraintOperator.Unique:
                problems.Unless(string.IsNullOrEmpty(value), at, "Value specified but not used");
                break;
            case ConstraintOperator.GroupBy:
                problems.Unless(string.IsNullOrEmpty(value) || IsCount(value), at, "Value was specified but is not a number");
                break;
            case ConstraintOperator.MaxPer:
                problems.Unless(value is not null && IsCount(value), at, "Value was not specified or is not a number above 0");
                break;
            case ConstraintOperator.Like or ConstraintOperator.Unlike:
                if (value is null) problems.Add(at, "A regular expression value must be provided");
                else if (WhyNoExpression(value) is { } reason)
                    problems.Add(at, $"'{value}' is not a valid regular expression: {reason}");
                break;
            case ConstraintOperator.Is:
                problems.Unless(value is { Length: > 0 }, at, "Missing value");
                break;
            default:
                break;
        }
    }

    // What no set of agents could ever satisfy.
    private static void Together(App app, string path, Problems problems)
    {
        var constraints = app.Constraints!.Select((parts, index) =>
        {
            _ = ConstraintOperators.TryParse(parts[1], out var op);
            return (Field: Canonical(parts[0]), Operator: op, Value: parts.Count > 2 ? parts[2] : null, Index: index);
        }).ToList();
        foreach (var same in constraints.GroupBy(constraint => constraint.Field))
        {
            var fixedTo = same.Where(c => c.Value is { Length: > 0 }
                && c.Operator is ConstraintOperator.Is or ConstraintOperator.Cluster)
                .Where(c => c.Value is { Length: > 0 }).ToList();
            foreach (var other in fixedTo.Skip(1).Where(other => other.Value != fixedTo[0].Value))
            {
                problems.Add($"{path}({other.Index})",
                    $"is impossible: {other.Field} cannot be '{other.Value}' and, by constraint {fixedTo[0].Index}, '{fixedTo[0].Value}'");
            }

            var one = same.FirstOrDefault(c => c.Operator == ConstraintOperator.Cluster || (c.Operator == ConstraintOperator.Is));
            var unique = same.FirstOrDefault(c => c.Operator == ConstraintOperator.Unique);
            if (one.Field is not null && unique.Field is not null && app.Instances > 1)
            {
                problems.Add($"{path}({unique.Index})",
                    $"is impossible: {app.Instances} instances cannot each have another {same.Key} and, by constraint {one.Index}, all the same");
            }

            foreach (var like in same.Where(c => c.Operator is ConstraintOperator.Like or ConstraintOperator.Unlike))
            {
                var wanted = like.Operator == ConstraintOperator.Like;
                foreach (var value in fixedTo.Where(value => Matches(like.Value!, value.Value!) != wanted))
                {
                    problems.Add($"{path}({like.Index})",
                        $"is impossible: '{value.Value}' of constraint {value.Index} {(wanted ? "does not match" : "matches")} '{like.Value}'");
                }
            }
        }
    }

    private static string Canonical(string field) => field == "hostname" ? "@hostname" : field;

    private static bool IsCount(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0;

    private static bool Matches(string expression, string value) => LinearRegex.Parse(expression).IsMatch(value);

    private static string? WhyNoExpression(string expression)
    {
        try
        {
            _ = LinearRegex.Parse(expression);
            return null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }
}
