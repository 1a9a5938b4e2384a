using System.Globalization;
using System.Text.RegularExpressions;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Policies.Reading;
using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>Translates a HorizontalPodAutoscaler (autoscaling/v1, v2) and KEDA's ScaledObject.</summary>
internal static partial class KubernetesImport
{
    public static PolicyDraft Hpa(YamlMap root)
    {
        var spec = root.Map("spec");
        var draft = Draft(root, spec.Map("scaleTargetRef").Text("name"), "a HorizontalPodAutoscaler");
        draft.Min = spec.Int("minReplicas") ?? 1;
        draft.Max = spec.Int("maxReplicas") ?? Math.Max(1, draft.Min);
        if (spec.Int("targetCPUUtilizationPercentage") is { } cpu) Resource(draft, "cpu", cpu);
        foreach (var metric in spec.List("metrics")) Metric(draft, metric, spec);
        Behavior(draft, spec.Map("behavior"));
        return draft;
    }

    public static PolicyDraft Keda(YamlMap root)
    {
        var spec = root.Map("spec");
        var draft = Draft(root, spec.Map("scaleTargetRef").Text("name"), "a KEDA ScaledObject");
        draft.Min = spec.Int("minReplicaCount") ?? 0;
        draft.Max = spec.Int("maxReplicaCount") ?? 100;
        if (spec.Int("idleReplicaCount") is { } idle)
        {
            draft.Note(
                $"idleReplicaCount {idle} became the least count; the step from it to minReplicaCount {draft.Min} has no counterpart");
            draft.Min = idle;
        }

        var polling = spec.Int("pollingInterval") ?? 30;
        var annotations = root.Map("metadata").Map("annotations");
        if (annotations.Text("autoscaling.keda.sh/paused") == "true"
            || annotations.Text("autoscaling.keda.sh/paused-replicas") is not null) draft.Pause = "all";
        if (spec.Map("fallback") is { Entries.Count: > 0 } fallback)
        {
            draft.Missing =
                $"{{ fallback: {Math.Clamp(fallback.Int("replicas") ?? draft.Min, draft.Min, draft.Max)}, after: {PolicyDraft.Seconds((fallback.Int("failureThreshold") ?? 3) * polling)} }}";
        }

        if (draft.Min == 0 && spec.Int("cooldownPeriod") is { } cooldown)
        {
            draft.ScaleIn = $"{{ stabilization: {PolicyDraft.Seconds(cooldown)} }}";
            draft.Note("cooldownPeriod became the stabilization of every scale-in, not of the last one to zero alone");
        }

        foreach (var trigger in spec.List("triggers")) Trigger(draft, trigger);
        Behavior(draft, spec.Map("advanced").Map("horizontalPodAutoscalerConfig").Map("behavior"));
        return draft;
    }

    private static PolicyDraft Draft(YamlMap root, string? target, string from)
    {
        var metadata = root.Map("metadata");
        var space = metadata.Text("namespace");
        var app = "/" + (space is null or "default" ? "" : space + "/") + (target ?? metadata.Text("name") ?? "app");
        return new PolicyDraft(metadata.Text("name") ?? target ?? "imported", app, from);
    }

