using System.Text;
using System.Text.Json;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions.Json;
using LifecycleManager.Scheduler.Core.Definitions.Labels;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>
/// What a filled definition in the canonical notation is held to: Marathon's rules, bounds that keep arithmetic sane, and a
/// refusal of what no part of the stack carries out. Each message stands after its path.
/// </summary>
internal sealed class AppValidation
{
    public const int MaxInstances = 1_000_000;
    private const double MaxCpus = 100_000;
    private const double MaxMegabytes = 1e9;
    private const double MaxSeconds = 10 * 365 * 86_400d;

    private static readonly IReadOnlyDictionary<string, AppSecret> NoSecrets = new Dictionary<string, AppSecret>();

    private readonly App _app;
    private readonly string _path;
    private readonly DefinitionRules _rules;
    private readonly Problems _problems;

    private AppValidation(App app, string path, DefinitionRules rules, Problems problems)
    {
        _app = app;
        _path = path;
        _rules = rules;
        _problems = problems;
    }

    private bool IsDocker => _app.Container?.Docker is not null;

    // Docker's bridge or a named network: ports are the container's, and are mapped.
    private bool IsMapped => _app.Networks is [{ Mode: NetworkNotation.Bridge or NetworkNotation.Container }, ..];

    public static void Validate(App app, string path, DefinitionRules rules, Problems problems) =>
        new AppValidation(app, path, rules, problems).Validate();

    private void Validate()
    {
        Identity();
        Command();
        Resources();
        Container();
        Network();
        Ports();
        Environment();
        FetchValidation.Validate(_app, _path, _problems);
        LabelValidation.Validate(_app, _path, _problems);
        ConstraintValidation.Validate(_app, $"{_path}/constraints", _problems);
        CheckValidation.Validate(_app, _path, _problems);
        Launching();
        NotCarriedOut();
    }

    private void Identity()
    {
        var id = new AppId(_app.Id ?? "/");
        if (id.IsRoot) _problems.Add($"{_path}/id", "must not be empty");
        else if (AppIdSyntax.WhyInvalid(id) is { } reason) _problems.Add($"{_path}/id", reason);

        var dependencies = _app.Dependencies ?? [];
        for (var index = 0; index < dependencies.Count; index++)
        {
            var at = $"{_path}/dependencies({index})";
            var dependency = new AppId(dependencies[index]);
            if (dependency == id) _problems.Add(at, "an app cannot depend on itself");
            else if (dependency.IsRoot) _problems.Add(at, "must not be the root group, which contains the app itself");
            else if (id.IsWithin(dependency)) _problems.Add(at, $"'{dependency}' contains the app itself");
            else if (AppIdSyntax.WhyInvalid(dependency) is { } reason) _problems.Add(at, reason);
        }
    }

