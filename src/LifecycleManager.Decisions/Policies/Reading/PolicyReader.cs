using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>Reads one policy from one YAML document.</summary>
internal sealed class PolicyReader(ProblemSink problems)
{
    private static readonly TimeSpan LongestStartup = TimeSpan.FromDays(1);
    private static readonly (string, Pause)[] Pauses =
        [("none", Pause.None), ("all", Pause.All), ("scaleOut", Pause.ScaleOut), ("scaleIn", Pause.ScaleIn), ("true", Pause.All),
            ("false", Pause.None)];

    /// <summary>The policy; null where the document says none. Where there are errors the policy is not whole.</summary>
    public Policy? Read(YamlNode document)
    {
        if (MapReader.AsMap(document, "a policy", problems) is not { } map) return null;
        var name = map.Need("policy", "policy: a name") is { } node ? map.AsText(node, "policy") : null;
        var app = map.Need("app", "app: /path/of/the/app") is { } selector
            ? new SelectorSection(problems, "app").Read(selector) : null;
        var bounds = ReadBounds(map);
        var zone = ReadZone(map, problems) ?? TimeZoneInfo.Utc;
        var metrics = MetricSection.Read(map, problems);
        var table = new ReadTable([.. metrics.Select(metric => metric.Metric)]);
        var rules = new RuleSection(problems, table, name ?? "?", zone).Read(map);
        var behavior = new BehaviorSection(problems, table);
        var policy = new Policy
        {
            Name = name ?? "?",
            Place = problems.Place(document),
            App = app ?? new AppSelector(),
            Instances = bounds,
            Metrics = [.. metrics.Select(metric => metric.Metric)],
            Rules = rules,
            ScaleOut = behavior.Read(map, "scaleOut", ScalingBehavior.DefaultScaleOut),
            ScaleIn = behavior.Read(map, "scaleIn", ScalingBehavior.DefaultScaleIn, isScaleIn: true),
            OnMissingMetrics = behavior.ReadMissing(map, bounds),
            DryRun = map.Flag("dryRun") ?? false,
            Pause = map.Choice("pause", Pauses) ?? Pause.None,
            Priority = map.Integer("priority", -1000, 1000) ?? 0,
            Zone = zone,
            Digest = DocumentDigest.Of(document),
            Startup = ReadStartup(map),
            Reads = [.. table.Reads],
            HasRatio = table.HasRatio,
        };
        if (map.Duration("cooldown") is { } cooldown)
        {
            policy = policy with
            {
                ScaleOut = policy.ScaleOut with { Cooldown = Longer(policy.ScaleOut.Cooldown, cooldown) },
                ScaleIn = policy.ScaleIn with { Cooldown = Longer(policy.ScaleIn.Cooldown, cooldown) },
            };
        }

        map.Find("description");
        map.Done();
        foreach (var (metric, key) in metrics)
        {
            if (!table.Used.Contains(metric.Name))
                problems.Warning(key, $"no rule uses the metric '{metric.Name}'", null, "unused-metric");
        }

        return policy;

        static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
    }

    /// <summary>Reads a <c>zone</c>; null where there is none.</summary>
    internal static TimeZoneInfo? ReadZone(MapReader map, ProblemSink problems)
    {
        if (map.Text("zone") is not { } id) return null;
        if (TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone)) return zone;
        problems.Error(
            map.Find("zone")!,
            $"unknown time zone '{id}'",
            NearestName.Suggest(id, TimeZoneInfo.GetSystemTimeZones().Select(known => known.Id))
                ?? "write an IANA name such as Europe/London",
            "unknown-zone");
        return null;
    }

    private TimeSpan? ReadStartup(MapReader map)
    {
        if (map.Duration("startup") is not { } startup) return null;
        if (startup > LongestStartup)
        {
            problems.Error(map.Find("startup")!, $"'startup' is at most {DurationText.Format(LongestStartup)}",
                "how long an instance takes until it serves", "startup");
        }

        return startup;
    }

    private InstanceBounds ReadBounds(MapReader map)
    {
        if (map.Need("instances", "instances: { min: 1, max: 10 }") is not { } node
            || MapReader.AsMap(node, "'instances'", problems) is not { } bounds)
        {
            return new InstanceBounds(1, 1);
        }

        var min = bounds.Integer("min", 0) ?? 1;
        var max = bounds.Need("max") is null ? null : bounds.Integer("max", 0);
        bounds.Done();
        if (max < min)
        {
            problems.Error(bounds.Map,
                $"'max' {max} is less than 'min' {min}{(bounds.Keys.Contains("min") ? "" : " (the default)")}", null, "bounds");
        }

        return new InstanceBounds(min, Math.Max(min, max ?? min));
    }
}