    private static void Metric(PolicyDraft draft, YamlMap metric, YamlMap spec)
    {
        switch (metric.Text("type"))
        {
            case "Resource" or "ContainerResource":
                var resource = metric.Map(metric.Text("type") == "Resource" ? "resource" : "containerResource");
                var target = resource.Map("target");
                var name = resource.Text("name") ?? "cpu";
                if ((target.Int("averageUtilization") ?? resource.Int("targetAverageUtilization")) is { } share)
                    Resource(draft, name, share);
                else if (Quantity(target.Text("averageValue") ?? resource.Text("targetAverageValue")) is { } value)
                {
                    var read = draft.Metric(name, name == "memory"
                        ? "{ container: mem.bytes }" : "{ container: cpu.seconds, rate: 1m }");
                    Target(draft, read, value, perInstance: false);
                }

                break;
            case "Pods":
                var pods = metric.Map("pods");
                var podMetric = pods.Map("metric").Text("name") ?? pods.Text("metricName") ?? "metric";
                draft.Note(
                    $"the pods' metric '{podMetric}' is read from the instances' Prometheus text; say where it is if that is wrong");
                Target(draft, draft.Metric(podMetric, $"{{ prometheus: {PolicyDraft.Quote(podMetric)}, across: avg }}"),
                    Quantity(pods.Map("target").Text("averageValue") ?? pods.Text("targetAverageValue"))
                        ?? 1, perInstance: false);
                break;
            case "Object" or "External":
                var kind = metric.Text("type") == "Object" ? "object" : "external";
                var of = metric.Map(kind);
                var external = of.Map("metric").Text("name") ?? of.Text("metricName") ?? "metric";
                var labels = string.Join(",", of.Map("metric").Map("selector")
                    .Map("matchLabels").Entries.Select(label => $"{label.Key.Value}=\"{(label.Value as YamlScalar)?.Value}\""));
                draft.Note($"the {kind} metric '{external}' became a PromQL query; check that it is the one");
                var query = $"sum({external}{(labels.Length > 0 ? "{" + labels + "}" : "")})";
                var goal = of.Map("target");
                var average = Quantity(goal.Text("averageValue") ?? of.Text("targetAverageValue"));
                Target(draft, draft.Metric(external, $"{{ promql: {PolicyDraft.Quote(query)} }}"),
                    average ?? Quantity(goal.Text("value") ?? of.Text("targetValue")) ?? 1, average is not null);
                break;
            case var other:
                draft.Note($"a metric of the type '{other}' was left out");
                break;
        }

        _ = spec;
    }

    private static void Resource(PolicyDraft draft, string name, int percent)
    {
        var memory = name == "memory";
        if (name is not ("cpu" or "memory"))
        {
            draft.Note($"the resource '{name}' was left out");
            return;
        }

        draft.Note($"utilization of {name} is a share of the container's limit here, of its request in Kubernetes");
        Target(draft, draft.Metric(name, memory ? "{ container: mem }" : "{ container: cpu }"), percent / 100.0,
            perInstance: false);
    }

    private static void Target(PolicyDraft draft, string metric, double value, bool perInstance) =>
        draft.Rule($"keep {metric} at its target",
            $"target: {{ metric: {metric}, value: {PolicyDraft.Number(Math.Max(value, 1e-6))}{(perInstance ? ", per: instance" : "")} }}");

    private static void Behavior(PolicyDraft draft, YamlMap behavior)
    {
        draft.ScaleOut = Direction(behavior.Map("scaleUp"), 0) ?? draft.ScaleOut;
        draft.ScaleIn = Direction(behavior.Map("scaleDown"), 300) ?? draft.ScaleIn;

        static string? Direction(YamlMap rules, int usual)
        {
            if (rules.Entries.Count == 0) return null;
            var parts =
                new List<string> { $"stabilization: {PolicyDraft.Seconds(rules.Int("stabilizationWindowSeconds") ?? usual)}" };
            var limits = rules.List("policies").Where(policy => policy.Int("value") > 0)
                .Select(policy =>
                    $"{policy.Int("value")}{(policy.Text("type") == "Percent" ? "%" : "")} per {PolicyDraft.Seconds(policy.Int("periodSeconds") is > 0 and var period ? period : 15)}").ToList();
            if (limits.Count > 0) parts.Add($"limit: [ {string.Join(", ", limits)} ]");
            if (rules.Text("selectPolicy") is { } select && select.ToLowerInvariant() is "min" or "disabled")
                parts.Add($"select: {rules.Text("selectPolicy")!.ToLowerInvariant()}");
            return $"{{ {string.Join(", ", parts)} }}";
        }
    }

