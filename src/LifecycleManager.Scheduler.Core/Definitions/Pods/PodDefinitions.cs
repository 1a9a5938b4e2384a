using System.Text.RegularExpressions;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions.Json;

namespace LifecycleManager.Scheduler.Core.Definitions.Pods;

/// <summary>
/// From a pod as it was sent to the definition that stands for it, strictly: an app whose instances are several tasks. What an
/// app is held to, each container is too; what no part of the stack carries out is refused, never dropped.
/// </summary>
internal static partial class PodDefinitions
{
    private const int MaxContainers = 100;
    private const int MaxNameLength = 63;

    /// <summary>Reads a pod as it was sent.</summary>
    /// <exception cref="MalformedJsonException">It is no JSON.</exception>
    public static Pod ReadPod(ReadOnlyMemory<byte> body) => WireJson.Read(body, MarathonJson.Default.Pod);

    /// <summary>A whole definition; what it leaves out has Marathon's default.</summary>
    /// <param name="pod">As it was sent.</param>
    /// <param name="group">The group that a relative id is in.</param>
    /// <param name="rules">The scheduler's rules.</param>
    /// <exception cref="ChangeRefusedException">It is not valid.</exception>
    public static AppDefinition Create(Pod pod, AppId group, DefinitionRules rules)
    {
        var problems = new Problems();
        var created = TryCreate(pod, group, rules, "", problems);
        problems.ThrowIfAny();
        return created!;
    }

    /// <summary>A whole definition for an id that the request's path has given; the body may repeat it, and no other.</summary>
    /// <exception cref="ChangeRefusedException">It is not valid.</exception>
    public static AppDefinition CreateAt(AppId id, Pod pod, DefinitionRules rules)
    {
        if (pod.Id is not null && AppId.Resolve(pod.Id, id.Parent) != id && AppId.Resolve(pod.Id, AppId.Root) != id)
            throw new ChangeRefusedException(
                [new ChangeProblem("/id", $"'{pod.Id}' is not the pod of the request's path, {id}")]);
        return Create(pod with { Id = id.Path }, id.Parent, rules);
    }

    /// <summary>As <see cref="Create"/>, adding to problems found before; null where the pod is not valid.</summary>
    internal static AppDefinition? TryCreate(Pod pod, AppId group, DefinitionRules rules, string path, Problems problems)
    {
        var before = problems.Items.Count;
        if (pod.Id is not { Length: > 0 })
        {
            problems.Add($"{path}/id", "must not be empty");
            return null;
        }

        var id = AppId.Resolve(pod.Id, group);
        Check(pod, path, problems);
        if (problems.Items.Count > before) return null;
        var filled = PodNotation.Fill(pod with { Id = id.Path, Version = null });
        var whole = PodNotation.Whole(filled, pod.Scaling?.Instances ?? AppDefaults.Instances, path, problems);
        if (problems.Items.Count > before) return null;
        var app = AppNormalization.Fill(whole, rules) with { PortDefinitions = [] };
        PodNotation.Validate(app, path, PodNotation.OfPod, rules, problems);
        if (problems.Items.Count > before) return null;
        for (var index = 0; index < filled.Containers!.Count; index++)
        {
            var container = AppNormalization.Fill(PodNotation.Container(filled, filled.Containers[index]), rules);
            PodNotation.Validate(container, $"{path}/containers({index})", PodNotation.OfContainer, rules, problems);
        }

        return problems.Items.Count > before ? null : AppDefinition.FromWire(app);
    }

    private static void Check(Pod pod, string path, Problems problems)
    {
        var containers = pod.Containers ?? [];
        problems.Unless(containers.Count is > 0 and <= MaxContainers, $"{path}/containers",
            $"must have 1 to {MaxContainers} elements");
        problems.Unless(
            pod.Networks is null or { Count: 0 } or [{ Mode: NetworkNotation.Host, Name: null }], $"{path}/networks",
            "only the host's network is carried out for pods: their containers share it");
        problems.Unless(pod.Scaling?.Kind is null or "fixed", $"{path}/scaling/kind", $"'{pod.Scaling?.Kind}' must be fixed");
        problems.Unless(
            pod.Scaling is not { MaxInstances: { } most } || most >= (pod.Scaling.Instances ?? AppDefaults.Instances),
            $"{path}/scaling/maxInstances", "must not be less than instances");
        Volumes(pod, path, problems);
        var names = new HashSet<string>(StringComparer.Ordinal);
        var endpoints = new HashSet<string>(StringComparer.Ordinal);
        var ports = new HashSet<int>();
        for (var index = 0; index < containers.Count; index++)
            Container(pod, containers[index], $"{path}/containers({index})", names, endpoints, ports, problems);
    }

