using LifecycleManager.Decisions.Policies.Reading;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>Translates KEDA's ScaledObject.</summary>
internal static class KedaImport
{
    private const string Paused = "autoscaling.keda.sh/paused";
    private const int UsualPolling = 30;
    private const int UsualMax = 100;

    public static PolicyDraft? Read(YamlMap map, string file, out ImportLog log)
    {
        log = new ImportLog(file);
        if (KubernetesObject.Open(map, log, "a KEDA ScaledObject") is not var (draft, spec, annotations)) return null;
        Bounds(draft, spec);
        var floor = draft.Min;
        if (annotations is not null) Pauses(draft, annotations);
        Fallback(draft, spec);
        var advanced = spec.Sub("advanced");
        var config = advanced?.Sub("horizontalPodAutoscalerConfig");
        config?.Harmless("names the HPA that KEDA makes", "name");
        var behavior = config?.Sub("behavior");
        var tolerance = BehaviorImport.Read(draft, behavior, spec.At, Cooldown(draft, spec, behavior, floor));
        advanced?.Lost("has no counterpart: the count stays as it is where a policy is taken away",
            "restoreToOriginalReplicaCount");
        var modifiers = advanced?.Sub("scalingModifiers");
        modifiers?.Drop(
            "was left out, and with it the triggers that it reckons with: a formula over triggers has no counterpart");
        var triggers = spec.List("triggers");
        if (triggers.Count == 0) draft.Log.Lost(spec.At, "'spec' has no triggers");
        Sleep(draft, triggers);
        foreach (var trigger in triggers)
        {
            if (modifiers is not null && trigger.Text("type") is not ("cpu" or "memory"))
                trigger.Drop("was left out: 'scalingModifiers' reckons with it");
            else new KedaTrigger(draft, trigger, tolerance).Read();
        }

        // Outside of its time a cron asks for the least. Where a trigger was left out nobody knows what it would ask for.
        if (draft.Rules == triggers.Count && triggers.Exists(trigger => trigger.Text("type") == "cron"))
            draft.Rule("outside of all times", "when: true", $"then: {{ set: {draft.Min} }}");
        return draft;
    }

    /// <summary>
    /// What becomes of the step to zero with triggers that never ask for it: cpu and memory, which beside others keep an instance
    /// here.
    /// </summary>
    private static void Sleep(PolicyDraft draft, List<Section> triggers)
    {
        var types = triggers.Select(trigger => (Trigger: trigger, Type: trigger.Text("type"))).ToList();
        var resources = types.Where(one => one.Type is "cpu" or "memory").ToList();
        if (draft.Min == 0 && resources.Count > 0)
        {
            if (resources.Count == triggers.Count)
            {
                draft.Log.Changed(resources[0].Trigger.At,
                    "cpu and memory alone take nothing to zero, and KEDA refuses it: the least count became 1");
                draft.Bound(Math.Min(1, draft.Max), draft.Max);
            }
            else
            {
                draft.Log.Lost(resources[0].Trigger.At, $"the step to zero: '{resources[0].Type}' keeps an instance here, where "
                    + "KEDA asks the other triggers alone");
            }
        }
    }

    private static void Bounds(PolicyDraft draft, Section spec)
    {
        var isGood = spec.Whole("minReplicaCount", out var min) & spec.Whole("maxReplicaCount", out var max)
            & spec.Whole("idleReplicaCount", out var idle);
        draft.Bound(min ?? 0, max ?? UsualMax);
        if (!isGood || draft.Min > draft.Max) draft.LeaveOut(spec.At, "its counts do not bound it");
        if (idle is { } rest)
        {
            spec.Wrong("idleReplicaCount",
                $"{rest} became the least count; the step from it to minReplicaCount {draft.Min} has no counterpart");
            draft.Bound(Math.Min(draft.Min, rest), draft.Max);
        }
    }

