namespace LifecycleManager.Scheduler.Api;

/// <summary>Statuses of failures that many operations have.</summary>
internal static class ApiFailures
{
    /// <summary>Of what makes something from a body.</summary>
    public static readonly int[] Create = [400, 409, 413, 422];

    /// <summary>Of what changes something that is there, from a body.</summary>
    public static readonly int[] Change = [400, 404, 409, 413, 422];

    /// <summary>Of what changes something that is there and may have to be as it was, from a body.</summary>
    public static readonly int[] ConditionalChange = [400, 404, 409, 412, 413, 422];
}
