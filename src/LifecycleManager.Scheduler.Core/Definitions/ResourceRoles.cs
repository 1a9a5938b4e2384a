using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>
/// The roles whose resources an app may use. A scheduler is offered those of its own role and the unreserved ones: as in
/// Marathon, other roles count for nothing, and where nothing is left the unreserved ones are used.
/// </summary>
internal static class ResourceRoles
{
    private const int MostTold = 100;

    /// <summary>Those that count of an app with every default filled.</summary>
    public static IReadOnlyList<string> Of(App app)
    {
        var own = app.Role ?? AppDefaults.Role;
        if (app.AcceptedResourceRoles is not { } accepted) return own == "*" ? ["*"] : ["*", own];
        var offered = accepted.Where(role => role == "*" || role == own).Distinct(StringComparer.Ordinal).ToList();
        return offered.Count > 0 ? offered : ["*"];
    }

    /// <summary>What a change brings in of roles that count for nothing, for who makes it.</summary>
    /// <param name="root">The tree as it shall be.</param>
    /// <param name="before">The tree as it is: what was told once is not told again.</param>
    public static IEnumerable<string> Ignored(GroupDefinition root, GroupDefinition before) => root.AllApps
        .Where(app => app.Wire.AcceptedResourceRoles is { Count: > 0 })
        .Select(app => (app.Id, Roles: Others(app), Known: before.FindApp(app.Id)))
        .Where(app => app.Roles.Length > 0 && (app.Known is null || Others(app.Known) != app.Roles))
        .Select(app => $"{app.Id}: the resources of other roles are not offered to this scheduler: {app.Roles}").Take(MostTold);

    private static string Others(AppDefinition app) => string.Join(", ",
        (app.Wire.AcceptedResourceRoles ?? []).Where(role => role != "*" && role != app.Role).Order(StringComparer.Ordinal));
}
