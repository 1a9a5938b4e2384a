using System.CommandLine;
using System.Net;
using LifecycleManager.Agent;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Cli.Commands;

/// <summary>The options of an agent that <c>lcm up</c> has too. The names are those of Mesos' flags where it has one.</summary>
internal sealed class AgentSettings
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Year = TimeSpan.FromDays(365);
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
        _resources = Setting.Of<string?>(settings, "--resources", "What it offers, in Mesos' syntax: cpus:4;mem:8192;ports(*):[8000-9000, 31000-32000]",
            AgentValues.Resources, () => null, "what the machine has");
        _attributes = Setting.Of<string?>(settings, "--attributes", "What it says of itself, in Mesos' syntax: datacenter:X;rack:1",
            AgentValues.Attributes, () => null);
        _region = Text("--region", "The region of its fault domain; with --zone");
        _zone = Text("--zone", "The zone of its fault domain; with --region");
        _containerizers = Setting.Of(settings, "--containerizers", "Of docker and process, those it has, comma separated", Containerizers,
            () => Default.Containerizers, string.Join(',', Default.Containerizers));
        _docker = Setting.Of<Uri?>(settings, "--docker", "The Docker engine", Engine, () => null, "$DOCKER_HOST, else unix:///var/run/docker.sock");
        _dockerConfig = Text("--docker-config", "Docker's config.json with the credentials for pulls", "Docker's own place");
        _dockerTimeout = Time("--docker-timeout", "How long the Docker engine may take to answer", Second, Hour, Default.DockerTimeout);
        _dockerPing = Time("--docker-ping", "Between two looks whether it answers", Second / 10, Hour, Default.DockerPing);
        _mountSandbox = Setting.Of<bool?>(settings, "--mount-sandbox", "Whether containers see their sandbox, true or false",
            text => Bool(text), () => null,
            "true, unless the agent runs in a container");
        _cpuQuota = Setting.Flag(settings, "--cpu-quota", "Cpus are a hard limit, not only a weight");
        _cgroupRoot = Setting.Of(settings, "--cgroup-root", "The control group below which process tasks get their own", Values.Text,
            () => Default.CgroupRoot, Default.CgroupRoot);
        _switchUser = Setting.Flag(settings, "--switch-user", "Process tasks run as their framework's user; only an agent of root can");
        _inherit = Setting.Of(settings, "--inherit-environment", "The agent's variables that process tasks inherit, comma separated", Values.Words,
            () => Default.InheritedEnvironment, string.Join(',', Default.InheritedEnvironment));
        _secrets = Text("--secrets-dir", "The directory in which references of secrets name files", "none");
        _stopTasks = Setting.Flag(settings, "--stop-tasks", "End the tasks when the agent stops");
        _stopTasksTimeout = Time("--stop-tasks-timeout", "The longest that their end may take", Second, Hour, Default.StopTasksTimeout);
        _killGrace = Time("--kill-grace-period", "Between SIGTERM and SIGKILL, unless the task says", TimeSpan.Zero, Hour, Default.KillGracePeriod);
        _maxLog = Size("--max-log-size", "The most that a task's stdout or stderr holds before it is rotated", 64L << 10, 1L << 40, Default.MaxLogSize, "10MB");
        _enforceDisk = Setting.Of(settings, "--enforce-container-disk-quota", "Whether a task ends whose sandbox holds more than its disk, true or false",
            Bool, () => Default.EnforceDiskQuota, "true");
        _diskWatch = Time("--container-disk-watch-interval", "Between two measurements of a sandbox", Second / 10, Hour, Default.DiskWatchInterval);
        _fetchTimeout = Time("--fetch-timeout", "How long all artifacts of a task may take", Second, 24 * Hour, Default.FetchTimeout);
        _maxArtifact = Size("--max-artifact-size", "The largest artifact, also when extracted", 1L << 20, 1L << 40, Default.MaxArtifactSize, "2GB");
        _fetchCache = Size("--fetch-cache-size", "The most that the cache of artifacts holds", 0, 1L << 40, Default.FetchCacheSize, "2GB");
        _sandboxDelay = Time("--gc-delay", "How long an ended task's sandbox is kept on an empty disk; less on a filling one", Second, Year, Default.SandboxDelay);
        _diskHeadroom = Number("--gc-disk-headroom", "The share of the disk that is kept free of sandboxes", 0, 0.9, Default.DiskHeadroom);
        _collectInterval = Time("--gc-interval", "Between two looks for what can be removed", Second, 24 * Hour, Default.CollectInterval);
        _collectImages = Setting.Flag(settings, "--collect-images", "Remove images that the agent has pulled and nobody uses");
        _imageDelay = Time("--image-delay", "How long an image that nobody uses is kept", Second, Year, Default.ImageDelay);
        _oversubscribe = Setting.Flag(settings, "--oversubscribe", "Offer idle cpus of guaranteed tasks as revocable ones to best-effort tasks");
        _oversubscribeInterval = Time("--oversubscribe-interval", "Between two measurements of the tasks' use", Second, Hour, Default.OversubscribeInterval);
        _oversubscribeReserve = Number("--oversubscribe-reserve", "The share of a guaranteed task's use that is kept free on top of it", 0, 10, Default.OversubscribeReserve);
        _oversubscribeBusy = Number("--oversubscribe-busy", "From this share of all cpus in use on, best-effort tasks are ended", 0.1, 1, Default.OversubscribeBusy);
        _registrationBackoff = Time("--registration-backoff-factor", "The first delay before a master is tried again; doubles", Second / 100, Hour, Default.RegistrationBackoff);
        _maxRegistrationBackoff = Time("--max-registration-backoff", "The longest such delay", Second / 100, Hour, Default.MaxRegistrationBackoff);
        _updateRetry = Time("--update-retry", "The first delay before a status update is sent again; doubles", Second / 10, Hour, Default.UpdateRetry);
        _maxUpdateRetry = Time("--max-update-retry", "The longest such delay", Second / 10, Hour, Default.MaxUpdateRetry);
        foreach (Option option in (Option[])
        [
            _resources, _attributes, _region, _zone, _containerizers, _docker, _dockerConfig, _dockerTimeout, _dockerPing, _mountSandbox, _cpuQuota,
            _cgroupRoot, _switchUser, _inherit, _secrets, _stopTasks, _stopTasksTimeout, _killGrace, _maxLog, _enforceDisk, _diskWatch, _fetchTimeout, _maxArtifact, _fetchCache,
            _sandboxDelay, _diskHeadroom, _collectInterval, _collectImages, _imageDelay, _oversubscribe, _oversubscribeInterval, _oversubscribeReserve,
            _oversubscribeBusy, _registrationBackoff, _maxRegistrationBackoff, _updateRetry, _maxUpdateRetry,
        ])
        {
            command.Add(option);
        }

        Option<string?> Text(string name, string description, string? help = null) =>
            Setting.Of<string?>(settings, name, description, Values.Text, () => null, help);

        Option<TimeSpan> Time(string name, string description, TimeSpan min, TimeSpan max, TimeSpan otherwise) => Setting.Of(settings, name,
            $"{description}, {DurationText.Format(min)} to {DurationText.Format(max)}", Values.Time(min, max), () => otherwise, DurationText.Format(otherwise));

        Option<double> Number(string name, string description, double min, double max, double otherwise) => Setting.Of(settings, name,
            string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{description}, {min} to {max}"), Values.Number(min, max), () => otherwise,
            otherwise.ToString(System.Globalization.CultureInfo.InvariantCulture));

        Option<long> Size(string name, string description, long min, long max, long otherwise, string help) =>
            Setting.Of(settings, name, description, Values.Size(min, max), () => otherwise, help);
    }

    public bool StopTasks(ParseResult parse) => parse.GetValue(_stopTasks);

    public Uri? Docker(ParseResult parse) => parse.GetValue(_docker);

    /// <exception cref="CliException">Options contradict each other.</exception>
    public AgentOptions Options(
        ParseResult parse, string directory, IReadOnlyList<Uri> masters, string hostname, IPAddress taskAddress, int port)
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
            Port = port,
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

    private static IReadOnlyList<string> Containerizers(string text) => Values.Words(text) is var names && names.All(name => name is "docker" or "process")
        ? names : throw new FormatException("docker and process are known");

    private static bool Bool(string text) => bool.TryParse(text, out var yes) ? yes : throw new FormatException("true or false is needed");

    private static Uri Engine(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "unix" or "npipe" or "tcp" or "http" or "https"
            ? url : throw new FormatException("an address such as unix:///var/run/docker.sock or tcp://127.0.0.1:2375 is needed");
}
