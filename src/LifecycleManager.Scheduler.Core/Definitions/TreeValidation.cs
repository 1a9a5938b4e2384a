using LifecycleManager.Scheduler.Core.Definitions.Json;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>What no single definition can show: ids that meet one another. Cycles of dependencies are the planner's.</summary>
internal static class TreeValidation
{
    /// <summary>Every id at once.</summary>
    public static void Validate(GroupDefinition root, Problems problems)
    {
        var groups = new HashSet<AppId>();
        foreach (var group in root.AllGroups)
            if (!groups.Add(group.Id)) problems.Add("/groups", $"the group {group.Id} is there twice");
        var apps = new HashSet<AppId>();
        foreach (var app in root.AllApps)
        {
            if (!apps.Add(app.Id)) problems.Add("/apps", $"the app {app.Id} is there twice");
            if (groups.Contains(app.Id))
                problems.Add("/id", $"Groups and Applications may not have the same identifier: {app.Id}");
        }

        foreach (var group in groups)
        {
            if (group.Ancestors.FirstOrDefault(apps.Contains) is { Path: { } } app)
                problems.Add("/id", $"the group {group} would be within the app {app}");
        }
    }

    /// <summary>One app that is about to be put into a tree.</summary>
    public static void Validate(GroupDefinition root, AppId app, string path, Problems problems)
    {
        if (root.FindGroup(app) is not null)
            problems.Add($"{path}/id", $"Groups and Applications may not have the same identifier: {app}");
        foreach (var group in app.Ancestors)
        {
            if (!group.IsRoot && root.FindApp(group) is not null)
                problems.Add($"{path}/id", $"{app} would be within the app {group}");
        }
    }
}
