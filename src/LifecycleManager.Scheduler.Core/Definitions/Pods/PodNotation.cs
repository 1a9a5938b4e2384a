using System.Text.Json;
using System.Text.RegularExpressions;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions.Json;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Definitions.Pods;

/// <summary>
/// A pod in the words of apps: as a whole, for what is placed and counted, and container by container, for what is run.
/// </summary>
internal static partial class PodNotation
{
    private static readonly IReadOnlyDictionary<string, JsonElement> NoEnvironment = new Dictionary<string, JsonElement>();
    private static readonly IReadOnlyDictionary<string, string> NoLabels = new Dictionary<string, string>();
    private static readonly IReadOnlyList<AppNetwork> Host = [new AppNetwork { Mode = NetworkNotation.Host }];

    /// <summary>Where the fields of an app stand in a pod.</summary>
    public static IReadOnlyList<(string App, string Pod)> OfPod { get; } =
    [
        ("/constraints", "/scheduling/placement/constraints"),
        ("/acceptedResourceRoles", "/scheduling/placement/acceptedResourceRoles"),
        ("/backoffSeconds", "/scheduling/backoff/backoff"), ("/backoffFactor", "/scheduling/backoff/backoffFactor"),
        ("/maxLaunchDelaySeconds", "/scheduling/backoff/maxLaunchDelay"), ("/upgradeStrategy", "/scheduling/upgrade"),
        ("/killSelection", "/scheduling/killSelection"), ("/unreachableStrategy", "/scheduling/unreachableStrategy"),
        ("/instances", "/scaling/instances"), ("/cpus", "/containers"), ("/mem", "/containers"), ("/disk", "/containers"),
        ("/gpus", "/containers"),
    ];

    /// <summary>Where the fields of an app stand in a container.</summary>
    public static IReadOnlyList<(string App, string Pod)> OfContainer { get; } =
    [
        ("/cmd", "/exec/command/shell"), ("/args", "/exec/command/argv"), ("/env", "/environment"), ("/cpus", "/resources/cpus"),
        ("/mem", "/resources/mem"), ("/disk", "/resources/disk"), ("/gpus", "/resources/gpus"), ("/fetch", "/artifacts"),
        ("/container/docker/image", "/image/id"), ("/container/volumes", "/volumeMounts"), ("/healthChecks(0)", "/healthCheck"),
        ("/portDefinitions", "/endpoints"), ("/taskKillGracePeriodSeconds", "/lifecycle/killGracePeriodSeconds"),
    ];

    /// <summary>With every default; without the count, which the definition has.</summary>
    public static Pod Fill(Pod pod) => pod with
    {
        Labels = pod.Labels ?? NoLabels,
        Environment = pod.Environment ?? NoEnvironment,
        Containers = [.. pod.Containers!.Select(Fill)],
        Volumes = pod.Volumes ?? [],
        Networks = Host,
        Scaling = new PodScaling { Kind = "fixed", MaxInstances = pod.Scaling?.MaxInstances },
        Scheduling = new PodScheduling
        {
            Backoff = new PodBackoff
            {
                Backoff = pod.Scheduling?.Backoff?.Backoff ?? AppDefaults.BackoffSeconds,
                BackoffFactor = pod.Scheduling?.Backoff?.BackoffFactor ?? AppDefaults.BackoffFactor,
                MaxLaunchDelay = pod.Scheduling?.Backoff?.MaxLaunchDelay ?? AppDefaults.MaxLaunchDelaySeconds,
            },
            Upgrade = new UpgradeStrategy
            {
                MinimumHealthCapacity = pod.Scheduling?.Upgrade?.MinimumHealthCapacity ?? 1,
                MaximumOverCapacity = pod.Scheduling?.Upgrade?.MaximumOverCapacity ?? 1,
            },
            Placement = new PodPlacement
            {
                Constraints = pod.Scheduling?.Placement?.Constraints ?? [],

                // Of pods, none is what it is where nothing is said.
                AcceptedResourceRoles = pod.Scheduling?.Placement?.AcceptedResourceRoles is { Count: > 0 } roles ? roles : null,
            },
            KillSelection = pod.Scheduling?.KillSelection ?? AppDefaults.KillSelection,
            UnreachableStrategy = pod.Scheduling?.UnreachableStrategy,
        },

        // Marathon's: Mesos' default executor takes something for itself.
        ExecutorResources = new PodResources
        {
            Cpus = pod.ExecutorResources?.Cpus ?? 0.1,
            Mem = pod.ExecutorResources?.Mem ?? 32,
            Disk = pod.ExecutorResources?.Disk ?? 10,
            Gpus = pod.ExecutorResources?.Gpus ?? 0,
        },
    };

