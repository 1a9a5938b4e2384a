using LifecycleManager.Scheduler.Core.Definitions;

namespace LifecycleManager.Scheduler.Core.Documents;

/// <summary>
/// What is stored and cannot be read: it is set aside, named, and nothing is done about it until somebody does.
/// </summary>
/// <param name="Apps">Apps by id, with the reason: their tasks run on, and are neither ended nor replaced.</param>
/// <param name="Deployments">Deployments by id, with the reason: they go no further.</param>
/// <param name="Versions">Versions of apps, as <c>/app in version ...</c>, with the reason.</param>
/// <param name="Groups">Why the groups' own settings cannot be read; null where they can.</param>
internal sealed record Unreadable(
    IReadOnlyDictionary<AppId, string> Apps,
    IReadOnlyDictionary<string, string> Deployments,
    IReadOnlyDictionary<string, string> Versions,
    string? Groups)
{
    public static readonly Unreadable None = new(
        new Dictionary<AppId, string>(), new Dictionary<string, string>(), new Dictionary<string, string>(), null);

    /// <summary>All of it, for health and people.</summary>
    public IEnumerable<string> Problems =>
    [
        .. Apps.OrderBy(app => app.Key).Select(app => $"the stored app {app.Key.Path} cannot be read: {app.Value}"),
        .. Versions.Select(version => $"the stored {version.Key} cannot be read: {version.Value}"),
        .. Deployments.Select(deployment => $"the stored deployment {deployment.Key} cannot be carried on: {deployment.Value}"),
        .. Groups is null ? Array.Empty<string>() : [$"the stored groups cannot be read: {Groups}"],
    ];
}