    private static void Trigger(PolicyDraft draft, YamlMap trigger)
    {
        var data = trigger.Map("metadata");
        var name = trigger.Text("name");
        switch (trigger.Text("type"))
        {
            case "prometheus":
                Activated(name ?? "query", $"{{ promql: {Literal(data.Text("query") ?? "up")} }}",
                    data.Text("threshold"), data.Text("activationThreshold"));
                break;
            case "rabbitmq":
                var read = data.Text("mode") is "MessageRate" ? ", read: publishRate"
                    : data.Text("excludeUnacknowledged") is "true" ? ", read: ready" : "";
                if (data.Text("useRegex") is "true")
                    draft.Note("the rabbitmq trigger's regular expression became a queue's name: write a glob, orders-*");
                var queue = data.Text("queueName") ?? "queue";
                var host = data.Text("vhostName");
                Activated(name ?? "queue", $"{{ rabbitmq: {Literal(host is null ? queue : $"{host}/{queue}")}{read} }}",
                    data.Text("value") ?? data.Text("queueLength"), data.Text("activationValue"));
                break;
            case "redis":
                Named("redis");
                Activated(name ?? "list", $"{{ redis: {Literal(data.Text("listName") ?? "list")} }}", data.Text("listLength"),
                    data.Text("activationListLength"));
                break;
            case "redis-streams":
                Named("redis");
                var (word, wanted) = data.Text("pendingEntriesCount") is { } pending ? ("pending", pending)
                    : data.Text("lagCount") is { } lag ? ("lag", lag) : ("stream", data.Text("streamLength"));
                var group = word == "stream" ? "" : $", group: {Literal(data.Text("consumerGroup") ?? "workers")}";
                var stream = Literal(data.Text("stream") ?? "stream");
                Activated(name ?? "stream", $"{{ redis: {stream}, read: {word}{group} }}", wanted,
                    data.Text("activationLagCount"));
                break;
            case "postgresql":
                Named("postgres");
                Activated(name ?? "rows", $"{{ postgres: {PolicyDraft.Quote(data.Text("query") ?? "select 0")} }}",
                    data.Text("targetQueryValue"), data.Text("activationTargetQueryValue"));
                break;
            case "metrics-api":
                Named("json");
                var path = Uri.TryCreate(data.Text("url"), UriKind.Absolute, out var url) ? url.PathAndQuery : "/";
                // GJSON writes an index as a name.
                var value = IndexPattern().Replace(data.Text("valueLocation") ?? "$", "[$1]");
                Activated(name ?? "number", $"{{ json: {Literal(path)}, value: {PolicyDraft.Quote(value)} }}",
                    data.Text("targetValue"), data.Text("activationTargetValue"));
                break;
            case "kafka" or "apache-kafka":
                Named("kafka");
                Activated(name ?? "lag", Lag(), data.Text("lagThreshold") ?? "10", data.Text("activationLagThreshold"));
                break;
            case "cpu" or "memory":
                var type = trigger.Text("metricType") ?? data.Text("type");
                if (type == "AverageValue")
                    draft.Note($"the {trigger.Text("type")} trigger's AverageValue was left out; give it as a metric in units");
                else if (int.TryParse(data.Text("value"), NumberStyles.None, CultureInfo.InvariantCulture, out var percent))
                    Resource(draft, trigger.Text("type")!, percent);
                break;
            case "cron":
                if (CronRecurrence.FromUnix(data.Text("start")) is { } start
                    && CronRecurrence.FromUnix(data.Text("end")) is { } end)
                {
                    draft.Rule(
                        name ?? $"from {data.Text("start")}",
                        $"schedule: {{ cron: '{start}', until: '{end}', zone: {PolicyDraft.Quote(data.Text("timezone") ?? "UTC")} }}",
                        $"then: {{ min: {Math.Clamp(data.Int("desiredReplicas") ?? 1, 0, draft.Max)} }}");
                }
                else
                {
                    draft.Note(
                        $"the cron trigger '{data.Text("start")}' to '{data.Text("end")}' was left out: it has no single cron of Quartz'");
                }

                break;
            case var other:
                draft.Note(
                    $"the trigger '{other}' was left out; feed its number to the manager as a pushed sample, or ask Prometheus for it");
                break;
        }

        void Named(string kind) => draft.Note(
            $"the {kind} server of the trigger '{trigger.Text("type")}' has to be named in the manager's --sources");

        // What KEDA would send as it is has no placeholders.
        static string Literal(string text) => PolicyDraft.Quote(text.Replace("$", "$$", StringComparison.Ordinal));

        string Lag()
        {
            var (reset, zero) = (data.Text("offsetResetPolicy") ?? "latest", data.Text("scaleToZeroOnInvalidOffset") is "true");
            if (data.Text("topic") is null) draft.Note("the kafka trigger names no topic: make a metric of each of its group's");
            if (data.Text("allowIdleConsumers") is not "true")
                draft.Note("instances beyond the topic's partitions have nothing to do: 'max' should be at most their number");
            return $"{{ kafka: {Literal(data.Text("topic") ?? "topic")}, group: {Literal(data.Text("consumerGroup") ?? "group")}"
                + (data.Text("partitionLimitation") is { Length: > 0 } some ? $", partitions: {PolicyDraft.Quote(some)}" : "")
                + $", offsetReset: {(reset == "earliest" ? reset : "latest")}"
                // KEDA leaves out what stood still from one look to the next: consumers commit each 5 s.
                + (data.Text("excludePersistentLag") is "true" ? ", excludePersistentLag: 1m" : "")
                + (reset == "earliest" || zero ? "" : ", onIdle: 1") + " }";
        }

        void Activated(string wish, string metric, string? threshold, string? activation)
        {
            var read = draft.Metric(wish, metric);
            var value = Quantity(threshold) is > 0 and var given ? given : 1;
            var wakes = Quantity(activation) is > 0 and var over ? $", activation: {PolicyDraft.Number(over)}" : "";
            draft.Rule($"keep {read} at its target",
                $"target: {{ metric: {read}, value: {PolicyDraft.Number(value)}, per: instance{wakes} }}");
        }
    }