    /// <summary>A pod as answers show it.</summary>
    public static Pod Shown(AppDefinition pod) => pod.Wire.Pod! with
    {
        Version = Timestamps.Write(pod.Version),
        Scaling = pod.Wire.Pod.Scaling! with { Instances = pod.Instances },
        Role = pod.Role,
        Scheduling = pod.Wire.Pod.Scheduling! with { UnreachableStrategy = pod.Wire.UnreachableStrategy },
    };

    /// <summary>The pod as an app: what an instance takes in all, and how instances are counted, placed and replaced.</summary>
    public static App Whole(Pod pod, int instances, string path, Problems problems)
    {
        double Sum(Func<PodResources, double> amount) =>
            Math.Round(pod.Containers!.Sum(container => amount(container.Resources!)) + amount(pod.ExecutorResources!), 3);
        var scheduling = pod.Scheduling!;
        var constraints = scheduling.Placement!.Constraints!;
        for (var index = 0; index < constraints.Count; index++)
        {
            var at = $"{path}/scheduling/placement/constraints({index})";
            problems.Unless(constraints[index].FieldName is { Length: > 0 }, $"{at}/fieldName", "must not be empty");
            problems.Unless(constraints[index].Operator is { Length: > 0 }, $"{at}/operator", "must not be empty");
        }

        return new App
        {
            Id = pod.Id,
            Pod = pod,
            Instances = instances,
            Cpus = Sum(resources => resources.Cpus ?? 0),
            Mem = Sum(resources => resources.Mem ?? 0),
            Disk = Sum(resources => resources.Disk ?? 0),
            Gpus = (int)Sum(resources => resources.Gpus ?? 0),
            Labels = pod.Labels,
            Networks = Host,
            PortDefinitions = [],
            Constraints =
            [
                .. constraints.Select(constraint => (IReadOnlyList<string>)(constraint.Value is { } value
                    ? [constraint.FieldName ?? "", constraint.Operator ?? "", value]
                    : [constraint.FieldName ?? "", constraint.Operator ?? ""])),
            ],
            AcceptedResourceRoles = scheduling.Placement.AcceptedResourceRoles,
            BackoffSeconds = scheduling.Backoff!.Backoff,
            BackoffFactor = scheduling.Backoff.BackoffFactor,
            MaxLaunchDelaySeconds = scheduling.Backoff.MaxLaunchDelay,
            UpgradeStrategy = scheduling.Upgrade,
            KillSelection = scheduling.KillSelection,
            UnreachableStrategy = UnreachableNotation.Check(scheduling.UnreachableStrategy,
                $"{path}/scheduling/unreachableStrategy", problems),
            Role = pod.Role,
        };
    }

    /// <summary>One container as an app of one task.</summary>
    public static App Container(Pod pod, PodContainer container) => new()
    {
        Id = pod.Id,
        Cmd = container.Exec?.Command.Shell,
        Args = container.Exec?.Command.Argv,
        User = container.User ?? pod.User,
        Env = Merged(pod.Environment, container.Environment),
        Instances = 1,
        Cpus = container.Resources!.Cpus,
        Mem = container.Resources.Mem,
        Disk = container.Resources.Disk,
        Gpus = container.Resources.Gpus,
        Fetch = container.Artifacts,
        Labels = Labels(pod, container),
        Secrets = pod.Secrets,
        Networks = Host,
        PortDefinitions =
        [
            .. container.Endpoints!.Select(endpoint => new PortDefinition
            {
                Port = endpoint.HostPort, Protocol = Transport(endpoint.Protocol!), Name = endpoint.Name,
                Labels = endpoint.Labels,
            }),
        ],
        HealthChecks = container.HealthCheck is { } check ? [HealthCheck(container, check)] : [],
        TaskKillGracePeriodSeconds = container.Lifecycle?.KillGracePeriodSeconds,
        Tty = container.Tty,
        Container = container.Image is null && container.VolumeMounts is not { Count: > 0 } ? null : new AppContainer
        {
            Type = container.Image is null ? "MESOS" : "DOCKER",
            Docker = container.Image is not { } image ? null
                : new AppDocker { Image = image.Id, ForcePullImage = image.ForcePull },
            Volumes =
            [
                .. (container.VolumeMounts ?? []).Select(mount => new AppVolume
                {
                    ContainerPath = mount.MountPath,
                    HostPath = pod.Volumes!.First(volume => volume.Name == mount.Name).Host,
                    Mode = mount.ReadOnly == true ? "RO" : "RW",
                }),
            ],
        },
    };