    private void Command()
    {
        var (cmd, args) = (_app.Cmd is { Length: > 0 }, _app.Args is { Count: > 0 });
        if (cmd && args) _problems.Add($"{_path}/", "AppDefinition must not contain both 'cmd' and 'args'.");
        else if (!cmd && !args && !IsDocker && _app.Pod is null)
            _problems.Add($"{_path}/", "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.");
        Plain(_app.Cmd, "cmd");
        for (var index = 0; index < (_app.Args?.Count ?? 0); index++) Plain(_app.Args![index], $"args({index})");
        if (_app.User is not { } user) return;
        _problems.Unless(user.Length is > 0 and <= 64, $"{_path}/user", "must have 1 to 64 characters");
        _problems.Unless(!user.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c == ':'), $"{_path}/user",
            "must be a user's name");
    }

    private void Resources()
    {
        Between(_app.Instances, 0, MaxInstances, "instances");
        Between(_app.Cpus, 0, MaxCpus, "cpus");
        Between(_app.Mem, 0, MaxMegabytes, "mem");
        Between(_app.Disk, 0, MaxMegabytes, "disk");
        Between(_app.Gpus, 0, int.MaxValue, "gpus");
        Between(_app.BackoffSeconds, 0, MaxSeconds, "backoffSeconds");
        Between(_app.BackoffFactor, 1, 1_000, "backoffFactor");
        Between(_app.MaxLaunchDelaySeconds, 0, MaxSeconds, "maxLaunchDelaySeconds");
        Between(_app.TaskKillGracePeriodSeconds, 0, MaxSeconds, "taskKillGracePeriodSeconds");
        Between(_app.UpgradeStrategy?.MinimumHealthCapacity, 0, 1, "upgradeStrategy/minimumHealthCapacity");
        Between(_app.UpgradeStrategy?.MaximumOverCapacity, 0, 1, "upgradeStrategy/maximumOverCapacity");
    }

    private void Container()
    {
        if (_app.Container is not { } container) return;
        var at = $"{_path}/container";
        if (container.Type is not ("DOCKER" or "MESOS"))
            _problems.Add($"{at}/type", $"'{container.Type}' must be one of DOCKER, MESOS"
                + NearestName.Hint(container.Type!, ["DOCKER", "MESOS"]));
        else if (container.Type == "DOCKER" && container.Docker is null)
            _problems.Add($"{at}/docker", "is missing: a container of type DOCKER needs its image");
        else if (container.Type == "MESOS" && container.Docker is not null)
            _problems.Add($"{at}/type", "MESOS with an image is not supported: the agents run images with DOCKER");

        if (container.Docker is { } docker)
        {
            var image = docker.Image;
            _problems.Unless(
                image is { Length: > 0 and <= 1_024 } && !image.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)),
                $"{at}/docker/image", "must be the name of an image");
            for (var index = 0; index < docker.Parameters!.Count; index++)
            {
                var (key, value) = docker.Parameters[index];
                if (DockerOptions.WhyRefused(key, value) is { } reason)
                    _problems.Add($"{at}/docker/parameters({index})/{(DockerOptions.IsKnown(key) ? "value" : "key")}", reason);
            }
        }

        for (var index = 0; index < (container.Volumes?.Count ?? 0); index++)
            Volume(container.Volumes![index], $"{at}/volumes({index})");
    }

    private void Volume(AppVolume volume, string at)
    {
        _problems.Unless(volume.Persistent is null, $"{at}/persistent", "persistent volumes are not supported");
        _problems.Unless(volume.External is null, $"{at}/external", "external volumes are not supported");
        _problems.Unless(volume.Secret is null, $"{at}/secret", "secrets as files are not supported");
        if (volume.Persistent is not null || volume.External is not null || volume.Secret is not null) return;

        Path(volume.ContainerPath, $"{at}/containerPath", absolute: IsDocker);
        Path(volume.HostPath, $"{at}/hostPath", absolute: true);
        if (volume.Mode is not ("RW" or "RO")) _problems.Add($"{at}/mode", "must be one of RW, RO");
        else if (volume.Mode == "RO" && !IsDocker)
            _problems.Add($"{at}/mode", "RO is kept by containers only: a process sees the path as it is on the host");
    }

    private void Path(string? path, string at, bool absolute)
    {
        if (path is not { Length: > 0 } || path.Any(char.IsControl)) _problems.Add(at, "must be a path");
        else if (absolute && path[0] != '/') _problems.Add(at, "must be an absolute path");
        else if (!absolute && (path[0] == '/' || path.Split('/').Contains("..")))
            _problems.Add(at, "must be a path below the sandbox: a process has the host's own file system");
    }

    private void Network()
    {
        var networks = _app.Networks!;
        var at = $"{_path}/networks";
        if (networks.Count > 1) _problems.Add(at, "more than one network is not supported");
        for (var index = 0; index < networks.Count; index++)
        {
            var network = networks[index];
            if (network.Mode is not (NetworkNotation.Host or NetworkNotation.Bridge or NetworkNotation.Container))
            {
                _problems.Add($"{at}({index})/mode", $"'{network.Mode}' must be one of host, container, container/bridge"
                    + NearestName.Hint(network.Mode ?? "", [NetworkNotation.Host, NetworkNotation.Container,
                        NetworkNotation.Bridge]));
            }
            else
            {
                if (network.Mode != NetworkNotation.Container)
                    _problems.Unless(network.Name is null, $"{at}({index})/name", $"must not be set for {network.Mode}");
                else if (network.Name is not { Length: > 0 and <= 255 } name
                    || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
                    _problems.Add($"{at}({index})/name",
                        "must be the name of a network of the Docker engine, for mode container");
                _problems.Unless(network.Labels is null or { Count: 0 }, $"{at}({index})/labels",
                    "labels of networks are not supported");
            }
        }

        if (IsMapped && !IsDocker)
            _problems.Add($"{at}(0)/mode", $"{networks[0].Mode} needs a Docker container: a process is on the host's network");
    }

    private void Ports()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var service = new HashSet<int>();
        if (IsMapped)
        {
            _problems.Unless(
                _app.PortDefinitions is null or { Count: 0 },
                $"{_path}/portDefinitions", "are for the host's network: use container.portMappings");
            var mappings = _app.Container?.PortMappings ?? [];
            for (var index = 0; index < mappings.Count; index++) Mapping(mappings, index, names, service);
            return;
        }

        if (_app.Container?.PortMappings is { Count: > 0 } && _app.Networks is [{ Mode: NetworkNotation.Host }, ..])
            _problems.Add($"{_path}/container/portMappings",
                "are for container networks: on the host's network use portDefinitions");
        for (var index = 0; index < (_app.PortDefinitions?.Count ?? 0); index++)
        {
            var (port, at) = (_app.PortDefinitions![index], $"{_path}/portDefinitions({index})");
            PortNumber(port.Port, $"{at}/port");
            Protocol(port.Protocol, $"{at}/protocol");
            PortName(port.Name, $"{at}/name", names);
            if (port.Port > 0 && !service.Add(port.Port.Value))
                _problems.Add($"{at}/port", $"Ports must be unique: {port.Port} is there twice");
        }
    }

    private void Mapping(IReadOnlyList<AppPortMapping> mappings, int index, HashSet<string> names, HashSet<int> service)
    {
        var (port, at) = (mappings[index], $"{_path}/container/portMappings({index})");
        PortNumber(port.ContainerPort, $"{at}/containerPort");
        PortNumber(port.HostPort, $"{at}/hostPort");
        PortNumber(port.ServicePort, $"{at}/servicePort");
        Protocol(port.Protocol, $"{at}/protocol");
        PortName(port.Name, $"{at}/name", names);
        _problems.Unless(port.NetworkNames is null or { Count: 0 }, $"{at}/networkNames",
            "must not be set: there is one network");
        if (port.ServicePort > 0 && !service.Add(port.ServicePort.Value))
            _problems.Add($"{at}/servicePort", $"{port.ServicePort} is there twice");
        if (port.HostPort is not > 0) return;
        for (var earlier = 0; earlier < index; earlier++)
        {
            if (mappings[earlier].HostPort != port.HostPort || !Overlaps(mappings[earlier].Protocol, port.Protocol)) continue;
            _problems.Add($"{at}/hostPort", $"{port.HostPort} is taken by the mapping {earlier} already");
            return;
        }
    }

    private static bool Overlaps(string? left, string? right) =>
        (left ?? "tcp").Split(',').Intersect((right ?? "tcp").Split(','), StringComparer.Ordinal).Any();

    private void PortNumber(int? port, string at) =>
        _problems.Unless(port is null or (>= 0 and <= 65_535), at, "must be between 0 and 65535");

    private void Protocol(string? protocol, string at) => _problems.Unless(
        protocol is null or "tcp" or "udp" or "udp,tcp" or "tcp,udp", at, $"'{protocol}' must be one of tcp, udp, udp,tcp");

    private void PortName(string? name, string at, HashSet<string> names)
    {
        if (name is null) return;
        if (name.Length is 0 or > 255 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            _problems.Add(at, "must fully match regular expression '^[a-zA-Z0-9_-]{1,255}$'");
        else if (!names.Add(name)) _problems.Add(at, $"Port names must be unique: '{name}' is there twice");
    }

    private void Environment()
    {
        foreach (var (name, value) in _app.Env!)
        {
            var at = $"{_path}/env/{name}";
            _problems.Unless(
                name.Length > 0 && !name.Contains('=', StringComparison.Ordinal)
                && !name.Contains('\0', StringComparison.Ordinal),
                at, "is not a valid name of an environment variable");
            if (value.ValueKind == JsonValueKind.String)
                _problems.Unless(!value.GetString()!.Contains('\0', StringComparison.Ordinal), at, "must not have a NUL");
            else if (value.ValueKind == JsonValueKind.Object && value.EnumerateObject().Count() == 1
                && value.TryGetProperty("secret", out var secret) && secret.ValueKind == JsonValueKind.String)
            {
                _problems.Unless(_app.Secrets?.ContainsKey(secret.GetString()!) == true, at,
                    $"the secret '{secret.GetString()}' is not in 'secrets'");
            }
            else _problems.Add(at, "must be a text or {\"secret\": \"name\"}");
        }

        foreach (var (name, secret) in _app.Secrets ?? NoSecrets)
        {
            _problems.Unless(
                secret.Source is { Length: > 0 } and not "." and not ".." && Encoding.UTF8.GetByteCount(secret.Source) <= 255
                    && !secret.Source.Any(c => c is '/' or '\\' || char.IsControl(c)),
                $"{_path}/secrets/{name}/source",
                "must be the name of a secret on the agents: at most 255 bytes, without slashes");
        }
    }

    private void Launching()
    {
        _problems.Unless(
            _app.KillSelection is "YOUNGEST_FIRST" or "OLDEST_FIRST", $"{_path}/killSelection",
            $"'{_app.KillSelection}' must be one of YOUNGEST_FIRST, OLDEST_FIRST"
                + NearestName.Hint(_app.KillSelection ?? "", ["YOUNGEST_FIRST", "OLDEST_FIRST"]));
        if (UnreachableNotation.Read(_app.UnreachableStrategy) is { } unreachable)
        {
            _problems.Unless(
                unreachable.InactiveAfter <= unreachable.ExpungeAfter,
                $"{_path}/unreachableStrategy", "inactiveAfterSeconds must not be more than expungeAfterSeconds");
        }

        _problems.Unless(
            _app.Role == _rules.Role, $"{_path}/role",
            $"'{_app.Role}' is not this scheduler's role '{_rules.Role}': roles of their own are not supported");
        if (_app.AcceptedResourceRoles is not { } roles) return;
        _problems.Unless(roles.Count > 0, $"{_path}/acceptedResourceRoles", "must not be empty");
        for (var index = 0; index < roles.Count; index++)
            _problems.Unless(roles[index].Length > 0, $"{_path}/acceptedResourceRoles({index})", "must not be empty");
    }

    private void NotCarriedOut()
    {
        _problems.Unless(_app.Gpus is not > 0, $"{_path}/gpus", "gpus are not supported: the agents give none to their tasks");
        _problems.Unless(_app.Executor is "" or "//cmd", $"{_path}/executor", "custom executors are not supported");
        _problems.Unless(_app.Residency is null, $"{_path}/residency", "residency and persistent volumes are not supported");
        _problems.Unless(_app.Tty is not true, $"{_path}/tty", "a terminal is not supported");
        _problems.Unless(_app.Container?.LinuxInfo is null, $"{_path}/container/linuxInfo", "is not supported");
        _problems.Unless(_app.Container?.Docker?.PullConfig is null, $"{_path}/container/docker/pullConfig",
            "is not supported");
        _problems.Unless(
            _app.Container?.Docker?.Credential is null, $"{_path}/container/docker/credential",
            "was never more than a deprecated field");
    }

    private void Between(double? value, double least, double most, string field)
    {
        if (value is null || (value >= least && value <= most)) return;
        FormattableString text = $"{value} must be between {least} and {most:0.##}";
        _problems.Add($"{_path}/{field}", FormattableString.Invariant(text));
    }

    private void Plain(string? text, string field)
    {
        if (text is not null)
            _problems.Unless(!text.Contains('\0', StringComparison.Ordinal), $"{_path}/{field}", "must not have a NUL");
    }
}
