using LifecycleManager.Decisions.Policies.Reading;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>Translates one check of Nomad's autoscaler to a rule.</summary>
internal static class NomadCheck
{
    private const string UsualSource = "nomad-apm";
    private const int UsualPoints = 5;
    private static readonly string[] Operations = ["avg", "min", "max", "sum"];

    public static void Read(PolicyDraft draft, Section check, string name, CheckGroup group)
    {
        var keeps = group.Keeps(check);
        check.Lost("has no counterpart: the newest value counts", "query_window_offset");
        if (check.Text("on_error") is { } word and not "ignore")
            check.Wrong("on_error", $"'{word}' has no counterpart: what is known of the other checks may grow");
        if (Strategy(check) is not var (kind, strategy))
        {
            check.Lost("was left out", "source", "query", "query_window");
            check.Log.Lost(check.At, $"the check '{name}' was left out: it has no strategy that could be read");
            return;
        }

        if (kind == "fixed-value")
        {
            if (strategy.Whole("value", out var value) && value is { } count)
                draft.Rule(name, "when: true", $"then: {{ set: {count} }}");
            else strategy.Drop("was left out: it has no value that could be read");
            check.Harmless("is not asked: the value is fixed", "source", "query", "query_window");
            return;
        }

        if (kind is not ("target-value" or "pass-through" or "threshold"))
        {
            check.Drop($"was left out: the strategy '{kind}' has no counterpart");
            return;
        }

        if (Metric(check, out var scale) is not { } source) return;
        if (kind == "threshold")
        {
            Points(check, strategy);
        }
        else
        {
            check.Harmless("is of no account: the newest value counts", "query_window");
        }

        strategy.Lost("has no counterpart for one rule: see 'limit' of scaleOut and scaleIn", "max_scale_up", "max_scale_down");
        Rule(draft, strategy, kind, name, () => draft.Metric(name, source), scale, keeps);
    }

    /// <summary>Nomad counts the points of a window; of its own metrics there is one, which is the newest value.</summary>
    private static void Points(Section check, Section strategy)
    {
        var isRead = strategy.Whole("within_bounds_trigger", out var trigger);
        var isOne = (check.Text("source") ?? UsualSource) == UsualSource;
        if (isOne && isRead && trigger is <= 1)
        {
            check.Harmless("has one point, the newest value", "query_window");
            return;
        }

        check.Lost("has no counterpart: the newest value counts", "query_window");
        strategy.Wrong("within_bounds_trigger", isOne
            ? "is over the one point that nomad-apm gives, so that the source never acts; here the newest value does"
            : $"has no counterpart: {trigger ?? UsualPoints} points of the query's window have to be within the bounds; "
                + "here the newest value decides");
    }

    /// <summary>The strategy, a block or, of old, an object with a name and a config; null where it cannot be read.</summary>
    private static (string Kind, Section Body)? Strategy(Section check)
    {
        if (check.Find("strategy") is HclBlock)
            return check.Blocks("strategy") is [var (block, body)] && block.Label is { } label ? (label, body) : null;
        if (check.Find("strategy") is not YamlMap || check.Sub("strategy") is not { } old) return null;
        old.Lost("was left out: the bounds are the scaling block's", "min", "max");
        return old.Text("name") is { } name && old.Sub("config") is { } config ? (name, config) : null;
    }

