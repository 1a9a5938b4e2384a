using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Launching;
using LifecycleManager.Agent.Linux;
using LifecycleManager.Agent.Sandboxes;
using LifecycleManager.Agent.Secrets;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Containerizers.Processes;

/// <summary>
/// Runs tasks as processes of this machine, each in a session, a sandbox and, where permitted, control groups of its own.
/// </summary>
internal sealed class ProcessContainerizer : IContainerizer
{
    private readonly AgentOptions _options;
    private readonly string _home;
    private readonly SecretStore _secrets;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lazy<Cgroups> _cgroups;

    public ProcessContainerizer(
        AgentOptions options, string home, SecretStore secrets, TimeProvider time, ILogger<ProcessContainerizer> log)
    {
        _options = options;
        _home = home;
        _secrets = secrets;
        _time = time;
        _log = log;
        Announced = new AnnouncedAddress(options);
        if (options.DefaultUser is { } user && user != Environment.UserName
            && SandboxSetup.Obstacle(options.WorkDirectory) is { } obstacle)
        {
            log.LogWarning(
                "Tasks of {User} do not get to their sandboxes by their paths: {Directory} lets only its owner through; choose "
                + "another work directory",
                user, obstacle);
        }

        // Looked at with the first task, so that an agent of containers alone makes no control group.
        _cgroups = new Lazy<Cgroups>(() => Cgroups.Detect(options.CgroupRoot, options.CpuQuota, log));
    }

    /// <summary>The machine's processes that run, by session.</summary>
    public SharedLook<ILookup<int, ProcessStat>> Sessions { get; } = new(ProcessTable.BySession);

    /// <summary>Those that have kept the environment of a container, by its id.</summary>
    public SharedLook<ILookup<string, ProcessStat>> Containers { get; } = new(ProcessTable.ByContainer);

    /// <summary>The address that its tasks are said to have.</summary>
    public AnnouncedAddress Announced { get; }

    public string Name => "process";

    public bool Available => OperatingSystem.IsLinux();

    public string? WhyInvalid(TaskRecord record)
    {
        var command = record.Task.Command;
        if (TaskCommandLine.Of(command) is not { } line) return "a process needs a command";
        if (line.Any(part => part.Contains('\0', StringComparison.Ordinal))) return "the command has a NUL";
        if (record.Task.Container?.NetworkInfos is { Count: > 0 })
            return "a process has the machine's network, and joins no other";
        foreach (var volume in record.Task.Container?.Volumes ?? [])
        {
            if (volume.HostPath is null) return $"the volume '{volume.ContainerPath}' has no host path, which a process needs";
            if (Path.IsPathRooted(volume.ContainerPath) || volume.ContainerPath.Split('/').Contains(".."))
                return $"the volume '{volume.ContainerPath}' is outside of the sandbox: a process has the machine's file system";
        }

        if (UserOf(record) is { Length: > 0 } user && user != Environment.UserName && Native.EffectiveUser() != 0)
            return $"the task is to run as '{user}', and the agent is not root";
        return null;
    }

    public SandboxPlan PlanOf(TaskRecord record)
    {
        try
        {
            return new SandboxPlan(
                AccountOf(record),
                [.. (record.Task.Container?.Volumes ?? []).Select(volume => (volume.ContainerPath, volume.HostPath!))]);
        }
        catch (IOException e)
        {
            throw new LaunchException(e.Message);
        }
    }

    public bool WasBegun(Launch launch) =>
        new TaskSupervisorFiles(launch.Meta).WasBegun || Left(launch.Record.ContainerId).Count > 0;

    /// <summary>The containers of this agent that have control groups, from before the agent's start too.</summary>
    public IEnumerable<string> Grouped() =>
        Cgroups.Find(_options.CgroupRoot, _home + ".").Select(group => group[(_home.Length + 1)..]);

    /// <summary>What of a container runs, by its control group and its processes' environment.</summary>
    public IReadOnlyCollection<int> Left(string containerId) =>
    [
        .. ProcessTable.OfContainer(containerId).Select(process => process.Identity.Pid)
            .Union(_cgroups.Value.Processes(GroupOf(containerId))).Where(pid => ProcessTable.Find(pid) is { Alive: true }),
    ];

