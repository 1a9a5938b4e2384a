using System.Globalization;
using LifecycleManager.Decisions.Policies.Reading;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>Translates the scaling blocks of a Nomad job, and the autoscaler's policy files.</summary>
internal static class NomadImport
{
    private const string UsualCooldown = "5m";

    public static IEnumerable<(PolicyDraft? Draft, ImportLog Log)> Read(YamlMap root, string file)
    {
        foreach (var job in Blocks(root, "job"))
        {
            foreach (var group in Blocks(job.Body, "group"))
            {
                foreach (var scaling in Blocks(group.Body, "scaling")) yield return One(file, job, group, scaling);
                foreach (var task in Blocks(group.Body, "task"))
                {
                    foreach (var scaling in Blocks(task.Body, "scaling"))
                    {
                        yield return (null, Alone(file, scaling,
                            "scales a task's resources, not a count: lcm recommend advises on them"));
                    }
                }
            }
        }

        foreach (var scaling in Blocks(root, "scaling")) yield return OfFile(file, scaling);
    }

    private static IEnumerable<HclBlock> Blocks(YamlMap map, string name) =>
        map.Entries.Where(entry => entry.Key.Value == name).Select(entry => entry.Value).OfType<HclBlock>();

    private static ImportLog Alone(string file, HclBlock scaling, string why)
    {
        var log = new ImportLog(file);
        log.Lost(scaling.Start, $"'scaling' was left out: it {why}");
        return log;
    }

    private static (PolicyDraft?, ImportLog) One(string file, HclBlock job, HclBlock group, HclBlock scaling)
    {
        var log = new ImportLog(file);
        var names = new[] { job.Label, group.Label };
        if (names.Any(name => name is null || !IsName(name)))
        {
            log.Lost(scaling.Start, "'scaling' was left out: its job or group has no name that is known here");
            return (null, log);
        }

        var count = group.Body.Entries.FirstOrDefault(entry => entry.Key.Value == "count").Value as YamlScalar;
        var section = new Section(scaling.Body, log, "scaling");
        var policy = section.Sub("policy");
        foreach (var (block, target) in policy?.Blocks("target") ?? [])
        {
            if (IsNomad(block.Label) && Places(target).All(place => place.Name is null || place.Name == names[place.Index]))
                log.Harmless(block.Start, "'scaling.policy.target' is the job's own");
            else target.Drop($"was left out: '{block.Label}' is another one than the job");
        }

        return (Draft(new PolicyDraft(string.Join(' ', names), "/" + string.Join('/', names), "a Nomad scaling block", log),
            section, policy, count), log);
    }

    private static (PolicyDraft?, ImportLog) OfFile(string file, HclBlock scaling)
    {
        var log = new ImportLog(file);
        var section = new Section(scaling.Body, log, "scaling");
        var policy = section.Sub("policy");
        var targets = policy?.Blocks("target") ?? [];
        if (targets.Find(one => !IsNomad(one.Block.Label)) is { Block: { } machines })
            return (null, Alone(file, scaling, $"scales a cluster's machines by '{machines.Label}', not an app"));
        foreach (var (_, other) in targets.Skip(1)) other.Drop("was left out: the first one was read");
        var places = targets.Count > 0 ? Places(targets[0].Body) : [];
        var names = places.All(place => place.Name is not null) && places.Length > 0
            ? [.. places.Select(place => place.Name!)] : new[] { scaling.Label ?? "app" };
        if (names.Length == 1)
            log.Changed(scaling.Start, $"no job and group are named: the app is taken to be /{names[0]}");
        return (Draft(new PolicyDraft(string.Join(' ', names), "/" + string.Join('/', names), "a Nomad scaling policy", log),
            section, policy, null), log);
    }

    private static bool IsNomad(string? target) => target is null or "nomad-target" or "nomad";

    /// <summary>The job and the group that a target names.</summary>
    private static (int Index, string? Name)[] Places(Section target)
    {
        target.Harmless("is of the job's place", "namespace", "Namespace");
        return [(0, target.Text("Job") ?? target.Text("job_id")), (1, target.Text("Group") ?? target.Text("group"))];
    }

    private static bool IsName(string name) => !name.Contains("${", StringComparison.Ordinal);

    private static PolicyDraft Draft(PolicyDraft draft, Section scaling, Section? policy, YamlScalar? count)
    {
        if (scaling.Text("type") is { } type and not "horizontal")
        {
            scaling.Drop($"was left out: scaling of the type '{type}' has no counterpart");
            draft.LeaveOut(scaling.At, $"its type is '{type}'");
            return draft;
        }

        var isGood = scaling.Whole("min", out var min, 0, 100_000) & scaling.Whole("max", out var max, 0, 100_000);
        if (min is null && count is not null)
        {
            if (int.TryParse(count.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var usual)) min = usual;
            else isGood = false;
        }

        // A group without a count has one instance.
        draft.Bound(min ?? 1, max ?? 0);
        if (!isGood || max is null || draft.Min > draft.Max)
            draft.LeaveOut(scaling.At, "its 'min' (or the group's 'count') and 'max' do not bound it");
        var enabled = scaling.Flag("enabled");
        if (enabled is null && scaling.Has("enabled"))
            draft.LeaveOut(scaling.PlaceOf("enabled"), "whether it is enabled cannot be read");
        if (enabled == false) draft.Pause = "all";
        if (policy is not null) Policy(draft, policy);
        return draft;
    }

    private static void Policy(PolicyDraft draft, Section policy)
    {
        draft.Cooldown = Duration(policy, "cooldown", UsualCooldown);
        draft.Temper("{ limit: none }", "{ stabilization: 0s, limit: none }");
        policy.Lost("has no counterpart: 'cooldown' holds in both directions", "cooldown_on_scale_up");
        policy.Changed("is the manager's tick here, the same for all policies", "evaluation_interval");
        if (policy.Text("on_check_error") is { } word and not "ignore")
            policy.Wrong("on_check_error", $"'{word}' has no counterpart: what is known of the other checks may grow");
        var checks = policy.Blocks("check").Select(check => (Section: check.Body, Name: check.Block.Label ?? "check")).ToList();
        // Before there were checks, a policy was one.
        if (policy.Has("strategy") || policy.Has("query")) checks.Add((policy, "check"));
        if (checks.Count > 1)
        {
            policy.Log.Changed(policy.At,
                "a check that cannot be read is left aside by Nomad; here nothing shrinks until all can be read");
        }

        var group = new CheckGroup([.. checks.Select(check => check.Section)]);
        foreach (var (check, name) in checks) NomadCheck.Read(draft, check, name, group);
    }

    /// <summary>A duration; null where it cannot be read, which is reported.</summary>
    private static string? Duration(Section section, string key, string usual)
    {
        if (!section.Has(key)) return usual;
        if (section.Text(key) is not { } text) return null;
        if (DurationText.TryParse(text, out var duration) && duration >= TimeSpan.Zero) return DurationText.Format(duration);
        section.Wrong(key, $"'{text}' is no duration");
        return null;
    }
}