    private static void Volumes(Pod pod, string path, Problems problems)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var index = 0; index < (pod.Volumes?.Count ?? 0); index++)
        {
            var (volume, at) = (pod.Volumes![index], $"{path}/volumes({index})");
            Name(volume.Name, $"{at}/name", names, problems);
            problems.Unless(volume.Secret is null, $"{at}/secret", "secrets as files are not supported");
            problems.Unless(volume.Persistent is null, $"{at}/persistent", "persistent volumes are not supported");
            problems.Unless(
                volume.Host is not null || volume.Secret is not null || volume.Persistent is not null, $"{at}/host",
                "is missing: volumes that live as long as the instance are not supported");
        }
    }

    private static void Container(
        Pod pod, PodContainer container, string at, HashSet<string> names, HashSet<string> endpoints, HashSet<int> ports,
        Problems problems)
    {
        Name(container.Name, $"{at}/name", names, problems);
        var command = container.Exec?.Command;
        problems.Unless(
            container.Image is not null || command is { Shell.Length: > 0 } or { Argv.Count: > 0 }, $"{at}/exec",
            "is missing: a container without an image needs a command");
        problems.Unless(
            container.Exec is null || command is { Shell.Length: > 0, Argv: null } or { Shell: null, Argv.Count: > 0 },
            $"{at}/exec/command",
            "must have either 'shell' or 'argv'");
        if (container.Image is { } image)
        {
            problems.Unless(image.Kind is "DOCKER", $"{at}/image/kind", $"'{image.Kind}' is not supported: DOCKER is");
            problems.Unless(image.PullConfig is null, $"{at}/image/pullConfig",
                "is not supported: the agents have the credentials for pulls");
        }

        for (var index = 0; index < (container.Endpoints?.Count ?? 0); index++)
        {
            var (endpoint, here) = (container.Endpoints![index], $"{at}/endpoints({index})");
            Name(endpoint.Name, $"{here}/name", endpoints, problems);
            problems.Unless(endpoint.ContainerPort is null, $"{here}/containerPort",
                "must not be set: on the host's network hostPort is the port");
            problems.Unless(endpoint.HostPort is null or (>= 0 and <= 65_535), $"{here}/hostPort", "must be between 0 and 65535");
            problems.Unless(endpoint.HostPort is not > 0 || ports.Add(endpoint.HostPort.Value), $"{here}/hostPort",
                $"{endpoint.HostPort} is there twice");
            problems.Unless(
                endpoint.Protocol?.All(protocol => protocol.Length <= MaxNameLength && Names().IsMatch(protocol)) != false,
                $"{here}/protocol", "must be names of protocols such as tcp, udp, http");
        }

        HealthCheck(container, at, problems);
        for (var index = 0; index < (container.VolumeMounts?.Count ?? 0); index++)
        {
            var mount = container.VolumeMounts![index];
            problems.Unless(
                pod.Volumes?.Any(volume => volume.Name == mount.Name) == true, $"{at}/volumeMounts({index})/name",
                $"'{mount.Name}' is not a volume of the pod");
        }
    }

    private static void HealthCheck(PodContainer container, string at, Problems problems)
    {
        if (container.HealthCheck is not { } check) return;
        var kinds = new object?[] { check.Http, check.Tcp, check.Exec }.Count(kind => kind is not null);
        problems.Unless(kinds == 1, $"{at}/healthCheck", "must have one of 'http', 'tcp', 'exec'");
        Endpoint(check.Http is not null, check.Http?.Endpoint, "http");
        Endpoint(check.Tcp is not null, check.Tcp?.Endpoint, "tcp");
        problems.Unless(
            check.Http?.Scheme is null or "HTTP" or "HTTPS", $"{at}/healthCheck/http/scheme",
            $"'{check.Http?.Scheme}' must be HTTP or HTTPS");
        problems.Unless(
            check.Exec is null or { Command: { Shell.Length: > 0, Argv: null } }, $"{at}/healthCheck/exec/command",
            "must be a line for the shell: 'argv' is not supported here");

        void Endpoint(bool needed, string? name, string kind)
        {
            if (needed && container.Endpoints?.Any(endpoint => endpoint.Name == name) != true)
                problems.Add($"{at}/healthCheck/{kind}/endpoint", $"'{name}' is not an endpoint of the container");
        }
    }

    private static void Name(string? name, string at, HashSet<string> taken, Problems problems)
    {
        if (name is not { Length: > 0 and <= MaxNameLength } || !Names().IsMatch(name))
            problems.Add(at, $"must be 1 to {MaxNameLength} small letters, digits and, within, '-'");
        else if (!taken.Add(name)) problems.Add(at, $"'{name}' is there twice");
    }

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
    private static partial Regex Names();
}
