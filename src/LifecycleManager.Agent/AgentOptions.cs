using System.ComponentModel.DataAnnotations;
using System.Net;
using LifecycleManager.Agent.Containerizers.Processes;
using LifecycleManager.Agent.Fetching;
using LifecycleManager.Agent.Oversubscription;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Runtime;
using LifecycleManager.Security;
using LifecycleManager.Security.Admission;

namespace LifecycleManager.Agent;

/// <summary>What an agent is told at its start.</summary>
public sealed record AgentOptions
{
    /// <summary>
    /// Where everything durable is kept: the agent's id, its tasks, their sandboxes. One agent a directory; a second one
    /// refuses to start. Nobody else should be able to read it.
    /// </summary>
    public required string WorkDirectory { get; init; }

    /// <summary>The masters, <c>http://host:5050</c>; tried in turn until one leads or says (307) who does.</summary>
    public IReadOnlyList<Uri> Masters { get; init; } = [new("http://127.0.0.1:5050")];

    /// <summary>Where the masters are looked up; then <see cref="Masters"/> are the directory's servers, for people.</summary>
    public AddressDirectory? MasterDirectory { get; init; }

    /// <summary>Who the agent is to a master that asks; null for one that does not, or that asks for a certificate.</summary>
    public Credential? Credential { get; init; }

    /// <summary>
    /// What the agent shows a master that asks for a certificate, and whom it takes for one; null: nothing, and the machine's
    /// authorities.
    /// </summary>
    public ClientTls? Tls { get; init; }

    /// <summary>Who may read the agent's own HTTP surface; by default everybody.</summary>
    public Principals Principals { get; init; } = Principals.Anyone;

    /// <summary>What tasks may be, whoever's they are; by default everything.</summary>
    public AdmissionControl Admission { get; init; } = AdmissionControl.Of(AdmissionRules.Open);

    /// <summary>The name or address at which peers reach the tasks; what offers and Marathon's <c>host</c> show.</summary>
    public string Hostname { get; init; } = Dns.GetHostName();

    /// <summary>The port of the agent's own HTTP surface, as it is published.</summary>
    public int Port { get; init; } = 5051;

    /// <summary>
    /// Where the agent's own HTTP surface is reached, which need not be where its tasks listen; null for <see cref="Hostname"/>
    /// and <see cref="Port"/>.
    /// </summary>
    public Uri? Advertise { get; init; }

    /// <summary>The address on which mapped Docker ports are published, and at which tasks are checked.</summary>
    public IPAddress TaskAddress { get; init; } = IPAddress.Any;

    /// <summary>
    /// Resources in Mesos' syntax, <c>cpus:2;mem:1024;ports(*):[8000-9000, 31000-32000]</c>, or its JSON. Of cpus, mem (MB),
    /// disk (MB) and ports, what is not stated is detected.
    /// </summary>
    public string? Resources { get; init; }

    /// <summary>Attributes in Mesos' syntax, <c>datacenter:X;rack:1</c>.</summary>
    public string? Attributes { get; init; }

    /// <summary>The fault domain's region; stated together with <see cref="Zone"/>.</summary>
    public string? Region { get; init; }

    /// <summary>The fault domain's zone.</summary>
    public string? Zone { get; init; }

    /// <summary>Which containerizers are used, of <c>docker</c> and <c>process</c>.</summary>
    public IReadOnlyList<string> Containerizers { get; init; } = ["docker", "process"];

    /// <summary>The Docker engine; null for <c>DOCKER_HOST</c>, else <c>unix:///var/run/docker.sock</c>.</summary>
    public Uri? Docker { get; init; }

    /// <summary>
    /// Whether containers see their sandbox at <c>/mnt/mesos/sandbox</c>. Null: unless the agent itself runs in a container,
    /// whose paths the engine does not know. What a container has fetched is there in either way: mounted, or a copy.
    /// </summary>
    public bool? MountSandbox { get; init; }

    /// <summary>Cpus as a hard limit (CFS quota), not only as weight. Mesos' default is off.</summary>
    public bool CpuQuota { get; init; }

    /// <summary>The control group below which process tasks get their own.</summary>
    public string CgroupRoot { get; init; } = "lcm";

    /// <summary>Whether process tasks run as their framework's user; only an agent of root can.</summary>
    public bool SwitchUser { get; init; }

    /// <summary>
    /// As whom processes run whose app names no user, and as whom the artifacts of containers are fetched; null for the agent's
    /// own user. Only an agent of root can run tasks as others.
    /// </summary>
    public string? DefaultUser { get; init; }

    /// <summary>
    /// The most processes and threads that a task may have at once; 0 for no limit. From 0 to 4194304.
    /// </summary>
    [Range(0, 4_194_304)]
    public int TaskPids { get; init; } = 4096;

