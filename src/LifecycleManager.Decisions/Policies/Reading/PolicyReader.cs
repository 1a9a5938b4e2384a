using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>Reads one policy from one YAML document.</summary>
internal sealed class PolicyReader(ProblemSink problems)
{
    private static readonly SearchValues<char> NoId = SearchValues.Create(" \t,{}[]");
    private static readonly (string, Pause)[] Pauses =
        [("none", Pause.None), ("all", Pause.All), ("scaleOut", Pause.ScaleOut), ("scaleIn", Pause.ScaleIn), ("true", Pause.All),
            ("false", Pause.None)];

    /// <summary>The policy; null where the document says none. Where there are errors the policy is not whole.</summary>
    public Policy? Read(YamlNode document)
    {
        if (MapReader.AsMap(document, "a policy", problems) is not { } map) return null;
        var name = map.Need("policy", "policy: a name") is { } node ? map.AsText(node, "policy") : null;
        var app = map.Need("app", "app: /path/of/the/app") is { } selector ? ReadApp(selector) : null;
        var bounds = ReadBounds(map);
        var zone = ReadZone(map, problems) ?? TimeZoneInfo.Utc;
        var metrics = MetricSection.Read(map, problems);
        var table = new ReadTable([.. metrics.Select(metric => metric.Metric)]);
        var rules = new RuleSection(problems, table, name ?? "?", zone).Read(map);
        var behavior = new BehaviorSection(problems);
        var policy = new Policy
        {
            Name = name ?? "?",
            Place = problems.Place(document),
            App = app ?? new AppSelector(),
            Instances = bounds,
            Metrics = [.. metrics.Select(metric => metric.Metric)],
            Rules = rules,
            ScaleOut = behavior.Read(map, "scaleOut", ScalingBehavior.DefaultScaleOut),
            ScaleIn = behavior.Read(map, "scaleIn", ScalingBehavior.DefaultScaleIn),
            OnMissingMetrics = behavior.ReadMissing(map, bounds),
            DryRun = map.Flag("dryRun") ?? false,
            Pause = map.Choice("pause", Pauses) ?? Pause.None,
            Priority = map.Integer("priority", -1000, 1000) ?? 0,
            Zone = zone,
            Digest = Digest(document),
            Reads = [.. table.Reads],
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

    private AppSelector? ReadApp(YamlNode node)
    {
        switch (node)
        {
            case YamlScalar or YamlList:
                return new AppSelector { Ids = ReadIds(node) };
            case YamlMap map:
                var reader = new MapReader(map, problems, "'app'");
                var ids = reader.Find("ids") is { } list ? ReadIds(list) : [];
                var except = reader.Find("except") is { } others ? ReadIds(others) : [];
                var labels = new List<KeyValuePair<string, string>>();
                if (reader.Sub("labels", "'labels'") is { } wanted)
                {
                    foreach (var key in wanted.Keys)
                    {
                        if (wanted.Text(key) is { } value) labels.Add(new(key, value));
                    }

                    if (labels.Count == 0) problems.Error(wanted.Map, "'labels' is empty", "labels: { team: search }");
                }

                reader.Done();
                if (ids.Count == 0 && labels.Count == 0)
                    problems.Error(node, "'app' selects nothing: give 'ids' or 'labels'", null, "app");
                return new AppSelector { Ids = ids, Labels = labels, Except = except };
            default:
                return null;
        }
    }

    private List<string> ReadIds(YamlNode node)
    {
        var ids = new List<string>();
        foreach (var item in node is YamlList list ? list.Items : [node])
        {
            if (item is not YamlScalar { IsNull: false } scalar)
            {
                problems.Error(item, $"an app must be an id, not {item.Kind}", "app: /path/of/the/app", "type");
                continue;
            }

            var id = scalar.Value;
            if (!id.StartsWith('/'))
            {
                problems.Error(scalar, $"the app '{id}' must be absolute", $"write /{id}", "app");
            }
            else if (id.Length > 1 && id.EndsWith('/'))
            {
                problems.Error(scalar, $"the app '{id}' ends with a slash",
                    $"write {id.TrimEnd('/')}, or {id}* for the apps below", "app");
            }
            else if (id.AsSpan().ContainsAny(NoId))
            {
                problems.Error(scalar, $"'{id}' is not an app id or a glob", "give several as a list: [ /a, /b ]", "app");
            }

            ids.Add(id);
        }

        if (ids.Count == 0) problems.Error(node, "the list of apps is empty", null, "app");
        return ids;
    }

    /// <summary>A digest of a document's content, layout and comments apart.</summary>
    private static string Digest(YamlNode document)
    {
        var text = new StringBuilder();
        Append(document);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..16];

        void Append(YamlNode node)
        {
            switch (node)
            {
                case YamlScalar scalar:
                    text.Append(scalar.Value.Length).Append(':').Append(scalar.Value);
                    break;
                case YamlList list:
                    text.Append('[');
                    foreach (var item in list.Items) Append(item);
                    text.Append(']');
                    break;
                case YamlMap map:
                    text.Append('{');
                    foreach (var (key, value) in map.Entries)
                    {
                        Append(key);
                        Append(value);
                    }

                    text.Append('}');
                    break;
            }
        }
    }
}
