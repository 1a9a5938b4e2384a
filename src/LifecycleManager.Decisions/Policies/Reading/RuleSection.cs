using System.Globalization;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Timing;
using Quartz;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>Reads <c>rules</c>.</summary>
internal sealed class RuleSection(ProblemSink problems, ReadTable table, string policyName, TimeZoneInfo policyZone)
{
    private const int MaxRules = 100;
    private static readonly string[] Kinds = ["when", "step", "target", "schedule", "forecast"];
    private static readonly string[] Amounts = ["add", "remove", "set", "multiply"];
    private static readonly (string, bool)[] Pers = [("instance", true), ("total", false)];

    public List<Rule> Read(MapReader policy)
    {
        var rules = new List<Rule>();
        if (policy.Need("rules", "rules: a list of rules") is not { } node) return rules;
        if (node is not YamlList list)
        {
            problems.Error(node, $"'rules' must be a list, not {node.Kind}", "start each rule with '- rule: a name'", "type");
            return rules;
        }

        if (list.Items.Count == 0) problems.Warning(list, "the policy has no rules: it only holds the bounds", null, "no-rules");
        var names = new Dictionary<string, YamlNode>(StringComparer.Ordinal);
        foreach (var item in list.Items)
        {
            if (rules.Count >= MaxRules)
            {
                problems.Error(item, $"a policy has at most {MaxRules} rules", null, "too-many");
                break;
            }

            if (MapReader.AsMap(item, "a rule", problems) is not { } map) continue;
            var name = map.Need("rule", "rule: a name") is { } nameNode ? map.AsText(nameNode, "rule") : null;
            if (name is not null && !names.TryAdd(name, item))
            {
                problems.Error(item, $"the rule '{name}' is given twice", $"first on line {names[name].Start.Line}",
                    "duplicate-rule");
            }

            if (ReadRule(map, name ?? "?", rules.Count) is { } rule) rules.Add(rule);
            map.Find("description");
            map.Done(Kinds);
        }

        return rules;
    }

    private Rule? ReadRule(MapReader map, string name, int index)
    {
        var kinds = Kinds.Where(kind => map.Keys.Contains(kind)).ToList();
        if (kinds.Count != 1)
        {
            problems.Error(
                map.Map,
                kinds.Count == 0 ? $"the rule '{name}' says not when it acts"
                    : $"the rule '{name}' has {string.Join(" and ", kinds)}",
                $"give one of {string.Join(", ", Kinds)}", "rule-kind");
            foreach (var key in kinds.Append("then").Append("for")) map.Find(key);
            return null;
        }

        return kinds[0] switch
        {
            "when" => ReadThreshold(map, name, index),
            "step" => ReadStep(map, name, index),
            "target" => ReadTarget(map, name, index),
            "forecast" => ReadForecast(map, name, index),
            _ => ReadSchedule(map, name, index),
        };
    }

    private ThresholdRule? ReadThreshold(MapReader map, string name, int index)
    {
        var when = Compile(map.Find("when")!, "when", ExpressionCompiler.Condition);
        var wait = map.Duration("for") ?? TimeSpan.Zero;
        var then = ReadThen(map, $"the rule '{name}'");
        if (when is null || then is null) return null;
        return new ThresholdRule
        {
            Name = name,
            Place = problems.Place(map.Map),
            Index = index,
            When = when,
            For = wait,
            Then = then,
        };
    }

    private StepRule? ReadStep(MapReader map, string name, int index)
    {
        var wait = map.Duration("for") ?? TimeSpan.Zero;
        if (map.Sub("step", "'step'") is not { } step) return null;
        var metric = step.Need("metric") is { } node ? Compile(node, "metric", ExpressionCompiler.Number) : null;
        var steps = new List<Step>();
        if (step.Need("steps", "steps: [ { above: 100, add: 1 } ]") is YamlList { Items.Count: > 0 } list)
        {
            foreach (var item in list.Items)
            {
                if (MapReader.AsMap(item, "a step", problems) is not { } one) continue;
                var (above, below) = (one.Number("above"), one.Number("below"));
                if (above is null && below is null) problems.Error(item, "a step needs 'above' or 'below'", null, "missing-key");
                if (above >= below) problems.Error(item, "'above' must be less than 'below'", null, "bounds");
                var action = ReadAction(one, "the step", boundsToo: false);
                one.Done();
                if (action is not null) steps.Add(new Step(above ?? double.NaN, below ?? double.NaN, action));
            }
        }
        else
        {
            problems.Error(step.Find("steps") ?? step.Map, "'steps' must be a list of steps", "steps: [ { above: 100, add: 1 } ]",
                "type");
        }

        step.Done();
        if (metric is null || steps.Count == 0) return null;
        return new StepRule
        {
            Name = name,
            Place = problems.Place(map.Map),
            Index = index,
            Metric = metric,
            Steps = steps,
            For = wait,
        };
    }