    /// <summary>A Kubernetes quantity: 500m, 1500, 2Gi, 10k.</summary>
    internal static double? Quantity(string? text)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        var digits = text.Trim();
        (string Suffix, double Factor)[] suffixes =
            [("Ki", 1024), ("Mi", 1 << 20), ("Gi", 1 << 30), ("Ti", 1L << 40), ("m", 0.001), ("k", 1e3), ("M", 1e6), ("G", 1e9),
                ("T", 1e12)];
        foreach (var (suffix, factor) in suffixes)
        {
            if (digits.EndsWith(suffix, StringComparison.Ordinal)
                && double.TryParse(digits[..^suffix.Length], NumberStyles.Float, CultureInfo.InvariantCulture,
                    out var number)) return number * factor;
        }

        return double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var plain) && double.IsFinite(plain)
            ? plain : null;
    }

    [GeneratedRegex(@"\.(\d+)(?=\.|$)")]
    private static partial Regex IndexPattern();
}

/// <summary>Reading of YAML that others wrote: what is not there is empty.</summary>
internal static class Lenient
{
    private static readonly YamlMap Empty = new(default);

    public static YamlNode? Get(this YamlMap map, string key) =>
        map.Entries.FirstOrDefault(entry => entry.Key.Value == key).Value;

    public static YamlMap Map(this YamlMap map, string key) => map.Get(key) as YamlMap ?? Empty;

    public static IEnumerable<YamlMap> List(this YamlMap map, string key) =>
        (map.Get(key) as YamlList)?.Items.OfType<YamlMap>() ?? [];

    public static string? Text(this YamlMap map, string key) => map.Get(key) is YamlScalar { IsNull: false } scalar
        ? scalar.Value : null;

    public static int? Int(this YamlMap map, string key) =>
        int.TryParse(map.Text(key), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
}