    public Task<IContainer> LaunchAsync(Launch launch, CancellationToken killed, CancellationToken stopping)
    {
        var record = launch.Record;
        var files = new TaskSupervisorFiles(launch.Meta);
        // What an earlier agent has written may be damaged: what runs, runs.
        if (launch.WasRunning || !files.Forestall() || (launch.IsRecovered && Left(record.ContainerId).Count > 0))
            return Task.FromResult<IContainer>(Find(launch, files, stopping));

        killed.ThrowIfCancellationRequested();
        stopping.ThrowIfCancellationRequested();
        try
        {
            var environment = EnvironmentOf(launch);
            environment[TaskMark.RecordVariable] = TaskMark.Of(record);
            var cgroups = _cgroups.Value.Create(GroupOf(record.ContainerId), TaskLimits.Of(record, _options.TaskPids));
            files.Begin();
            // Its output is opened by the task's user, too: what has become of the files is no way to others'.
            var command = AsUser(record, TaskSupervisor.WithOutput(TaskCommandLine.Of(record.Task.Command)!));
            var pid = TaskSupervisor.Start(files, launch.Sandbox, cgroups, command, environment);
            return Task.FromResult<IContainer>(Contain(launch, files, Identify(pid), child: true, stopping));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _cgroups.Value.Remove(GroupOf(record.ContainerId));
            throw new LaunchException(e.Message);
        }
    }

    public Task RemoveAsync(string containerId, CancellationToken stopping)
    {
        _cgroups.Value.Remove(GroupOf(containerId));
        return Task.CompletedTask;
    }

    private ProcessContainer Find(Launch launch, TaskSupervisorFiles files, CancellationToken stopping)
    {
        var record = launch.Record;
        var written = files.ReadSelf();
        if (record.BootId != _options.BootId)
        {
            // Whoever has its pid now is a stranger.
            if (files.ReadExit() is null)
                throw new ContainerNotFoundException("the machine was restarted, and the process ended with it");
            return Contain(launch, files, ProcessIdentity.None, child: false, stopping);
        }

        // Of a task without a record nobody wrote in which boot its supervisor's note was made.
        var believed = record.Origin == RecordOrigin.Remains ? null : written;
        var supervisor = believed is { } noted && ProcessTable.IsAlive(noted) ? noted
            : MarkedContainer.Scan(_options.BootId).GetValueOrDefault(record.ContainerId)?.Supervisor ?? believed;
        if (supervisor is null && files.ReadExit() is null && Left(record.ContainerId).Count == 0)
        {
            var complaints = files.Complaints();
            throw new ContainerNotFoundException(
                complaints.Length > 0 ? $"the process did not start: {complaints}" : "no process of it is on this machine");
        }

        return Contain(launch, files, supervisor ?? ProcessIdentity.None, child: false, stopping);
    }

    private ProcessContainer Contain(
        Launch launch, TaskSupervisorFiles files, ProcessIdentity supervisor, bool child, CancellationToken stopping)
    {
        var group = GroupOf(launch.Record.ContainerId);
        return new(launch, files, supervisor, child, _cgroups.Value, group, this, _options, _time, _log, stopping);
    }

    // Nobody else reaps it, so that the pid is this child's for certain.
    private static ProcessIdentity Identify(int pid)
    {
        if (ProcessTable.Find(pid) is { } process) return process.Identity;
        // Who cannot be told from others later does not run on.
        _ = Native.Kill(-pid, Native.SigKill);
        _ = Native.WaitPid(pid, out _, 0);
        throw new IOException("the process cannot be looked at after its start");
    }

    // Tasks of version 0.1.0 have the container's id alone for their group's name.
    private string GroupOf(string containerId) => _cgroups.Value.Exists(containerId) ? containerId : $"{_home}.{containerId}";

    // Tasks of earlier versions run as they were begun.
    private string? UserOf(TaskRecord record) => record.User ?? (record.Task.Command?.User is { Length: > 0 } user ? user
        : _options.SwitchUser && record.Framework.User.Length > 0 ? record.Framework.User : null);

    /// <summary>As whom a task runs; null for the agent's own user.</summary>
    /// <exception cref="IOException">There is no such user.</exception>
    public UserAccount? AccountOf(TaskRecord record) =>
        UserOf(record) is { Length: > 0 } name && name != Environment.UserName ? UserAccount.Find(name) : null;

    /// <summary>A command of a task's, as it is executed for the task's user.</summary>
    /// <exception cref="IOException">There is no such user.</exception>
    public IReadOnlyList<string> AsUser(TaskRecord record, IReadOnlyList<string> command) =>
        AccountOf(record)?.Run(command) ?? command;

    /// <summary>What a task, or a check in its sandbox, gets for its environment.</summary>
    public Dictionary<string, string> EnvironmentOf(Launch launch)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in _options.InheritedEnvironment)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value) environment[name] = value;
        }

        if (AccountOf(launch.Record) is { } user)
        {
            // The agent's home is not the task's.
            environment["HOME"] = Directory.Exists(user.Home) ? user.Home : launch.Sandbox;
            environment["USER"] = environment["LOGNAME"] = user.Name;
        }

        environment.TryAdd("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        foreach (var (name, value) in TaskEnvironment.Of(launch.Record, launch.Sandbox, _options.Hostname, _secrets.Resolve))
            environment[name] = value;
        environment[TaskMark.HomeVariable] = _home;
        return environment;
    }
}
