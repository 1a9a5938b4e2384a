using System.Globalization;
using System.Text.RegularExpressions;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>Reads <c>scaleOut</c>, <c>scaleIn</c> and <c>onMissingMetrics</c>.</summary>
internal sealed partial class BehaviorSection(ProblemSink problems, ReadTable table)
{
    private static readonly (string, LimitSelect)[] Selects = [("max", LimitSelect.Max), ("min", LimitSelect.Min),
        ("disabled", LimitSelect.Disabled)];

    private const double MostWorse = 10;
    private static readonly TimeSpan LongestWatch = TimeSpan.FromDays(1);

    public ScalingBehavior Read(MapReader policy, string key, ScalingBehavior usual, bool isScaleIn = false)
    {
        if (policy.Sub(key, $"'{key}'") is not { } map) return usual;
        var behavior = new ScalingBehavior
        {
            Stabilization = map.Duration("stabilization") ?? usual.Stabilization,
            Select = map.Choice("select", Selects) ?? LimitSelect.Max,
            Cooldown = map.Duration("cooldown") ?? TimeSpan.Zero,
            Limits = map.Find("limit") is { } limit ? ReadLimits(limit) : usual.Limits,
            Worse = isScaleIn ? ReadWorse(map) : null,
            Better = isScaleIn ? null : ReadBetter(map),
        };
        map.Done();
        return behavior;
    }

    public MissingMetrics ReadMissing(MapReader policy, InstanceBounds bounds)
    {
        if (policy.Find("onMissingMetrics") is not { } node) return MissingMetrics.Hold;
        var after = TimeSpan.Zero;
        YamlNode? mode = node;
        if (node is YamlMap)
        {
            var map = MapReader.AsMap(node, "'onMissingMetrics'", problems)!;
            after = map.Duration("after") ?? TimeSpan.Zero;
            mode = map.Find("use");
            var (fallback, atLeast) = (map.Integer("fallback", 0), map.Integer("atLeast", 0));
            map.Done();
            if (map.Keys.Count(key => key is "use" or "fallback" or "atLeast") != 1)
            {
                problems.Error(node, "'onMissingMetrics' needs one of 'use', 'fallback' and 'atLeast'",
                    "{ fallback: 3, after: 2m }, { atLeast: 3 } or { use: max, after: 2m }", "missing-key");
                return MissingMetrics.Hold;
            }

            if (mode is null)
                return Counted(node, map.Keys.Contains("atLeast") ? MissingMetricsMode.AtLeast : MissingMetricsMode.Fallback,
                    atLeast ?? fallback ?? 0, after, bounds);
        }

        var text = mode is YamlScalar scalar ? scalar.Value : "";
        switch (text)
        {
            case "hold": return MissingMetrics.Hold;
            case "min": return new MissingMetrics(MissingMetricsMode.Min, bounds.Min, after);
            case "max": return new MissingMetrics(MissingMetricsMode.Max, bounds.Max, after);
        }

        if (text.StartsWith("fallback:", StringComparison.Ordinal)
            && int.TryParse(text["fallback:".Length..].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return Counted(mode!, MissingMetricsMode.Fallback, count, after, bounds);
        }

        problems.Error(
            mode!, $"'onMissingMetrics' must be hold, min, max or fallback:N, not {mode!.Kind}",
            NearestName.Suggest(text, ["hold", "min", "max", "fallback:1"]), "type");
        return MissingMetrics.Hold;
    }

    private WorseCheck? ReadWorse(MapReader behavior)
    {
        if (behavior.Sub("worse", "'worse'") is not { } map) return null;
        var metric = Watched(map, "worse", "the healthy share is watched anyway");
        var by = map.Number("by", positive: true) ?? WorseCheck.UsualShare;
        if (by > MostWorse)
            problems.Error(map.Find("by")!, $"'by' is at most {MostWorse * 100:0}%", "by: 20%", "worse");
        var check = new WorseCheck(
            metric, by, Watch(map, "within", "worse") ?? WorseCheck.UsualTime,
            Watch(map, "hold", "worse") ?? WorseCheck.UsualHold);
        map.Done();
        return check;
    }

    private BetterCheck? ReadBetter(MapReader behavior)
    {
        if (behavior.Sub("better", "'better'") is not { } map) return null;
        map.Need("metric", "metric: p95(latency, 1m)");
        var metric = Watched(map, "better", "name what callers feel: p95(latency, 1m)");
        var by = map.Number("by", positive: true) ?? BetterCheck.UsualShare;
        if (by >= 1) problems.Error(map.Find("by")!, "'by' is below 100%", "by: 5%", "better");
        var times = map.Integer("times", 1) ?? BetterCheck.UsualTimes;
        var (within, hold) = (Watch(map, "within", "better"), Watch(map, "hold", "better"));
        map.Done();
        return metric is null ? null : new BetterCheck(
            metric, by, within ?? BetterCheck.UsualTime, times, hold ?? BetterCheck.UsualHold);
    }

    private Expression? Watched(MapReader map, string code, string suggestion)
    {
        if (map.Find("metric") is not { } node) return null;
        var metric = new ExpressionReader(problems, table).Read(node, "metric", ExpressionCompiler.Number);
        if (metric is { Reads.Count: 0 }) problems.Error(node, $"'{metric.Text}' reads no metric", suggestion, code);
        return metric;
    }

    private TimeSpan? Watch(MapReader map, string key, string code)
    {
        var time = map.Duration(key, positive: true);
        if (time > LongestWatch)
            problems.Error(map.Find(key)!, $"'{key}' is at most {DurationText.Format(LongestWatch)}", null, code);
        return time;
    }

    private MissingMetrics Counted(YamlNode node, MissingMetricsMode mode, int count, TimeSpan after, InstanceBounds bounds)
    {
        if (count < bounds.Min || count > bounds.Max)
        {
            var what = mode == MissingMetricsMode.Fallback ? "fallback" : "count";
            problems.Error(node,
                $"the {what} {count} is outside of the bounds {bounds.Min} to {bounds.Max}", null, "bounds");
        }

        return new MissingMetrics(mode, count, after);
    }

    private List<ScalingLimit> ReadLimits(YamlNode node)
    {
        var limits = new List<ScalingLimit>();
        foreach (var item in node is YamlList list ? list.Items : [node])
        {
            if (item is YamlScalar { Value: "none" } && node is YamlScalar) return [];
            if (item is YamlScalar scalar && LimitPattern().Match(scalar.Value) is { Success: true } match
                && int.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var amount)
                && amount > 0 && DurationText.TryParse(match.Groups[3].ValueSpan, out var period) && period > TimeSpan.Zero)
            {
                limits.Add(new ScalingLimit(amount, match.Groups[2].Success, period));
                continue;
            }

            problems.Error(item, $"a limit is an amount and a period, not {item.Kind}", "write '4 per 1m', '100% per 1m' or none",
                "limit");
        }

        return limits;
    }

    [GeneratedRegex(@"^\s*([0-9]{1,6})\s*(%)?\s+per\s+(\S+)\s*$")]
    private static partial Regex LimitPattern();
}