    private TargetRule? ReadTarget(MapReader map, string name, int index)
    {
        if (map.Sub("target", "'target'") is not { } target) return null;
        var metric = target.Need("metric") is { } node ? Compile(node, "metric", ExpressionCompiler.Number) : null;
        var value = target.Need("value") is null ? null : target.Number("value", positive: true);
        var (tolerance, toleranceIn) = ToleranceSection.Read(target, problems);
        var activation = target.Number("activation") ?? 0;
        var perInstance = target.Choice("per", Pers) ?? false;
        target.Done();
        if (metric is null || value is null) return null;
        var read = metric.SingleRead < 0 ? null : table.Reads[metric.SingleRead - Slots.FirstRead];
        var joined = read is not null && double.IsNaN(read.InstanceQuantile)
            && read.Query.Source is MetricSource.Actuator or MetricSource.Prometheus or MetricSource.Container
            ? read.Query : null;
        return new TargetRule
        {
            Name = name,
            Place = problems.Place(map.Map),
            Index = index,
            Metric = metric,
            Value = value.Value,
            Tolerance = tolerance,
            ScaleInTolerance = toleranceIn,
            PerInstance = perInstance,
            Activation = activation,
            ByInstance = !perInstance && joined is { Across: Aggregation.Avg },
            Fills = joined?.Across == (perInstance ? Aggregation.Sum : Aggregation.Avg),
            Fill = joined is { IsShare: true } ? Math.Max(value.Value, 1) : value.Value,
        };
    }

    private ForecastRule? ReadForecast(MapReader map, string name, int index)
    {
        if (map.Sub("forecast", "'forecast'") is not { } forecast) return null;
        var metric = forecast.Need("metric") is { } node ? Compile(node, "metric", ExpressionCompiler.Number) : null;
        var value = forecast.Need("value") is null ? null : forecast.Number("value", positive: true);
        var perInstance = forecast.Choice("per", Pers) ?? false;
        var season = forecast.Duration("season", positive: true) ?? TimeSpan.FromDays(1);
        var ahead = forecast.Duration("ahead", positive: true) ?? TimeSpan.FromMinutes(10);
        var step = forecast.Duration("step", positive: true) ?? Usual(season, ahead);
        var maxError = forecast.Number("maxError", positive: true) ?? 0.25;
        forecast.Done();
        var buckets = season / step;
        if (buckets is < 4 or > 20_160)
        {
            problems.Error(forecast.Map,
                $"a season of {DurationText.Format(season)} in steps of {DurationText.Format(step)} has {buckets:0} steps, not 4 to 20160", "step: 5m", "forecast");
            return null;
        }

        if (ahead > season || ahead < step)
        {
            problems.Error(forecast.Map, "'ahead' must be at least a step and at most a season", null, "forecast");
            return null;
        }

        if (metric is null || value is null) return null;
        return new ForecastRule
        {
            Name = name,
            Place = problems.Place(map.Map),
            Index = index,
            Metric = metric,
            Value = value.Value,
            PerInstance = perInstance,
            Season = season,
            Step = step,
            Ahead = ahead,
            MaxError = maxError,
        };

        // Half of the way ahead, so that two steps see the load come; a minute or more, an eighth of a season or less.
        static TimeSpan Usual(TimeSpan season, TimeSpan ahead) =>
            TimeSpan.FromTicks(Math.Min(Math.Max(ahead.Ticks / 2, TimeSpan.TicksPerMinute), season.Ticks / 8));
    }

