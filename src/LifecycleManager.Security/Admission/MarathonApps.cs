using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Security.Admission;

/// <summary>What rules of admission are told of an app of Marathon's notation, with every default filled.</summary>
public static class MarathonApps
{
    /// <summary>Describes an app of one task; of a pod, one of its containers.</summary>
    /// <param name="app">The app.</param>
    /// <param name="user">As whom it runs where it names nobody; empty where the agent decides.</param>
    public static AdmissionRequest Request(App app, string user)
    {
        ArgumentNullException.ThrowIfNull(app);
        var docker = app.Container?.Docker is { Image: not null } stated ? stated : null;
        return new AdmissionRequest
        {
            App = app.Id,
            Role = app.Role ?? "*",
            IsContainer = docker is not null,
            Image = docker is null ? null : new Stated("/container/docker/image", docker.Image!),
            Privileged = docker?.Privileged == true ? "/container/docker/privileged" : null,
            HostNetwork = docker is null ? app.Args is null ? "/cmd" : "/args"
                : HostNetworkOf(app.Networks ?? []),
            Parameters =
            [
                .. (docker?.Parameters ?? []).Select((parameter, index) =>
                    new StatedParameter($"/container/docker/parameters({index})", parameter.Key, parameter.Value)),
            ],
            Volumes =
            [
                .. (app.Container?.Volumes ?? []).Select((volume, index) => volume.HostPath is not { } host ? null
                    : new StatedVolume($"/container/volumes({index})/hostPath", host,
                        string.Equals(volume.Mode, "RO", StringComparison.OrdinalIgnoreCase)))
                    .OfType<StatedVolume>().Where(volume => docker is null || volume.HostPath.StartsWith('/')),
            ],
            User = app.User is { Length: > 0 } own ? new Stated("/user", own)
                : user.Length > 0 ? new Stated("/user", user) : null,
            Artifacts = [.. (app.Fetch ?? []).Select((artifact, index) => new Stated($"/fetch({index})/uri", artifact.Uri))],
        };
    }

    private static string? HostNetworkOf(IReadOnlyList<AppNetwork> networks)
    {
        if (networks.Count == 0) return "/networks";
        for (var index = 0; index < networks.Count; index++)
        {
            if (networks[index].Mode is null or "host" || MesosTasks.IsForeign(networks[index].Name))
                return $"/networks({index})";
        }

        return null;
    }
}
