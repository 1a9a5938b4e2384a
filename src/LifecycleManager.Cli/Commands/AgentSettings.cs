using System.CommandLine;
using System.Net;
using LifecycleManager.Agent;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands;

/// <summary>The options of an agent that <c>lcm up</c> has too. The names are those of Mesos' flags where it has one.</summary>
internal sealed class AgentSettings
{
    private static readonly AgentOptions Default = new() { WorkDirectory = "" };

    private readonly Option<string?> _resources;
    private readonly Option<string?> _attributes;
    private readonly Option<string?> _region;
    private readonly Option<string?> _zone;
    private readonly Option<IReadOnlyList<string>> _containerizers;
    private readonly Option<Uri?> _docker;
    private readonly Option<string?> _dockerConfig;
    private readonly Option<TimeSpan> _dockerTimeout;
    private readonly Option<TimeSpan> _dockerPing;
    private readonly Option<bool?> _mountSandbox;
    private readonly Option<bool> _cpuQuota;
    private readonly Option<string> _cgroupRoot;
    private readonly Option<bool> _switchUser;
    private readonly Option<string?> _defaultUser;
    private readonly Option<int> _taskPids;
    private readonly Option<IReadOnlyList<string>> _inherit;
    private readonly Option<string?> _secrets;
    private readonly Option<bool> _stopTasks;
    private readonly Option<TimeSpan> _stopTasksTimeout;
    private readonly Option<TimeSpan> _killGrace;
    private readonly Option<long> _maxLog;
    private readonly Option<bool> _enforceDisk;
    private readonly Option<TimeSpan> _diskWatch;
    private readonly Option<TimeSpan> _fetchTimeout;
    private readonly Option<long> _maxArtifact;
    private readonly Option<long> _fetchCache;
    private readonly Option<TimeSpan> _sandboxDelay;
    private readonly Option<double> _diskHeadroom;
    private readonly Option<TimeSpan> _collectInterval;
    private readonly Option<bool> _collectImages;
    private readonly Option<TimeSpan> _imageDelay;
    private readonly Option<TimeSpan> _execIdle;
    private readonly Option<bool> _oversubscribe;
    private readonly Option<TimeSpan> _oversubscribeInterval;
    private readonly Option<double> _oversubscribeReserve;
    private readonly Option<double> _oversubscribeBusy;
    private readonly Option<TimeSpan> _registrationBackoff;
    private readonly Option<TimeSpan> _maxRegistrationBackoff;
    private readonly Option<TimeSpan> _updateRetry;
    private readonly Option<TimeSpan> _maxUpdateRetry;

