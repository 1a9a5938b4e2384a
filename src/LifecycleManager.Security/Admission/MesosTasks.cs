using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Security.Admission;

/// <summary>What rules of admission are told of a Mesos task.</summary>
public static class MesosTasks
{
    private const string Instance = ".instance-";

    /// <summary>Describes a task, once for each role whose resources it takes.</summary>
    /// <param name="task">The task.</param>
    /// <param name="framework">Whose it is, as the master has verified it.</param>
    /// <param name="believed">Whether the framework is believed which app the task is of.</param>
    public static IEnumerable<AdmissionRequest> Requests(TaskInfo task, FrameworkInfo framework, bool believed)
    {
        var roles = task.Resources.Select(resource => resource.AllocationInfo?.Role).OfType<string>().Distinct().ToList();
        if (roles.Count == 0) roles.Add(framework.Role ?? "*");
        var docker = task.Container is { Type: ContainerType.Docker } container
            ? container.Docker ?? new DockerInfo { Image = "" } : null;
        var request = new AdmissionRequest
        {
            App = believed ? AppOf(task.TaskId.Value) : null,
            IsContainer = docker is not null,
            Image = docker is null ? null : new Stated("/container/docker/image", docker.Image),
            Privileged = docker?.Privileged == true ? "/container/docker/privileged" : null,
            HostNetwork = docker is null ? "/command" : HostNetworkOf(docker, task.Container!),
            Parameters =
            [
                .. (docker?.Parameters ?? []).Select((parameter, index) =>
                    new StatedParameter($"/container/docker/parameters({index})", parameter.Key, parameter.Value)),
                .. docker?.VolumeDriver is { Length: > 0 } driver
                    ? [new StatedParameter("/container/docker/volumeDriver", "volume-driver", driver)]
                    : Array.Empty<StatedParameter>(),
            ],
            Volumes =
            [
                .. (task.Container?.Volumes ?? []).Select((volume, index) => volume.HostPath is not { } host ? null
                    : new StatedVolume($"/container/volumes({index})", host, volume.Mode == VolumeMode.ReadOnly))
                    .OfType<StatedVolume>().Where(volume => docker is null || volume.HostPath.StartsWith('/')),
            ],
            User = task.Command?.User is { Length: > 0 } user ? new Stated("/command/user", user) : null,
            Artifacts =
            [
                .. (task.Command?.Uris ?? []).Select((uri, index) => new Stated($"/command/uris({index})", uri.Value)),
            ],
        };
        return roles.Select(role => request with { Role = role });
    }

    /// <summary>The engine takes some names of networks for those of the machine and of other containers.</summary>
    internal static bool IsForeign(string? network) =>
        network is "host" || network?.StartsWith("container:", StringComparison.Ordinal) == true;

    private static string? HostNetworkOf(DockerInfo docker, ContainerInfo container) =>
        (docker.Network ?? DockerNetwork.Host) switch
        {
            DockerNetwork.Host => "/container/docker/network",
            DockerNetwork.User when container.NetworkInfos is [{ } named, ..] && IsForeign(named.Name)
                => "/container/networkInfos(0)/name",
            _ => null,
        };

    /// <summary>
    /// The app that a task of a scheduler of this kind, or of Marathon, is of; null where its id has no such form.
    /// </summary>
    public static string? AppOf(string taskId) => taskId.LastIndexOf(Instance, StringComparison.Ordinal) is > 0 and var end
        ? "/" + taskId[..end].Replace('_', '/') : null;
}