    private ScheduleRule? ReadSchedule(MapReader map, string name, int index)
    {
        if (map.Sub("schedule", "'schedule'") is not { } schedule) return null;
        var zone = PolicyReader.ReadZone(schedule, problems) ?? policyZone;
        var from = schedule.Need("cron", "cron: '0 0 22 * * ?'") is { } node ? ReadCron(node, zone) : null;
        var until = schedule.Find("until") is { } end ? ReadCron(end, zone) : null;
        schedule.Done();
        var then = ReadThen(map, $"the rule '{name}'");
        if (from is null || then is null) return null;
        if (until is not null && then.IsRelative)
        {
            problems.Error(map.Find("then")!, "a window holds bounds or a count; adding again and again is not meant",
                "give min, max or set, or leave 'until' out", "schedule");
        }

        return new ScheduleRule
        {
            Name = name,
            Place = problems.Place(map.Map),
            Index = index,
            Schedule = new ScheduledRule(policyName, name, from, until, zone),
            Then = then,
        };
    }

    private CronExpression? ReadCron(YamlNode node, TimeZoneInfo zone)
    {
        if (node is not YamlScalar { IsNull: false } scalar)
        {
            problems.Error(node, $"a schedule is a text, not {node.Kind}", "'0 0 22 * * ?'", "type");
            return null;
        }

        try
        {
            var cron = new CronExpression(scalar.Value, zone);
            if (cron.GetNextValidTimeAfter(new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero)) is null)
            {
                problems.Error(node, $"'{scalar.Value}' never fires", null, "cron");
                return null;
            }

            return cron;
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
        {
            var fields = scalar.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;
            problems.Error(
                node,
                $"'{scalar.Value}' is not a cron expression: {e.Message.TrimEnd('.')}",
                fields == 5 ? "Quartz' notation starts with seconds: 0 and the five fields, one of the days '?'"
                    : "second minute hour day month weekday",
                "cron");
            return null;
        }
    }

    private RuleAction? ReadThen(MapReader map, string what)
    {
        if (map.Need("then", "then: { add: 1 }") is not { } node || MapReader.AsMap(node, "'then'", problems) is not { } then)
            return null;
        var action = ReadAction(then, what, boundsToo: true);
        then.Done();
        return action;
    }

    private RuleAction? ReadAction(MapReader map, string what, bool boundsToo)
    {
        var given = Amounts.Where(amount => map.Keys.Contains(amount)).ToList();
        foreach (var amount in Amounts) map.Find(amount);
        var hasBounds = boundsToo && (map.Keys.Contains("min") || map.Keys.Contains("max"));
        if (given.Count + (hasBounds ? 1 : 0) != 1)
        {
            problems.Error(
                map.Map, given.Count == 0 && !hasBounds ? $"{what} does nothing" : $"{what} does several things at once",
                $"give one of add, remove, set, multiply{(boundsToo ? ", or min and max" : "")}", "action");
            if (boundsToo) _ = (map.Find("min"), map.Find("max"));
            return null;
        }

        if (hasBounds)
        {
            var (min, max) = (map.Integer("min", 0) ?? -1, map.Integer("max", 0) ?? -1);
            if (max >= 0 && min > max) problems.Error(map.Map, $"'min' {min} is more than 'max' {max}", null, "bounds");
            return min < 0 && max < 0 ? null : new RuleAction(ActionKind.Bounds) { Min = min, Max = max };
        }

        var node = map.Find(given[0])!;
        return given[0] switch
        {
            "add" => Amount(node, "add", ActionKind.Add),
            "remove" => Amount(node, "remove", ActionKind.Remove),
            "multiply" => Factor(map),
            _ => Compile(node, "set", ExpressionCompiler.Number) is { } n ? new RuleAction(ActionKind.Set) { Count = n } : null,
        };
    }

    private static RuleAction? Factor(MapReader map) =>
        map.Number("multiply", positive: true) is { } factor ? new RuleAction(ActionKind.Multiply) { Amount = factor } : null;

    private RuleAction? Amount(YamlNode node, string key, ActionKind kind)
    {
        if (node is YamlScalar { IsNull: false } scalar)
        {
            var percent = scalar.Value.EndsWith('%');
            if (int.TryParse(percent ? scalar.Value[..^1] : scalar.Value, NumberStyles.None, CultureInfo.InvariantCulture,
                out var amount)
                && amount is > 0 and <= 100_000)
            {
                return new RuleAction(kind) { Amount = amount, IsPercent = percent };
            }
        }

        problems.Error(node, $"'{key}' must be a positive whole number or percent, not {node.Kind}", $"{key}: 1 or {key}: 50%",
            "type");
        return null;
    }

    private Expression? Compile(YamlNode node, string key, Func<string, ReadTable, Expression> compile) =>
        new ExpressionReader(problems, table).Read(node, key, compile);
}
