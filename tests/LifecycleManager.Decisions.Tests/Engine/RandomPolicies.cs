using System.Globalization;
using System.Text;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>Policies with rules of every kind, made up from a seed.</summary>
internal static class RandomPolicies
{
    public static string Write(Random random, bool worse = false)
    {
        var (min, max) = (random.Next(3), random.Next(3, 20));
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"policy: made up\napp: /a*\ninstances: {{ min: {min}, max: {max} }}");
        text.AppendLine("""
            metrics:
              sum: { actuator: sum, across: sum }
              avg: { actuator: avg }
              most: { actuator: most, across: max }
              each: { actuator: each }
              queue: { rabbitmq: queue }
            """);
        text.AppendLine("rules:");
        for (var i = random.Next(1, 6); i > 0; i--)
            text.AppendLine(CultureInfo.InvariantCulture, $"  - {{ rule: r{i}, {Rule(random)} }}");
        if (worse) text.AppendLine(CultureInfo.InvariantCulture, $"scaleIn: {Worse(random)}");
        else if (random.Next(2) == 0) text.AppendLine(CultureInfo.InvariantCulture, $"scaleIn: {Behavior(random)}");
        if (random.Next(3) == 0) text.AppendLine(CultureInfo.InvariantCulture, $"scaleOut: {Behavior(random)}");
        if (random.Next(3) == 0) text.AppendLine(CultureInfo.InvariantCulture, $"cooldown: {random.Next(1, 60)}s");
        if (random.Next(3) == 0) text.AppendLine(CultureInfo.InvariantCulture, $"onMissingMetrics: {Missing(random, min, max)}");
        if (random.Next(10) == 0) text.AppendLine("dryRun: true");
        if (random.Next(10) == 0) text.AppendLine(random.Next(2) == 0 ? "pause: scaleOut" : "pause: scaleIn");
        if (random.Next(4) == 0) text.AppendLine("zone: Europe/Berlin");
        return text.ToString();
    }

    private static string Rule(Random random) => random.Next(10) switch
    {
        < 4 => $"when: '{Condition(random, 2)}'{For(random)}, then: {Action(random, bounds: true)}",
        < 6 => $"target: {{ metric: {Metric(random)}, value: {Pick(random, "0.5", "5", "20")}"
            + $"{Pick(random, "", "", ", tolerance: 5%")} }}",
        6 => $"target: {{ metric: {Pick(random, "sum", "queue")}, value: {Pick(random, "5", "20")}, per: instance }}",
        7 => $"step: {{ metric: {Metric(random)}, steps: [ {{ above: 10, {Shift(random, "add")} }}, "
            + $"{{ above: 50, {Shift(random, "add")} }}, "
            + $"{{ below: 3, {Shift(random, "remove")} }} ] }}{For(random)}",
        8 when random.Next(2) == 0 =>
            $"schedule: {{ cron: '0 0/{random.Next(2, 9)} * * * ?', until: '30 1/{random.Next(2, 9)} * * * ?' }}, "
            + $"then: {Window(random)}",
        8 => $"schedule: {{ cron: '{random.Next(60)} 0/{random.Next(2, 9)} * * * ?' }}, then: {Action(random, bounds: true)}",
        _ => $"forecast: {{ metric: {Pick(random, "sum", "avg")}, value: 9, per: instance, season: 10m, step: 30s, ahead: 1m, "
            + "maxError: 90% }",
    };

    private static string Condition(Random random, int depth) => depth > 0 && random.Next(3) == 0
        ? $"({Condition(random, depth - 1)}) {Pick(random, "and", "or", "and not")} ({Condition(random, depth - 1)})"
        : random.Next(12) == 0 ? $"time {Pick(random, "<", ">=")} 12:0{random.Next(10)}"
        : $"{Number(random)} {Pick(random, "<", ">", "<=", ">=")} {Bound(random)}";

    private static string Number(Random random) => random.Next(4) switch
    {
        0 => $"{Metric(random)} / {Pick(random, "max(1, instances)", "max(1, healthy)", "2")}",
        1 => $"max({Metric(random)}, {Metric(random)})",
        _ => Metric(random),
    };

    private static string Bound(Random random) => random.Next(3) switch
    {
        0 => $"{random.Next(1, 12)} * instances",
        1 => $"{random.Next(1, 12)} * (instances - 1)",
        _ => random.Next(1, 60).ToString(CultureInfo.InvariantCulture),
    };

    private static string Metric(Random random) => Pick(random, "sum", "avg", "most", "queue", "max(avg)", "p50(each)");

    private static string For(Random random) => Pick(random, "", $", for: {random.Next(1, 7) * 5}s");

    private static string Action(Random random, bool bounds) => random.Next(bounds ? 7 : 5) switch
    {
        0 => $"{{ add: {random.Next(1, 4)} }}",
        1 => $"{{ remove: {random.Next(1, 4)} }}",
        2 => $"{{ {Pick(random, "add", "remove")}: {random.Next(10, 60)}% }}",
        3 => $"{{ multiply: {Pick(random, "1.5", "2", "0.5")} }}",
        4 => $"{{ set: '{Pick(random, "3", "9", "sum / 10 + 1", "instances + 1")}' }}",
        5 => $"{{ min: {random.Next(1, 6)} }}",
        _ => $"{{ max: {random.Next(1, 9)} }}",
    };

    private static string Window(Random random) => random.Next(3) switch
    {
        0 => $"{{ min: {random.Next(1, 6)} }}",
        1 => $"{{ max: {random.Next(1, 9)} }}",
        _ => $"{{ set: {random.Next(9)} }}",
    };

    private static string Shift(Random random, string kind) => $"{kind}: {Pick(random, "1", "2", "50%")}";

    private static string Worse(Random random) => $"{{ stabilization: {random.Next(20)}s, limit: none, worse: {{ "
        + $"{Pick(random, "", "metric: sum, ", "metric: 'max(avg, most)', ", "metric: queue, ")}by: {random.Next(5, 40)}%, "
        + $"within: {random.Next(10, 90)}s, hold: {random.Next(10, 90)}s }} }}";

    private static string Behavior(Random random) => random.Next(4) switch
    {
        0 => $"{{ stabilization: {random.Next(1, 60)}s }}",
        1 => $"{{ stabilization: {random.Next(60)}s, limit: {random.Next(1, 4)} per {random.Next(10, 60)}s }}",
        2 => $"{{ limit: [ {random.Next(1, 4)} per {random.Next(10, 60)}s, 50% per 20s ], "
            + $"select: {Pick(random, "min", "max")} }}",
        _ => $"{{ cooldown: {random.Next(1, 90)}s }}",
    };

    private static string Missing(Random random, int min, int max) =>
        Pick(random, "hold", "min", "max", $"fallback:{random.Next(min, max + 1)}");

    private static string Pick(Random random, params ReadOnlySpan<string> choices) => choices[random.Next(choices.Length)];
}