    public AgentSettings(Command command, Settings settings)
    {
        var options = new RangedSettings<AgentOptions>(settings, Default);
        _resources = Setting.Of<string?>(settings, "--resources",
            "What it offers, in Mesos' syntax: cpus:4;mem:8192;ports(*):[8000-9000, 31000-32000]",
            AgentValues.Resources, () => null, "what the machine has");
        _attributes = Setting.Of<string?>(settings, "--attributes",
            "What it says of itself, in Mesos' syntax: datacenter:X;rack:1",
            AgentValues.Attributes, () => null);
        _region = Text("--region", "The region of its fault domain; with --zone");
        _zone = Text("--zone", "The zone of its fault domain; with --region");
        _containerizers = Setting.Of(settings, "--containerizers", "Of docker and process, those it has, comma separated",
            Containerizers,
            () => Default.Containerizers, string.Join(',', Default.Containerizers));
        _docker = Setting.Of<Uri?>(settings, "--docker", "The Docker engine", Engine, () => null,
            "$DOCKER_HOST, else unix:///var/run/docker.sock");
        _dockerConfig = Text("--docker-config", "Docker's config.json with the credentials for pulls", "Docker's own place");
        _dockerTimeout = options.Time("--docker-timeout", "How long the Docker engine may take to answer",
            nameof(AgentOptions.DockerTimeout));
        _dockerPing = options.Time("--docker-ping", "Between two looks whether it answers", nameof(AgentOptions.DockerPing));
        _mountSandbox = Setting.Of<bool?>(settings, "--mount-sandbox", "Whether containers see their sandbox, true or false",
            text => Bool(text), () => null,
            "true, unless the agent runs in a container");
        _cpuQuota = Setting.Flag(settings, "--cpu-quota", "Cpus are a hard limit, not only a weight");
        _cgroupRoot = Setting.Of(settings, "--cgroup-root", "The control group below which process tasks get their own",
            Values.Text,
            () => Default.CgroupRoot, Default.CgroupRoot);
        _switchUser = Setting.Flag(settings, "--switch-user",
            "Process tasks run as their framework's user; only an agent of root can");
        _defaultUser = Setting.Of<string?>(settings, "--default-user",
            "As whom processes run whose app names no user, and as whom containers' artifacts are fetched", TaskUsers.Check,
            () => null, "nobody where others reach the agent and it is root's, else its own user");
        _taskPids = options.Count("--task-pids", "The most processes and threads of a task; 0 for no limit",
            nameof(AgentOptions.TaskPids));
        _inherit = Setting.Of(settings, "--inherit-environment",
            "The agent's variables that process tasks inherit, comma separated", Values.Words,
            () => Default.InheritedEnvironment, string.Join(',', Default.InheritedEnvironment));
        _secrets = Text("--secrets-dir", "The directory in which references of secrets name files", "none");
        _stopTasks = Setting.Flag(settings, "--stop-tasks", "End the tasks when the agent stops");
        _stopTasksTimeout = options.Time("--stop-tasks-timeout", "The longest that their end may take",
            nameof(AgentOptions.StopTasksTimeout));
        _killGrace = options.Time("--kill-grace-period", "Between SIGTERM and SIGKILL, unless the task says",
            nameof(AgentOptions.KillGracePeriod));
        _maxLog = options.Size("--max-log-size", "The most that a task's stdout or stderr holds before it is rotated",
            nameof(AgentOptions.MaxLogSize));
        _enforceDisk = Setting.Of(settings, "--enforce-container-disk-quota",
            "Whether a task ends whose sandbox holds more than its disk, true or false",
            Bool, () => Default.EnforceDiskQuota, "true");
        _diskWatch = options.Time("--container-disk-watch-interval", "Between two measurements of a sandbox",
            nameof(AgentOptions.DiskWatchInterval));
        _fetchTimeout = options.Time("--fetch-timeout", "How long all artifacts of a task may take",
            nameof(AgentOptions.FetchTimeout));
        _maxArtifact = options.Size("--max-artifact-size", "The largest artifact, also when extracted",
            nameof(AgentOptions.MaxArtifactSize));
        _fetchCache = options.Size("--fetch-cache-size", "The most that the cache of artifacts holds",
            nameof(AgentOptions.FetchCacheSize));
        _sandboxDelay = options.Time("--gc-delay",
            "How long an ended task's sandbox is kept on an empty disk; less on a filling one",
            nameof(AgentOptions.SandboxDelay));
        _diskHeadroom = options.Number("--gc-disk-headroom", "The share of the disk that is kept free of sandboxes",
            nameof(AgentOptions.DiskHeadroom));
        _collectInterval = options.Time("--gc-interval", "Between two looks for what can be removed",
            nameof(AgentOptions.CollectInterval));
        _collectImages = Setting.Flag(settings, "--collect-images", "Remove images that the agent has pulled and nobody uses");
        _imageDelay = options.Time("--image-delay", "How long an image that nobody uses is kept",
            nameof(AgentOptions.ImageDelay));
        _execIdle = options.Time("--exec-idle", "How long a command beside a task may be without a byte to or fro",
            nameof(AgentOptions.ExecIdle));
        _oversubscribe = Setting.Flag(settings, "--oversubscribe",
            "Offer idle cpus of guaranteed tasks as revocable ones to best-effort tasks");
        _oversubscribeInterval = options.Time("--oversubscribe-interval", "Between two measurements of the tasks' use",
            nameof(AgentOptions.OversubscribeInterval));
        _oversubscribeReserve = options.Number("--oversubscribe-reserve",
            "The share of a guaranteed task's use that is kept free on top of it", nameof(AgentOptions.OversubscribeReserve));
        _oversubscribeBusy = options.Number("--oversubscribe-busy",
            "From this share of all cpus in use on, best-effort tasks are ended", nameof(AgentOptions.OversubscribeBusy));
        _registrationBackoff = options.Time("--registration-backoff-factor",
            "The first delay before a master is tried again; doubles", nameof(AgentOptions.RegistrationBackoff));
        _maxRegistrationBackoff = options.Time("--max-registration-backoff", "The longest such delay",
            nameof(AgentOptions.MaxRegistrationBackoff));
        _updateRetry = options.Time("--update-retry", "The first delay before a status update is sent again; doubles",
            nameof(AgentOptions.UpdateRetry));
        _maxUpdateRetry = options.Time("--max-update-retry", "The longest such delay", nameof(AgentOptions.MaxUpdateRetry));
        foreach (Option option in (Option[])
        [
            _resources, _attributes, _region, _zone, _containerizers, _docker, _dockerConfig, _dockerTimeout, _dockerPing,
            _mountSandbox, _cpuQuota,
            _cgroupRoot, _switchUser, _defaultUser, _taskPids, _inherit, _secrets,
            _stopTasks, _stopTasksTimeout, _killGrace, _maxLog, _enforceDisk,
            _diskWatch, _fetchTimeout, _maxArtifact, _fetchCache,
            _sandboxDelay, _diskHeadroom, _collectInterval, _collectImages, _imageDelay, _execIdle, _oversubscribe,
            _oversubscribeInterval, _oversubscribeReserve,
            _oversubscribeBusy, _registrationBackoff, _maxRegistrationBackoff, _updateRetry, _maxUpdateRetry,
        ])
        {
            command.Add(option);
        }

        Option<string?> Text(string name, string description, string? help = null) =>
            Setting.Of<string?>(settings, name, description, Values.Text, () => null, help);
    }

