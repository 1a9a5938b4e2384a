using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions.Json;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>
/// From JSON to definitions, strictly: what is not known or not supported is refused, never dropped. Every method throws
/// <see cref="ChangeRefusedException"/> with all that is wrong and where.
/// </summary>
internal static class AppDefinitions
{
    /// <summary>Reads one app as it was sent: a definition or a partial update.</summary>
    /// <exception cref="MalformedJsonException">It is no JSON.</exception>
    public static App ReadApp(ReadOnlyMemory<byte> body) => WireJson.Read(body, MarathonJson.Default.App);

    /// <summary>Reads a list of apps.</summary>
    /// <exception cref="MalformedJsonException">It is no JSON.</exception>
    public static IReadOnlyList<App> ReadApps(ReadOnlyMemory<byte> body) =>
        WireJson.Read(body, MarathonJson.Default.IReadOnlyListApp);

    /// <summary>Reads a group.</summary>
    /// <exception cref="MalformedJsonException">It is no JSON.</exception>
    public static Group ReadGroup(ReadOnlyMemory<byte> body) => WireJson.Read(body, MarathonJson.Default.Group);

    /// <summary>A whole definition; what it leaves out has Marathon's default.</summary>
    /// <param name="app">As it was sent.</param>
    /// <param name="group">The group that a relative id is in.</param>
    /// <param name="rules">The scheduler's rules.</param>
    /// <param name="path">Where the app stands in the request.</param>
    public static AppDefinition Create(App app, AppId group, DefinitionRules rules, string path = "")
    {
        var problems = new Problems();
        var created = TryCreate(app, group, rules, path, problems);
        problems.ThrowIfAny();
        return created!;
    }

    /// <summary>A definition with a partial update laid over it.</summary>
    /// <param name="existing">The definition.</param>
    /// <param name="update">As it was sent.</param>
    /// <param name="rules">The scheduler's rules.</param>
    /// <param name="path">Where the update stands in the request.</param>
    public static AppDefinition Update(AppDefinition existing, App update, DefinitionRules rules, string path = "")
    {
        var problems = new Problems();
        Mismatch(existing.Id, update, path, problems);
        var canonical = Resolve(AppNotation.Canonical(update, path, problems), existing.Id.Parent);
        problems.ThrowIfAny();
        var filled = AppNormalization.Fill(AppUpdate.Merge(existing.Wire, canonical), rules);
        AppValidation.Validate(filled, path, rules, problems);
        problems.ThrowIfAny();
        return AppDefinition.FromWire(filled);
    }

    /// <summary>A whole definition for an id that the request's path has given; the body may repeat it, and no other.</summary>
    /// <param name="id">The id of the path.</param>
    /// <param name="app">As it was sent.</param>
    /// <param name="rules">The scheduler's rules.</param>
    /// <param name="path">Where the app stands in the request.</param>
    public static AppDefinition CreateAt(AppId id, App app, DefinitionRules rules, string path = "")
    {
        var problems = new Problems();
        Mismatch(id, app, path, problems);
        problems.ThrowIfAny();
        return Create(app with { Id = id.Path }, id.Parent, rules, path);
    }

    /// <summary>As <see cref="Create"/>, adding to problems found before; null where the app is not valid.</summary>
    internal static AppDefinition? TryCreate(App app, AppId group, DefinitionRules rules, string path, Problems problems)
    {
        var before = problems.Items.Count;
        if (app.Id is not { Length: > 0 })
        {
            problems.Add($"{path}/id", "must not be empty");
            return null;
        }

        var id = AppId.Resolve(app.Id, group);
        var canonical = Resolve(
            AppNotation.Canonical(app, path, problems, whole: true) with { Id = id.Path, Version = null }, id.Parent);
        if (problems.Items.Count > before) return null;
        var filled = AppNormalization.Fill(canonical, rules);
        AppValidation.Validate(filled, path, rules, problems);
        return problems.Items.Count > before ? null : AppDefinition.FromWire(filled);
    }

    private static App Resolve(App app, AppId group) => app.Dependencies is null ? app
        : app with { Dependencies = [.. app.Dependencies.Select(id => AppId.Resolve(id, group).Path)] };

    private static void Mismatch(AppId id, App app, string path, Problems problems)
    {
        if (app.Id is not null && AppId.Resolve(app.Id, id.Parent) != id && AppId.Resolve(app.Id, AppId.Root) != id)
            problems.Add($"{path}/id", $"'{app.Id}' is not the app of the request's path, {id}");
    }
}