    /// <summary>
    /// The agent's own environment variables that process tasks inherit; all others stay with the agent, since its
    /// environment may hold secrets.
    /// </summary>
    public IReadOnlyList<string> InheritedEnvironment { get; init; } =
        ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "DOTNET_ROOT", "DOTNET_CLI_TELEMETRY_OPTOUT", "JAVA_HOME"];

    /// <summary>Whether the tasks are ended when the agent stops. Without, they run on and are found again.</summary>
    public bool StopTasksOnExit { get; init; }

    /// <summary>
    /// The longest that the end of the tasks may take when the agent stops; what is left then is killed.
    /// From 1s to 1h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan StopTasksTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Between SIGTERM and SIGKILL unless the task or the kill says otherwise. From 0s to 1h.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan KillGracePeriod { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// The most that a task's stdout or stderr may hold, in bytes; twice that with the rotated file.
    /// From 64KB to 1TB.
    /// </summary>
    [Range(typeof(long), "65536", "1099511627776")]
    public long MaxLogSize { get; init; } = 10 * 1024 * 1024;

    /// <summary>
    /// Whether a task ends whose sandbox holds more than the disk that it states; one that states none has no limit.
    /// </summary>
    public bool EnforceDiskQuota { get; init; } = true;

    /// <summary>Between two measurements of a sandbox. From 100ms to 1h.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan DiskWatchInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a Docker engine may take to answer an ordinary call. From 1s to 1h.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan DockerTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Between two looks whether a Docker engine answers. From 100ms to 1h.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan DockerPing { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Docker's <c>config.json</c> with the credentials for pulls; null for Docker's own place. A task's own
    /// <c>.docker/config.json</c> in its sandbox comes first.
    /// </summary>
    public string? DockerConfig { get; init; }

    /// <summary>The directory that secrets' references name files in; null for none.</summary>
    public string? SecretsDirectory { get; init; }

    /// <summary>How long all artifacts of a task may take. From 1s to 1d.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan FetchTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The largest artifact, also when extracted, in bytes. From 1MB to 1TB.</summary>
    [Range(typeof(long), "1048576", "1099511627776")]
    public long MaxArtifactSize { get; init; } = 2L * 1024 * 1024 * 1024;

    /// <summary>The most that the cache of artifacts holds, in bytes. From 0KB to 1TB.</summary>
    [Range(typeof(long), "0", "1099511627776")]
    public long FetchCacheSize { get; init; } = 2L * 1024 * 1024 * 1024;

    /// <summary>How long an ended task's sandbox is kept on an empty disk; less on a filling one. From 1s to 365d.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00")]
    public TimeSpan SandboxDelay { get; init; } = TimeSpan.FromDays(7);

    /// <summary>The share of the disk that is kept free of sandboxes. From 0 to 0.9.</summary>
    [Range(0.0, 0.9)]
    public double DiskHeadroom { get; init; } = 0.1;

    /// <summary>Between two looks for what can be removed. From 1s to 1d.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan CollectInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Whether images that the agent has pulled are removed when nobody has used them for <see cref="ImageDelay"/>.
    /// </summary>
    public bool CollectImages { get; init; }

    /// <summary>How long an image that nobody uses is kept. From 1s to 365d.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00")]
    public TimeSpan ImageDelay { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// Whether who is not asked who he is may run commands beside tasks: where only this machine reaches the agent.
    /// </summary>
    public bool AnyoneMayExec { get; init; } = true;

    /// <summary>How long a command beside a task may be without a byte to or fro before it is ended. From 1s to 1d.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan ExecIdle { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Whether idle cpus of guaranteed tasks are offered as revocable ones to best-effort tasks.</summary>
    public bool Oversubscribe { get; init; }

    /// <summary>Between two measurements of the tasks' use. From 1s to 1h.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan OversubscribeInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The share of a guaranteed task's use that is kept free on top of it. From 0 to 10.</summary>
    [Range(0.0, 10.0)]
    public double OversubscribeReserve { get; init; } = 0.2;

    /// <summary>From this share of all cpus in use on, best-effort tasks are ended, the youngest first. From 0.1 to 1.</summary>
    [Range(0.1, 1.0)]
    public double OversubscribeBusy { get; init; } = 0.9;

    /// <summary>The first delay before the master is tried again; doubles, with jitter. From 10ms to 1h.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan RegistrationBackoff { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The longest such delay: after a failover all agents are back this long after the election. From 10ms to 1h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan MaxRegistrationBackoff { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The first delay before a status update is sent again; doubles. From 100ms to 1h.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan UpdateRetry { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The longest such delay. Shorter than Mesos' ten minutes: a scheduler that returns learns soon what it has missed.
    /// From 100ms to 1h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan MaxUpdateRetry { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Names the machine's present boot, in which all that runs was started; null where the kernel does not say.
    /// </summary>
    internal string? BootId { get; init; } = ProcessTable.BootId();

    /// <summary>Reads what the machine's cpus have done, as <c>/proc/stat</c> has it; null where that is not to be had.</summary>
    internal Func<string?> MachineStat { get; init; } = HostLoad.ReadMachine;

    /// <summary>Where the agent's own HTTP surface is reached.</summary>
    internal Uri Address => Advertise ?? new UriBuilder(Uri.UriSchemeHttp, Hostname, Port).Uri;

    /// <summary>The program that fetches artifacts, with the arguments that make it do so.</summary>
    internal IReadOnlyList<string> FetchProgram { get; init; } = FetchWorker.OwnProgram();
}
