using System.Text.Json;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Snapshots;

namespace LifecycleManager.Scheduler.Api;

/// <summary>
/// Counts and life times of an app's instances, <c>embed=apps.taskStats</c>: in all, and by how they relate to its version.
/// </summary>
internal static class TaskStatistics
{
    public static JsonElement Of(AppStatus status, DateTimeOffset now) => JsonText.Element(json =>
    {
        json.WriteStartObject();
        Write("startedAfterLastScaling", instance => instance.StagedAt >= status.LastScalingAt);
        Write("withLatestConfig", instance => instance.ConfigVersion == status.LastConfigChangeAt);
        Write("withOutdatedConfig", instance => instance.ConfigVersion != status.LastConfigChangeAt);
        Write("totalSummary", _ => true);
        json.WriteEndObject();

        void Write(string name, Func<Instance, bool> of)
        {
            var instances = status.Instances.Where(of).ToList();
            if (instances.Count == 0) return;
            var running = instances.Where(instance => instance.ShownState == InstanceState.Running).ToList();
            json.WriteStartObject(name);
            json.WriteStartObject("stats");
            json.WriteStartObject("counts");
            json.WriteNumber("staged", instances.Count(instance => instance.State.IsComingUp()));
            json.WriteNumber("running", running.Count);
            json.WriteNumber("healthy", running.Count(instance => instance.Healthy == true));
            json.WriteNumber("unhealthy", running.Count(instance => instance.Healthy == false));
            json.WriteEndObject();
            var lives = running.Where(instance => instance.StartedAt is not null)
                .Select(instance => Math.Max(0, (now - instance.StartedAt!.Value).TotalSeconds)).Order().ToList();
            if (lives.Count > 0)
            {
                json.WriteStartObject("lifeTime");
                json.WriteNumber("averageSeconds", lives.Average());
                json.WriteNumber("medianSeconds", lives.Count % 2 == 1
                    ? lives[lives.Count / 2] : (lives[(lives.Count / 2) - 1] + lives[lives.Count / 2]) / 2);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }
    });
}
