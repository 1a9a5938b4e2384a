namespace LifecycleManager.Scheduler.Api;

/// <summary>A query parameter.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it does.</param>
/// <param name="Kind">Its values.</param>
internal sealed record ApiParameter(string Name, string Description, ApiParameterKind Kind = ApiParameterKind.Text)
{
    /// <summary>All values that it may have; empty where it is not one of a few.</summary>
    public IReadOnlyCollection<string> Values { get; init; } = [];

    /// <summary>What a whole number may be; null where it is none.</summary>
    public (int Least, int Most)? Range { get; init; }

    /// <summary>Whether other values than described are refused.</summary>
    public bool IsChecked => Kind == ApiParameterKind.Flag || Values.Count > 0 || Range is not null;

    public static readonly ApiParameter Force = new(
        "force", "Cancel the deployments that are in the way.", ApiParameterKind.Flag);

    public static readonly ApiParameter Reason = new("reason", "Why, for the deployment and the log.");

    public static readonly ApiParameter Embed = new(
        "embed", "What to add; also without apps, or with app in its place.", ApiParameterKind.Texts)
    {
        Values = EmbedNames.OfApps,
    };

    public static readonly ApiParameter GroupEmbed = new(
        "embed", "What to show, and what to add to the apps; groups, apps and pods without it.", ApiParameterKind.Texts)
    {
        Values = EmbedNames.OfGroupTrees,
    };

    public static readonly ApiParameter Partial = new(
        "partialUpdate", "Keep what the body does not name; true without it.", ApiParameterKind.Flag);

    public static readonly ApiParameter DryRun = new("dryRun", "Only show the steps.", ApiParameterKind.Flag);

    public static readonly ApiParameter Scale = new(
        "scale", "Lower the counts by the instances that end.", ApiParameterKind.Flag);

    public static readonly ApiParameter Wipe = new("wipe", "Forget unreachable instances at once.", ApiParameterKind.Flag);
}

/// <summary>What a query parameter may be.</summary>
internal enum ApiParameterKind
{
    Text,
    Flag,
    Texts,

    /// <summary>A duration such as <c>30s</c> or <c>2h</c>.</summary>
    Duration,
}
