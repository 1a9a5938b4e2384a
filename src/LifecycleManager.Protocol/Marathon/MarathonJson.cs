using System.Text.Json;
using System.Text.Json.Serialization;

namespace LifecycleManager.Protocol.Marathon;

/// <summary>
/// How Marathon's messages look as JSON: camelCase, absent fields left out. Unknown fields are skipped in answers of others;
/// <see cref="Strict"/> refuses them, for what our own scheduler is asked.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(App))]
[JsonSerializable(typeof(IReadOnlyList<App>))]
[JsonSerializable(typeof(AppList))]
[JsonSerializable(typeof(AppAnswer))]
[JsonSerializable(typeof(TaskList))]
[JsonSerializable(typeof(VersionList))]
[JsonSerializable(typeof(DeploymentResult))]
[JsonSerializable(typeof(IReadOnlyList<Deployment>))]
[JsonSerializable(typeof(BlueGreenState))]
[JsonSerializable(typeof(LaunchQueue))]
[JsonSerializable(typeof(MarathonError))]
[JsonSerializable(typeof(Group))]
[JsonSerializable(typeof(IReadOnlyList<Pod>))]
[JsonSerializable(typeof(IReadOnlyList<PodStatus>))]
[JsonSerializable(typeof(IReadOnlyList<PodInstanceStatus>))]
[JsonSerializable(typeof(RebalanceAnswer))]
[JsonSerializable(typeof(RebalanceTasks))]
public sealed partial class MarathonJson : JsonSerializerContext
{
    /// <summary>The same shapes, but an unknown field is a <see cref="JsonException"/> with its path.</summary>
    public static MarathonJson Strict => StrictHolder.Instance;

    // A holder, since the order of static initializers over the generated parts of this class is not defined.
    private static class StrictHolder
    {
        internal static readonly MarathonJson Instance = new(new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        });
    }
}
