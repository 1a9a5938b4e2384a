namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>Translates the scaling blocks of a Nomad job.</summary>
internal static class NomadImport
{
    public static IEnumerable<PolicyDraft> Read(HclBlock root)
    {
        foreach (var job in root.All("job"))
        {
            foreach (var group in job.All("group"))
            {
                foreach (var scaling in group.Blocks.Where(block => block.Type == "scaling"))
                    yield return Draft(job.Label, group.Label, scaling);
            }
        }

        foreach (var scaling in root.Blocks.Where(block => block.Type == "scaling"))
            yield return Draft(null, scaling.Label, scaling);
    }

    private static PolicyDraft Draft(string? job, string? group, HclBlock scaling)
    {
        var name = string.Join(' ', new[] { job, group }.Where(part => part is not null).DefaultIfEmpty("imported"));
        var draft = new PolicyDraft(name, "/" + string.Join('/', new[] { job, group }.Where(part => part is not null)
            .DefaultIfEmpty("app")), "a Nomad scaling block")
        {
            Min = (int)Math.Clamp(scaling.Number("min") ?? 1, 0, 100_000),
            Max = (int)Math.Clamp(scaling.Number("max") ?? scaling.Number("min") ?? 1, 0, 100_000),
        };
        if (scaling.Attributes.GetValueOrDefault("enabled") == "false") draft.Pause = "all";
        if (scaling.Find("policy") is not { } policy) return draft;
        if (policy.Attributes.GetValueOrDefault("cooldown") is { } cooldown) draft.Cooldown = cooldown;
        if (policy.Attributes.ContainsKey("evaluation_interval"))
            draft.Note("evaluation_interval is the manager's tick here, the same for all policies");
        foreach (var check in policy.Blocks.Where(block => block.Type == "check")) Check(draft, check);
        return draft;
    }

    private static void Check(PolicyDraft draft, HclBlock check)
    {
        var name = check.Label ?? "check";
        if (check.Find("strategy") is not { } strategy) return;
        var kind = strategy.Label ?? "";
        if (check.Attributes.ContainsKey("group"))
            draft.Note($"the check '{name}' is of a group; here all rules decide together");
        if (kind == "fixed-value")
        {
            draft.Rule(name, "when: true", $"then: {{ set: {PolicyDraft.Number(strategy.Number("value") ?? 1)} }}");
            return;
        }

        var query = check.Attributes.GetValueOrDefault("query") ?? "";
        var (source, percent) = check.Attributes.GetValueOrDefault("source") switch
        {
            "nomad-apm" when query.EndsWith("_cpu", StringComparison.Ordinal)
                || query.EndsWith("_cpu-allocated", StringComparison.Ordinal) => ("{ container: cpu }", true),
            "nomad-apm" when query.EndsWith("_memory", StringComparison.Ordinal)
                || query.EndsWith("_memory-allocated", StringComparison.Ordinal) => ("{ container: mem }", true),
            "prometheus" or null => ($"{{ promql: {PolicyDraft.Quote(query.Length > 0 ? query : "up")} }}", false),
            _ => ("", false),
        };
        if (source.Length == 0)
        {
            draft.Note(
                $"the check '{name}' was left out: its source '{check.Attributes.GetValueOrDefault("source")}' has no counterpart");
            return;
        }

        var scale = percent ? 0.01 : 1;
        var metric = draft.Metric(name, source);
        switch (kind)
        {
            case "target-value":
                var tolerance = strategy.Number("threshold") is { } share
                ? $", tolerance: {PolicyDraft.Number(Math.Clamp(share, 0, 0.99))}" : ", tolerance: 1%";
                draft.Rule(name,
                    $"target: {{ metric: {metric}, value: {PolicyDraft.Number(Math.Max((strategy.Number("target") ?? 1) * scale, 1e-6))}{tolerance} }}");
                break;
            case "pass-through":
                draft.Rule(name, "when: true", $"then: {{ set: {metric} }}");
                break;
            case "threshold":
                var bounds = new[] { strategy.Number("lower_bound") is { } low ? $"{metric} >= {PolicyDraft.Number(low * scale)}"
                    : null, strategy.Number("upper_bound") is { } high ? $"{metric} < {PolicyDraft.Number(high * scale)}" : null }
                    .Where(bound => bound is not null);
                var then = (strategy.Number("delta"), strategy.Number("percentage"), strategy.Number("value")) switch
                {
                    ( > 0 and var more, _, _) => $"add: {PolicyDraft.Number(more)}",
                    ( < 0 and var less, _, _) => $"remove: {PolicyDraft.Number(-less)}",
                    (_, > 0 and var more, _) => $"add: {PolicyDraft.Number(Math.Ceiling(more))}%",
                    (_, < 0 and var less, _) => $"remove: {PolicyDraft.Number(Math.Ceiling(-less))}%",
                    (_, _, { } value) => $"set: {PolicyDraft.Number(value)}",
                    _ => "add: 1",
                };
                draft.Rule(name, $"when: {string.Join(" and ", bounds.DefaultIfEmpty("true"))}", $"then: {{ {then} }}");
                break;
            default:
                draft.Note($"the strategy '{kind}' of the check '{name}' was left out");
                break;
        }
    }
}
