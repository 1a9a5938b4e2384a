using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Secrets;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Containerizers.Processes;

/// <summary>Runs tasks as processes of this machine, each in a session, a sandbox and, where permitted, control groups of its own.</summary>
internal sealed class ProcessContainerizer : IContainerizer
{
    private static readonly TimeSpan SupervisorStart = TimeSpan.FromSeconds(10);
    private readonly AgentOptions _options;
    private readonly SecretStore _secrets;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lazy<Cgroups> _cgroups;
    private readonly string? _bootId = ProcessTable.BootId();

    public ProcessContainerizer(AgentOptions options, SecretStore secrets, TimeProvider time, ILogger<ProcessContainerizer> log)
    {
        _options = options;
        _secrets = secrets;
        _time = time;
        _log = log;
        // Looked at with the first task, so that an agent of containers alone makes no control group.
        _cgroups = new Lazy<Cgroups>(() => Cgroups.Detect(options.CgroupRoot, options.CpuQuota, log));
    }

    public string Name => "process";

    public bool Available => OperatingSystem.IsLinux();

    public string? WhyInvalid(TaskRecord record)
    {
        var command = record.Task.Command;
        if (CommandLine.Of(command) is not { } line) return "a process needs a command";
        if (line.Any(part => part.Contains('\0', StringComparison.Ordinal))) return "the command has a NUL";
        if (record.Task.Container?.NetworkInfos is { Count: > 0 }) return "a process has the machine's network, and joins no other";
        foreach (var volume in record.Task.Container?.Volumes ?? [])
        {
            if (volume.HostPath is null) return $"the volume '{volume.ContainerPath}' has no host path, which a process needs";
            if (Path.IsPathRooted(volume.ContainerPath) || volume.ContainerPath.Split('/').Contains(".."))
                return $"the volume '{volume.ContainerPath}' is outside of the sandbox: a process has the machine's file system";
        }

        if (UserOf(record) is { } user && user != Environment.UserName && Native.EffectiveUser() != 0)
            return $"the task is to run as '{user}', and the agent is not root";
        return null;
    }

    public async Task<IContainer> LaunchAsync(Launch launch, CancellationToken killed, CancellationToken stopping)
    {
        var record = launch.Record;
        var files = new SupervisorFiles(launch.Meta);
        var sameBoot = record.BootId == _bootId;
        if (launch.WasRunning || !files.Forestall())
            return await FindAsync(launch, files, sameBoot, stopping);

        killed.ThrowIfCancellationRequested();
        stopping.ThrowIfCancellationRequested();
        try
        {
            var user = AccountOf(record);
            PrepareSandbox(launch, user);
            var cgroups = _cgroups.Value.Create(record.ContainerId, TaskLimits.Of(record));
            files.Begin();
            var pid = Supervisor.Start(files, launch.Sandbox, cgroups, AsUser(record, CommandLine.Of(record.Task.Command)!), EnvironmentOf(launch));
            // Nobody else reaps it, so that the pid is this child's for certain.
            var identity = ProcessTable.Find(pid)?.Identity ?? throw new IOException("the process vanished at its start");
            return new ProcessContainer(launch, files, identity, child: true, _cgroups.Value, this, _options, _time, _log, stopping);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _cgroups.Value.Remove(record.ContainerId);
            throw new LaunchException(e.Message);
        }
    }

    public Task RemoveAsync(string containerId, CancellationToken stopping)
    {
        _cgroups.Value.Remove(containerId);
        return Task.CompletedTask;
    }

    private async Task<IContainer> FindAsync(Launch launch, SupervisorFiles files, bool sameBoot, CancellationToken stopping)
    {
        // A supervisor that has just claimed its attempt is about to say who it is.
        var until = _time.GetUtcNow() + SupervisorStart;
        while (sameBoot && files.ReadSelf() is null && files.ReadExit() is null && _time.GetUtcNow() < until)
            await Task.Delay(TimeSpan.FromMilliseconds(20), _time, stopping);
        if (files.ReadExit() is null && !sameBoot) throw new ContainerGoneException("the machine was restarted, and the process ended with it");
        if (files.ReadSelf() is not { } identity)
        {
            throw new ContainerGoneException($"the process did not start: {files.Complaints()}");
        }

        return new ProcessContainer(launch, files, identity, child: false, _cgroups.Value, this, _options, _time, _log, stopping);
    }

    private string? UserOf(TaskRecord record) => record.Task.Command?.User is { Length: > 0 } user ? user
        : _options.SwitchUser && record.Framework.User.Length > 0 ? record.Framework.User : null;

    private UserAccount? AccountOf(TaskRecord record) =>
        UserOf(record) is { } name && name != Environment.UserName ? UserAccount.Find(name) : null;

    /// <summary>A command of a task's, as it is executed for the task's user.</summary>
    /// <exception cref="IOException">There is no such user.</exception>
    public IReadOnlyList<string> AsUser(TaskRecord record, IReadOnlyList<string> command) => AccountOf(record) is { } user
        ? ["setpriv", $"--reuid={user.Id}", $"--regid={user.Group}", "--init-groups", "--", .. command] : command;

    /// <summary>What a task, or a check in its sandbox, gets for its environment.</summary>
    public Dictionary<string, string> EnvironmentOf(Launch launch)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in _options.InheritedEnvironment)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value) environment[name] = value;
        }

        environment.TryAdd("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        foreach (var (name, value) in TaskEnvironment.Of(launch.Record, launch.Sandbox, _options.Hostname, _secrets.Resolve)) environment[name] = value;
        return environment;
    }

    private void PrepareSandbox(Launch launch, UserAccount? user)
    {
        Directory.CreateDirectory(launch.Sandbox);
        foreach (var volume in launch.Record.Task.Container?.Volumes ?? [])
        {
            var link = Path.Combine(launch.Sandbox, volume.ContainerPath);
            Directory.CreateDirectory(Path.GetDirectoryName(link)!);
            if (!Path.Exists(link)) File.CreateSymbolicLink(link, volume.HostPath!);
        }

        foreach (var name in new[] { "stdout", "stderr" })
        {
            var path = Path.Combine(launch.Sandbox, name);
            if (!File.Exists(path)) File.Create(path).Dispose();
        }

        if (user is null) return;
        // The way to its own sandbox, no more: nothing on it can be listed.
        var root = Path.GetFullPath(_options.WorkDirectory);
        for (var directory = Path.GetDirectoryName(launch.Sandbox)!; directory.Length >= root.Length; directory = Path.GetDirectoryName(directory)!)
            File.SetUnixFileMode(directory, File.GetUnixFileMode(directory) | UnixFileMode.OtherExecute);
        _ = Native.ChangeOwner(launch.Sandbox, user.Id, user.Group);
        // Artifacts too; links are neither followed nor worth an owner.
        var all = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };
        foreach (var path in Directory.EnumerateFileSystemEntries(launch.Sandbox, "*", all)) _ = Native.ChangeOwner(path, user.Id, user.Group);
    }
}

/// <summary>An account of <c>/etc/passwd</c>.</summary>
internal sealed record UserAccount(uint Id, uint Group)
{
    /// <summary>Finds one by its name.</summary>
    /// <exception cref="IOException">There is none.</exception>
    public static UserAccount Find(string name)
    {
        foreach (var line in File.ReadLines("/etc/passwd"))
        {
            var fields = line.Split(':');
            if (fields.Length >= 4 && fields[0] == name && uint.TryParse(fields[2], out var id) && uint.TryParse(fields[3], out var group))
                return new UserAccount(id, group);
        }

        throw new IOException($"the user '{name}' does not exist on this machine");
    }
}
