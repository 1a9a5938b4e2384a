using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions.Json;
using LifecycleManager.Scheduler.Core.Definitions.Pods;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>
/// Lays a group as it was sent over the tree, as Marathon does: <c>apps</c>, <c>groups</c> and <c>dependencies</c> replace those
/// of the group where they are set and leave them where not; a group that is named again keeps what the update does not name.
/// </summary>
internal static class GroupUpdates
{
    private const double MaxScale = 1_000;

    /// <summary>The tree with the update in it.</summary>
    /// <param name="root">The tree.</param>
    /// <param name="id">The group.</param>
    /// <param name="update">As it was sent.</param>
    /// <param name="rules">The scheduler's rules.</param>
    /// <exception cref="ChangeRefusedException">It is not valid.</exception>
    public static GroupDefinition Apply(GroupDefinition root, AppId id, Group update, DefinitionRules rules)
    {
        var problems = new Problems();
        var existing = root.FindGroup(id);
        var group = update.ScaleBy is { } factor ? Scale(existing, id, update, factor, problems)
            : Build(existing, id, update, rules, "", problems);
        problems.ThrowIfAny();
        var changed = root.PutGroup(group!);
        TreeValidation.Validate(changed, problems);
        problems.ThrowIfAny();
        return changed;
    }

    /// <summary>Where in an update each app and pod stands that it names.</summary>
    public static IReadOnlyDictionary<AppId, string> Paths(AppId id, Group update)
    {
        var paths = new Dictionary<AppId, string>();
        Add(id, update, "");
        return paths;

        void Add(AppId group, Group stated, string path)
        {
            Name(stated.Apps?.Select(app => app.Id), group, $"{path}/apps");
            Name(stated.Pods?.Select(pod => pod.Id), group, $"{path}/pods");
            for (var index = 0; index < (stated.Groups?.Count ?? 0); index++)
            {
                if (stated.Groups![index].Id is { Length: > 0 } text)
                    Add(AppId.Resolve(text, group), stated.Groups[index], $"{path}/groups({index})");
            }
        }

        void Name(IEnumerable<string?>? ids, AppId group, string path)
        {
            foreach (var (index, text) in (ids ?? []).Index())
                if (text is { Length: > 0 }) paths[AppId.Resolve(text, group)] = $"{path}({index})";
        }
    }

    private static GroupDefinition? Scale(GroupDefinition? existing, AppId id, Group update, double factor, Problems problems)
    {
        var alone = update is { Apps: null, Groups: null, Dependencies: null, Version: null, Pods: null, EnforceRole: null };
        problems.Unless(alone, "/scaleBy", "must stand alone: no other field takes effect with it");
        problems.Unless(factor is >= 0 and <= MaxScale, "/scaleBy", $"must be between 0 and {MaxScale}");
        problems.Unless(existing is not null, "/id", $"Group '{id}' does not exist");
        if (problems.Any) return null;
        return existing!.SelectApps(app =>
        {
            var count = Math.Min(AppValidation.MaxInstances, Math.Ceiling(app.Instances * factor));
            return count == app.Instances ? app : app.WithInstances((int)count);
        });
    }

    private static GroupDefinition Build(
        GroupDefinition? existing, AppId id, Group update, DefinitionRules rules, string path, Problems problems)
    {
        if (!id.IsRoot && AppIdSyntax.WhyInvalid(id) is { } reason) problems.Add($"{path}/id", reason);
        problems.Unless(update.EnforceRole is not true, $"{path}/enforceRole", "roles of groups are not supported");
        problems.Unless(path.Length == 0 || update.ScaleBy is null, $"{path}/scaleBy",
            "must be set for the group of the request only");
        var group = existing ?? new GroupDefinition { Id = id };
        return group with
        {
            Apps = update is { Apps: null, Pods: null } ? group.Apps :
            [
                .. update.Apps is null ? group.Apps.Where(app => !app.IsPod) : Apps(update.Apps, id, rules, path, problems),
                .. update.Pods is null ? group.Apps.Where(app => app.IsPod) : Pods(update.Pods, id, rules, path, problems),
            ],
            Groups = update.Groups is null ? group.Groups : Groups(group, update.Groups, rules, path, problems),
            Dependencies = update.Dependencies is null ? group.Dependencies
                : Dependencies(update.Dependencies, id, path, problems),
        };
    }

    private static List<AppDefinition> Apps(IReadOnlyList<App> apps, AppId group, DefinitionRules rules, string path,
        Problems problems)
    {
        var built = new List<AppDefinition>(apps.Count);
        for (var index = 0; index < apps.Count; index++)
        {
            var at = $"{path}/apps({index})";
            if (AppDefinitions.TryCreate(apps[index], group, rules, at, problems) is not { } app) continue;
            if (app.Id.Parent == group) built.Add(app);
            else problems.Add($"{at}/id", $"'{app.Id}' is not in the group {group}");
        }

        return built;
    }

    private static List<AppDefinition> Pods(IReadOnlyList<Pod> pods, AppId group, DefinitionRules rules, string path,
        Problems problems)
    {
        var built = new List<AppDefinition>(pods.Count);
        for (var index = 0; index < pods.Count; index++)
        {
            var at = $"{path}/pods({index})";
            if (PodDefinitions.TryCreate(pods[index], group, rules, at, problems) is not { } pod) continue;
            if (pod.Id.Parent == group) built.Add(pod);
            else problems.Add($"{at}/id", $"'{pod.Id}' is not in the group {group}");
        }

        return built;
    }

    private static List<GroupDefinition> Groups(
        GroupDefinition parent, IReadOnlyList<Group> updates, DefinitionRules rules, string path, Problems problems)
    {
        var built = new List<GroupDefinition>(updates.Count);
        for (var index = 0; index < updates.Count; index++)
        {
            var at = $"{path}/groups({index})";
            if (updates[index].Id is not { Length: > 0 } text)
            {
                problems.Add($"{at}/id", "must not be empty");
                continue;
            }

            var id = AppId.Resolve(text, parent.Id);
            if (id.IsRoot || id.Parent != parent.Id) problems.Add($"{at}/id", $"'{id}' is not in the group {parent.Id}");
            else built.Add(Build(parent.FindGroup(id), id, updates[index], rules, at, problems));
        }

        return built;
    }

    private static List<AppId> Dependencies(IReadOnlyList<string> dependencies, AppId group, string path, Problems problems)
    {
        var resolved = dependencies.Select(text => AppId.Resolve(text, group)).ToList();
        for (var index = 0; index < resolved.Count; index++)
        {
            var at = $"{path}/dependencies({index})";
            if (group.IsWithin(resolved[index])) problems.Add(at, $"'{resolved[index]}' contains the group itself");
            else if (AppIdSyntax.WhyInvalid(resolved[index]) is { } reason) problems.Add(at, reason);
        }

        return resolved;
    }
}
