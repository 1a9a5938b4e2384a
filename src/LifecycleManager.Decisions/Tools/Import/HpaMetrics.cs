using YamlDotNet.Core;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>Translates the metrics of a HorizontalPodAutoscaler to target rules.</summary>
internal static class HpaMetrics
{
    public static void Read(PolicyDraft draft, Section metric, in Tolerances tolerance)
    {
        switch (metric.Text("type"))
        {
            case "Resource":
                if (metric.Sub("resource") is { } resource) Resource(draft, resource, tolerance);
                else metric.Drop("was left out: it needs 'resource'");
                break;
            case "ContainerResource":
                if (metric.Sub("containerResource") is { } one)
                {
                    one.Lost("was left out: the statistics of a container here are those of the whole instance", "container");
                    Resource(draft, one, tolerance);
                }
                else
                {
                    metric.Drop("was left out: it needs 'containerResource'");
                }

                break;
            case "Pods":
                if (metric.Sub("pods") is { } pods) Pods(draft, pods, tolerance);
                else metric.Drop("was left out: it needs 'pods'");
                break;
            case "Object":
                if (metric.Sub("object") is { } described) Query(draft, described, isObject: true, tolerance);
                else metric.Drop("was left out: it needs 'object'");
                break;
            case "External":
                if (metric.Sub("external") is { } external) Query(draft, external, isObject: false, tolerance);
                else metric.Drop("was left out: it needs 'external'");
                break;
            case var other:
                metric.Drop($"was left out: a metric of the type '{other}' has no counterpart");
                break;
        }
    }

    /// <summary>A share of cpu or memory, in percent.</summary>
    public static void Share(PolicyDraft draft, string name, int percent, in Tolerances tolerance, Mark at)
    {
        draft.Log.Changed(at, $"utilization of {name} is a share of the container's limit here, of its request in Kubernetes");
        var metric = draft.Metric(name, name == "memory" ? "{ container: mem }" : "{ container: cpu }");
        Target(draft, metric, PolicyDraft.Number(percent / 100.0), perInstance: false, tolerance);
    }

    /// <summary>Cores or bytes of each instance.</summary>
    public static void Used(PolicyDraft draft, string name, in Quantity value, in Tolerances tolerance)
    {
        var metric = draft.Metric(name, name == "memory" ? "{ container: mem.bytes }"
            : "{ container: cpu.seconds, rate: 1m }");
        Target(draft, metric, value.ToString(), perInstance: false, tolerance);
    }

    private static void Resource(PolicyDraft draft, Section resource, in Tolerances tolerance)
    {
        var name = resource.Need("name");
        if (name is not ("cpu" or "memory"))
        {
            resource.Drop($"was left out: the resource '{name}' has no counterpart");
            return;
        }

        var target = resource.Sub("target");
        var goal = target ?? resource;
        var (shareKey, valueKey) = target is null ? ("targetAverageUtilization", "targetAverageValue")
            : ("averageUtilization", "averageValue");
        var isGood = goal.Whole(shareKey, out var share, 1) & goal.Quantity(valueKey, out var value)
            & IsOfType(target, share is not null ? "Utilization" : "AverageValue");
        if (isGood && share is { } percent && value is null) Share(draft, name, percent, tolerance, goal.PlaceOf(shareKey));
        else if (isGood && share is null && value is { IsPositive: true } used) Used(draft, name, used, tolerance);
        else resource.Drop("was left out: it has no target that could be read");
    }

    private static void Pods(PolicyDraft draft, Section pods, in Tolerances tolerance)
    {
        var (name, matchers) = Identify(pods);
        var target = pods.Sub("target");
        var goal = target ?? pods;
        var isGood = goal.Quantity(target is null ? "targetAverageValue" : "averageValue", out var value)
            & IsOfType(target, "AverageValue");
        if (!isGood || name is null || matchers is null || value is not { IsPositive: true } average)
        {
            pods.Drop("was left out: it has no metric and target that could be read");
            return;
        }

        draft.Log.Changed(pods.At,
            $"the pods' metric '{name}' is read from the instances' Prometheus text; say where it is if that is wrong");
        var selector = PolicyDraft.Quote(LabelSelectors.Selector(name, matchers));
        var metric = draft.Metric(name, $"{{ prometheus: {selector}, across: avg }}");
        Target(draft, metric, average.ToString(), perInstance: false, tolerance);
    }

    private static void Query(PolicyDraft draft, Section of, bool isObject, in Tolerances tolerance)
    {
        var (name, matchers) = Identify(of);
        var target = of.Sub("target");
        // What v1's annotation calls the target is the object.
        var isOld = !of.Has("metric");
        var described = isOld && isObject ? target : of.Sub("describedObject");
        var goal = isOld ? of : target;
        Quantity? value = null, average = null;
        var averageKey = isOld && !isObject ? "targetAverageValue" : "averageValue";
        var isGood = goal is not null && goal.Quantity(isOld ? "targetValue" : "value", out value)
            & goal.Quantity(averageKey, out average);
        // Of both an object takes the one and an external metric the other; of old the first was given always, as 0.
        if (!isOld) isGood &= average is null || value is null;
        isGood &= IsOfType(isOld ? null : target, average is null ? "Value" : "AverageValue");
        var wanted = average ?? value;
        if (!isGood || name is null || matchers is null || wanted is not { IsPositive: true } amount)
        {
            of.Drop("was left out: it has no metric and target that could be read");
            return;
        }

        if (isObject && described is not null)
        {
            _ = described.Text("apiVersion");
            var (kind, which) = (described.Need("kind"), described.Need("name"));
            if (kind is { Length: > 0 } && which is not null && kind.All(char.IsAsciiLetterOrDigit))
                matchers.Add($"{kind.ToLowerInvariant()}={LabelSelectors.Quoted(which)}");
        }

        var query = $"sum({LabelSelectors.Selector(name, matchers)})";
        draft.Log.Changed(of.At, $"the {(isObject ? "object's" : "external")} metric '{name}' became the PromQL query {query}; "
            + "check that it is the one your metrics adapter asks");
        Target(draft, draft.Metric(name, $"{{ promql: {Text(query)} }}"), amount.ToString(), average is not null, tolerance);
    }

    /// <summary>Whether a target is of the type that it names, which is reported where it is not.</summary>
    private static bool IsOfType(Section? target, string type)
    {
        if (target is null || !target.Has("type")) return true;
        if (target.Text("type") == type) return true;
        target.Wrong("type", $"is not that of the value given, {type}");
        return false;
    }

    private static (string? Name, List<string>? Matchers) Identify(Section of)
    {
        var metric = of.Sub("metric");
        var name = metric is not null ? metric.Need("name") : of.Need("metricName");
        var (holder, key) = metric is not null ? (metric, "selector")
            : (of, of.Has("metricSelector") ? "metricSelector" : "selector");
        var selector = holder.Sub(key);
        return (name, selector is null && holder.Has(key) ? null : LabelSelectors.Matchers(selector));
    }

    private static void Target(PolicyDraft draft, string metric, string value, bool perInstance, in Tolerances tolerance) =>
        draft.Rule($"keep {metric} at its target",
            $"target: {{ metric: {metric}, value: {value}{(perInstance ? ", per: instance" : "")}{tolerance} }}");

    // A placeholder of ours would be none of theirs.
    private static string Text(string text) => PolicyDraft.Quote(text.Replace("$", "$$", StringComparison.Ordinal));
}
