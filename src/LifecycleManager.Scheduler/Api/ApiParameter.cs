namespace LifecycleManager.Scheduler.Api;

/// <summary>A query parameter.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it does.</param>
/// <param name="Kind">Its values.</param>
internal sealed record ApiParameter(string Name, string Description, ApiParameterKind Kind = ApiParameterKind.Text)
{
    public static readonly ApiParameter Force = new(
        "force", "Cancel the deployments that are in the way.", ApiParameterKind.Flag);

    public static readonly ApiParameter Reason = new("reason", "Why, for the deployment and the log.");

    public static readonly ApiParameter Embed = new(
        "embed", "What to add, such as apps.tasks, apps.counts, apps.taskStats.", ApiParameterKind.Texts);

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
}