    /// <summary>The metric of a check; null where there is none, which is reported.</summary>
    private static string? Metric(Section check, out double scale)
    {
        scale = 1;
        var (source, query) = (check.Text("source"), check.Need("query"));
        if (query is null || (source is null && check.Has("source"))) return Dropped("what it asks cannot be read");
        switch (source ?? UsualSource)
        {
            case "prometheus":
                return $"{{ promql: {PolicyDraft.Quote(query.Replace("$", "$$", StringComparison.Ordinal))} }}";
            case "nomad-apm":
                break;
            default:
                return Dropped($"its source '{source}' has no counterpart");
        }

        var (operation, what) = query.Split('_', 2) is [var first, var rest] ? (first, rest) : ("", "");
        if (Array.IndexOf(Operations, operation) < 0) return Dropped($"the query '{query}' has no counterpart");
        var across = operation == "avg" ? "" : $", across: {operation}";
        switch (what)
        {
            case "cpu" or "cpu-allocated":
                scale = 0.01;
                if (what == "cpu")
                {
                    check.Log.Changed(check.PlaceOf("query"),
                        "cpu is a share of the container's limit here, of all cores in Nomad");
                }

                return $"{{ container: cpu{across} }}";
            case "memory-allocated":
                scale = 0.01;
                return $"{{ container: mem{across} }}";
            case "memory":
                return $"{{ container: mem.bytes{across} }}";
            default:
                return Dropped($"the query '{query}' has no counterpart");
        }

        string? Dropped(string why)
        {
            check.Drop($"was left out: {why}");
            return null;
        }
    }

    private static void Rule(
        PolicyDraft draft, Section strategy, string kind, string name, Func<string> metric, double scale, bool keeps)
    {
        switch (kind)
        {
            case "target-value":
                var isGood = strategy.Number("target", out var target) & strategy.Number("threshold", out var threshold);
                if (!isGood || target is not > 0 || threshold is < 0 or >= 1)
                {
                    strategy.Drop("was left out: it has no target and threshold that could be read");
                    return;
                }

                draft.Rule(name, $"target: {{ metric: {metric()}, value: {Scaled(target.Value, scale)}, "
                    + $"tolerance: {PolicyDraft.Number(threshold ?? 0.01)} }}");
                return;
            case "pass-through":
                draft.Rule(name, "when: true", $"then: {{ set: {metric()}{(scale == 1 ? "" : " * 100")} }}");
                return;
            default:
                Threshold(draft, strategy, name, metric, scale, keeps);
                return;
        }
    }

    private static void Threshold(
        PolicyDraft draft, Section strategy, string name, Func<string> metric, double scale, bool keeps)
    {
        var isGood = strategy.Number("lower_bound", out var lower) & strategy.Number("upper_bound", out var upper)
            & strategy.Whole("delta", out var delta, -100_000, 100_000) & strategy.Number("percentage", out var percentage)
            & strategy.Whole("value", out var value);
        // A share is of all instances and rounded up in both directions, which 'multiply' is not.
        var (then, count) = (delta, percentage, value) switch
        {
            ( > 0 and var more, null, null) => ($"add: {more}", $"instances + {more}"),
            ( < 0 and var less, null, null) => ($"remove: {-less}", $"max(0, instances - {-less})"),
            (null, > -100 and not 0 and var percent, null) when Share(percent) is var share => ($"set: '{share}'", share),
            (null, null, { } fix) => ($"set: {fix}", $"{fix}"),
            _ => (null, null),
        };
        if (!isGood || then is null || (lower is null && upper is null))
        {
            strategy.Drop("was left out: it needs a bound, and one of delta, percentage and value");
            return;
        }

        var read = metric();
        var bounds = new[] { lower is { } low ? $"{read} >= {Scaled(low, scale)}" : null,
            upper is { } high ? $"{read} < {Scaled(high, scale)}" : null }.Where(bound => bound is not null);
        var within = string.Join(" and ", bounds);
        if (keeps) draft.Rule(name, "when: true", $"then: {{ set: 'if({within}, {count}, instances)' }}");
        else draft.Rule(name, $"when: {within}", $"then: {{ {then} }}");

        static string Share(double percent) =>
            $"instances * {PolicyDraft.Number((double)(1 + ((decimal)Math.Min(percent, 1e9) / 100)))}";
    }

    private static string Scaled(double value, double scale) =>
        PolicyDraft.Number(scale == 1 ? value : (double)((decimal)Math.Clamp(value, -1e15, 1e15) * (decimal)scale));
}
