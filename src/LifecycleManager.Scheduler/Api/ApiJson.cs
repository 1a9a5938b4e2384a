using System.Text.Json.Serialization;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scheduler.Api;

/// <summary>What only the API's own requests have.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TaskIdList))]
[JsonSerializable(typeof(PlannedSteps))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class ApiJson : JsonSerializerContext;

/// <summary>The body of <c>POST /v2/tasks/delete</c>.</summary>
internal sealed record TaskIdList
{
    /// <summary>The tasks.</summary>
    public required IReadOnlyList<string> Ids { get; init; }
}

/// <summary>What a change with <c>dryRun</c> is answered with.</summary>
/// <param name="Steps">The steps of the deployment that there would be.</param>
internal sealed record PlannedSteps(IReadOnlyList<DeploymentStep> Steps);
