using LifecycleManager.Decisions.Policies.Reading;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>
/// Translates a HorizontalPodAutoscaler, as it was written or as an API server gives it back (autoscaling/v1, v2).
/// </summary>
internal static class HpaImport
{
    private const string Prefix = "autoscaling.alpha.kubernetes.io/";
    private const int UsualPercent = 80;

    public static PolicyDraft? Read(YamlMap map, string file, out ImportLog log)
    {
        log = new ImportLog(file);
        if (KubernetesObject.Open(map, log, "a HorizontalPodAutoscaler") is not var (draft, spec, annotations)) return null;
        var (hasMin, hasMax) = (spec.Whole("minReplicas", out var min), spec.Whole("maxReplicas", out var max, 1));
        draft.Bound(min ?? 1, max ?? 1);
        if (!hasMin || !hasMax || max is null || draft.Min > draft.Max)
            draft.LeaveOut(spec.At, "it needs 'minReplicas' and 'maxReplicas' that bound the count");
        var behavior = spec.Sub("behavior") ?? Annotation(annotations, "behavior", "Behavior");
        var tolerance = BehaviorImport.Read(draft, behavior, spec.At);
        var hasCpu = spec.Whole("targetCPUUtilizationPercentage", out var percent, 1);
        if (percent is { } cpu) HpaMetrics.Share(draft, "cpu", cpu, tolerance, spec.PlaceOf("targetCPUUtilizationPercentage"));
        var metrics = spec.List("metrics");
        if (Annotation(annotations, "metrics", "metrics") is { } old) metrics.AddRange(old.List("metrics"));
        foreach (var metric in metrics) HpaMetrics.Read(draft, metric, tolerance);
        if (metrics.Count == 0 && percent is null && hasCpu && !spec.Has("metrics"))
        {
            draft.Log.Changed(spec.At, $"no metrics are given: {UsualPercent} % of cpu are Kubernetes' default");
            HpaMetrics.Share(draft, "cpu", UsualPercent, tolerance, spec.At);
        }

        annotations?.Harmless("is what the controller saw", Prefix + "conditions", Prefix + "current-metrics");
        return draft;
    }

    /// <summary>What autoscaling/v1 has no field for stands as JSON in an annotation, its names in either case.</summary>
    private static Section? Annotation(Section? annotations, string name, string key)
    {
        if (annotations?.Text(Prefix + name) is not { } text) return null;
        var at = annotations.PlaceOf(Prefix + name);
        try
        {
            if (YamlTree.Read(text) is [var node])
            {
                var map = new YamlMap(at);
                map.Entries.Add((new HclScalar(at, key, isQuoted: false), node));
                var holder = new Section(map, annotations.Log, "annotations", at, StringComparer.OrdinalIgnoreCase);
                return node is YamlMap ? holder.Sub(key) : holder;
            }
        }
        catch (YamlSyntaxException e)
        {
            annotations.Wrong(Prefix + name, e.Message);
            return null;
        }

        annotations.Wrong(Prefix + name, "is no JSON");
        return null;
    }
}