    public bool StopTasks(ParseResult parse) => parse.GetValue(_stopTasks);

    public Uri? Docker(ParseResult parse) => parse.GetValue(_docker);

    /// <param name="parse">The command line.</param>
    /// <param name="directory">The work directory.</param>
    /// <param name="masters">The masters.</param>
    /// <param name="hostname">What offers show.</param>
    /// <param name="taskAddress">Where tasks listen.</param>
    /// <param name="listen">Where the agent itself does.</param>
    /// <exception cref="CliException">Options contradict each other.</exception>
    public AgentOptions Options(
        ParseResult parse, string directory, IReadOnlyList<Uri> masters, string hostname, IPAddress taskAddress,
        IPEndPoint listen)
    {
        var (region, zone) = (parse.GetValue(_region), parse.GetValue(_zone));
        if (region is not null && zone is null) throw new CliException($"--region {region}: it needs a --zone, too");
        if (zone is not null && region is null) throw new CliException($"--zone {zone}: it needs a --region, too");
        return new()
        {
            WorkDirectory = directory,
            Masters = masters,
            Hostname = hostname,
            TaskAddress = taskAddress,
            Port = listen.Port,
            DefaultUser = parse.GetValue(_defaultUser) ?? TaskUsers.Default(listen.Address, masters),
            TaskPids = parse.GetValue(_taskPids),
            Resources = parse.GetValue(_resources),
            Attributes = parse.GetValue(_attributes),
            Region = parse.GetValue(_region),
            Zone = parse.GetValue(_zone),
            Containerizers = parse.GetValue(_containerizers)!,
            Docker = parse.GetValue(_docker),
            DockerConfig = parse.GetValue(_dockerConfig),
            DockerTimeout = parse.GetValue(_dockerTimeout),
            DockerPing = parse.GetValue(_dockerPing),
            MountSandbox = parse.GetValue(_mountSandbox),
            CpuQuota = parse.GetValue(_cpuQuota),
            CgroupRoot = parse.GetValue(_cgroupRoot)!,
            SwitchUser = parse.GetValue(_switchUser),
            InheritedEnvironment = parse.GetValue(_inherit)!,
            SecretsDirectory = parse.GetValue(_secrets),
            StopTasksOnExit = parse.GetValue(_stopTasks),
            StopTasksTimeout = parse.GetValue(_stopTasksTimeout),
            KillGracePeriod = parse.GetValue(_killGrace),
            MaxLogSize = parse.GetValue(_maxLog),
            EnforceDiskQuota = parse.GetValue(_enforceDisk),
            DiskWatchInterval = parse.GetValue(_diskWatch),
            FetchTimeout = parse.GetValue(_fetchTimeout),
            MaxArtifactSize = parse.GetValue(_maxArtifact),
            FetchCacheSize = parse.GetValue(_fetchCache),
            SandboxDelay = parse.GetValue(_sandboxDelay),
            DiskHeadroom = parse.GetValue(_diskHeadroom),
            CollectInterval = parse.GetValue(_collectInterval),
            CollectImages = parse.GetValue(_collectImages),
            ImageDelay = parse.GetValue(_imageDelay),
            AnyoneMayExec = IPAddress.IsLoopback(listen.Address),
            ExecIdle = parse.GetValue(_execIdle),
            Oversubscribe = parse.GetValue(_oversubscribe),
            OversubscribeInterval = parse.GetValue(_oversubscribeInterval),
            OversubscribeReserve = parse.GetValue(_oversubscribeReserve),
            OversubscribeBusy = parse.GetValue(_oversubscribeBusy),
            RegistrationBackoff = parse.GetValue(_registrationBackoff),
            MaxRegistrationBackoff = parse.GetValue(_maxRegistrationBackoff),
            UpdateRetry = parse.GetValue(_updateRetry),
            MaxUpdateRetry = parse.GetValue(_maxUpdateRetry),
        };
    }

    private static IReadOnlyList<string> Containerizers(string text) =>
        Values.Words(text) is var names && names.All(name => name is "docker" or "process")
        ? names : throw new FormatException("docker and process are known");

    private static bool Bool(string text) => bool.TryParse(text, out var yes)
        ? yes : throw new FormatException("true or false is needed");

    private static Uri Engine(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "unix" or "npipe" or "tcp" or "http" or "https"
            ? url : throw new FormatException("an address such as unix:///var/run/docker.sock or tcp://127.0.0.1:2375 is needed");
}
