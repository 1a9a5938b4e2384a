using System.Text.Json;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>Whether two definitions in the canonical notation say the same.</summary>
internal static class AppComparison
{
    /// <summary>Compares all but the version and what only answers have; maps whatever their order.</summary>
    public static bool Same(App left, App right, bool count)
    {
        if (ReferenceEquals(left, right)) return true;
        return JsonElement.DeepEquals(Bare(left, count), Bare(right, count));
    }

    private static JsonElement Bare(App app, bool count) => JsonSerializer.SerializeToElement(
        app with { Version = null, VersionInfo = null, Instances = count ? app.Instances : null, Pod = Bare(app.Pod) },
        MarathonJson.Default.App);

    /// <summary>What the app has too: a pod that was read and is put back says it here as well.</summary>
    private static Pod? Bare(Pod? pod) => pod is null ? null : pod with
    {
        Role = null,
        Scheduling = pod.Scheduling is { } scheduling ? scheduling with { UnreachableStrategy = null } : null,
    };
}