    // An endpoint names the protocols that it is told to speak, such as http; what is no transport is carried by TCP.
    private static string Transport(IReadOnlyList<string> protocols) => string.Join(',',
        protocols.Select(protocol => protocol == "udp" ? "udp" : "tcp").Distinct().OrderDescending(StringComparer.Ordinal));

    /// <summary>Holds an app to what apps are held to, and says where in the pod what is wrong stands.</summary>
    public static void Validate(
        App app, string path, IReadOnlyList<(string App, string Pod)> fields, DefinitionRules rules, Problems problems)
    {
        var found = new Problems();
        AppValidation.Validate(app, "", rules, found);
        foreach (var problem in found.Items)
        {
            var field = fields.FirstOrDefault(field => problem.Path.StartsWith(field.App, StringComparison.Ordinal));
            var place = field.App is null ? problem.Path : field.Pod + problem.Path[field.App.Length..];
            problems.Add(path + PartOfConstraint()
                .Replace(place, part => part.Groups[1].Value + ConstraintParts[part.Groups[2].Value[0] - '0']), problem.Message);
        }
    }

    // A constraint of an app is a list, of a pod an object.
    private static readonly string[] ConstraintParts = ["/fieldName", "/operator", "/value"];

    [GeneratedRegex(@"(/placement/constraints\(\d+\))\(([0-2])\)")]
    private static partial Regex PartOfConstraint();

    private static PodContainer Fill(PodContainer container) => container with
    {
        Resources = new PodResources
        {
            Cpus = container.Resources?.Cpus ?? 0.1,
            Mem = container.Resources?.Mem ?? 32,
            Disk = container.Resources?.Disk ?? 0,
            Gpus = container.Resources?.Gpus ?? 0,
        },
        Endpoints =
        [
            .. (container.Endpoints ?? [])
            .Select(endpoint => endpoint with
            {
                HostPort = endpoint.HostPort ?? 0,
                Protocol = endpoint.Protocol is { Count: > 0 } given ? given : ["tcp"],
            }),
        ],
    };

    private static AppHealthCheck HealthCheck(PodContainer container, PodHealthCheck check)
    {
        int? Index(string? name) => container.Endpoints!.ToList().FindIndex(endpoint => endpoint.Name == name);
        return new AppHealthCheck
        {
            Protocol = check.Exec is not null ? "COMMAND" : check.Tcp is not null ? "MESOS_TCP" : check.Http!.Scheme == "HTTPS"
                ? "MESOS_HTTPS" : "MESOS_HTTP",
            Path = check.Http?.Path,
            PortIndex = check.Exec is not null ? null : Index(check.Http?.Endpoint ?? check.Tcp?.Endpoint),
            Command = check.Exec?.Command.Shell is { } line ? new HealthCommand(line) : null,
            GracePeriodSeconds = check.GracePeriodSeconds,
            IntervalSeconds = check.IntervalSeconds,
            TimeoutSeconds = check.TimeoutSeconds,
            MaxConsecutiveFailures = check.MaxConsecutiveFailures,
            DelaySeconds = check.DelaySeconds,
        };
    }

    // An instance ends as one: all of its tasks are drained for as long as the one that needs the most time.
    private static Dictionary<string, string> Labels(Pod pod, PodContainer container)
    {
        var labels = Merged(pod.Labels, container.Labels);
        var longest = DrainLabel.Longest(pod.Containers!.Select(one => one.Labels?.GetValueOrDefault(DrainLabel.Name))
            .Append(pod.Labels?.GetValueOrDefault(DrainLabel.Name)));

        // What cannot be read stays to be refused.
        var isRefused = labels.TryGetValue(DrainLabel.Name, out var own) && !DrainLabel.TryParse(own, out _);
        if (longest is not null && !isRefused) labels[DrainLabel.Name] = longest;
        return labels;
    }

    private static Dictionary<string, T> Merged<T>(IReadOnlyDictionary<string, T>? outer, IReadOnlyDictionary<string, T>? inner)
    {
        var all = new Dictionary<string, T>(outer ?? new Dictionary<string, T>(), StringComparer.Ordinal);
        foreach (var (name, value) in inner ?? new Dictionary<string, T>()) all[name] = value;
        return all;
    }
}