    private static void Pauses(PolicyDraft draft, Section annotations)
    {
        if (annotations.Whole(Paused + "-replicas", out var count, 0, 100_000) && count is { } fixedAt)
        {
            draft.Log.Changed(annotations.PlaceOf(Paused + "-replicas"),
                $"the source is paused at {fixedAt}, which became both bounds; else they are {draft.Min} and {draft.Max}");
            draft.Bound(fixedAt, fixedAt);
            annotations.Harmless("is told by 'paused-replicas'", Paused);
        }
        else if (annotations.Has(Paused + "-replicas"))
        {
            draft.LeaveOut(annotations.PlaceOf(Paused + "-replicas"), "it is paused at a count that cannot be read");
        }
        else if (annotations.Flag(Paused) is true)
        {
            draft.Pause = "all";
        }
        else if (annotations.Has(Paused) && annotations.Text(Paused) != "false")
        {
            draft.LeaveOut(annotations.PlaceOf(Paused), "whether it is paused cannot be read");
        }

        var (isIn, isOut) = (annotations.Flag(Paused + "-scale-in"), annotations.Flag(Paused + "-scale-out"));
        draft.Pause ??= (isIn, isOut) switch
        {
            (true, true) => "all",
            (true, _) => "scaleIn",
            (_, true) => "scaleOut",
            _ => null,
        };
        annotations.Harmless("is about who owns the HPA that KEDA makes", "scaledobject.keda.sh/transfer-hpa-ownership",
            "validations.keda.sh/hpa-ownership");
    }

    private static void Fallback(PolicyDraft draft, Section spec)
    {
        var isRead = spec.Whole("pollingInterval", out var polling, 1);
        spec.Changed("is the manager's interval here, the same for all policies", "pollingInterval");
        if (spec.Sub("fallback") is not { } fallback) return;
        var isGood = fallback.Whole("replicas", out var replicas) & fallback.Whole("failureThreshold", out var failures);
        var after = isRead && failures is { } times ? PolicyDraft.Seconds((double)times * (polling ?? UsualPolling)) : null;
        var count = Math.Clamp(replicas ?? 0, draft.Min, draft.Max);
        var behavior = fallback.Text("behavior") ?? "static";
        if (!isGood || replicas is null || after is null)
        {
            fallback.Drop("was left out: it needs 'replicas' and 'failureThreshold'");
            return;
        }

        if (count != replicas && behavior is "static" or "currentReplicasIfHigher")
        {
            draft.Log.Changed(fallback.PlaceOf("replicas"),
                $"the fallback {replicas} is bounded to {count}, as KEDA's HPA bounds it");
        }

        draft.Missing = behavior switch
        {
            "static" => $"{{ fallback: {count}, after: {after} }}",
            "currentReplicas" => "hold",
            "currentReplicasIfHigher" => $"{{ atLeast: {count}, after: {after} }}",
            _ => null,
        };
        if (draft.Missing is null) fallback.Wrong("behavior", $"'{behavior}' has no counterpart; the count is held meanwhile");
    }

    /// <summary>The cooldown where it became the stabilization of scale-in, in seconds; else null.</summary>
    private static int? Cooldown(PolicyDraft draft, Section spec, Section? behavior, int floor)
    {
        spec.Lost("has no counterpart: the first step to zero does not wait", "initialCooldownPeriod");
        if (!spec.Whole("cooldownPeriod", out var cooldown) || cooldown is not { } seconds) return null;
        var at = spec.PlaceOf("cooldownPeriod");
        if (floor > 0)
        {
            draft.Log.Harmless(at, "'spec.cooldownPeriod' is of the step to zero, which this object does not take");
        }
        else if (behavior?.Has("scaleDown") == true)
        {
            draft.Log.Lost(at, "'spec.cooldownPeriod' was left out beside 'scaleDown': the step to zero has no wait of its own");
        }
        else
        {
            draft.Log.Changed(at, "cooldownPeriod became the stabilization of every scale-in, not of the last one to zero alone");
            return seconds;
        }

        return null;
    }
}
