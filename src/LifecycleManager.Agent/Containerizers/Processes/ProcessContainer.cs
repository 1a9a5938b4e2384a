using System.Diagnostics;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Launching;
using LifecycleManager.Agent.Linux;
using LifecycleManager.Agent.Sandboxes;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Containerizers.Processes;

/// <summary>A running process task, this agent's child or one that an earlier agent left.</summary>
internal sealed class ProcessContainer : IContainer
{
    private const int Patient = 250;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ExtraKillTime = TimeSpan.FromSeconds(5);

    private readonly Launch _launch;
    private readonly TaskSupervisorFiles _files;
    private readonly ProcessIdentity _supervisor;
    private readonly bool _child;
    private readonly Cgroups _cgroups;
    private readonly string _group;
    private readonly ProcessContainerizer _containerizer;
    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _stop = new();
    private (long Asked, TimeSpan Grace)? _end;
    private bool _memoryLimit;

    public ProcessContainer(
        Launch launch, TaskSupervisorFiles files, ProcessIdentity supervisor, bool child, Cgroups cgroups, string group,
        ProcessContainerizer containerizer, AgentOptions options, TimeProvider time, ILogger log, CancellationToken stopping)
    {
        _launch = launch;
        _files = files;
        _supervisor = supervisor;
        _child = child;
        _cgroups = cgroups;
        _group = group;
        _containerizer = containerizer;
        _options = options;
        _time = time;
        _log = log;
        Status = new ContainerStatus
        {
            ContainerId = new ContainerId(launch.Record.ContainerId),
            ExecutorPid = (uint)supervisor.Pid,
            NetworkInfos = [
                new NetworkInfo { IpAddresses = [new NetworkInfo.IpAddress { Protocol = "IPv4",
                    Address = containerizer.Announced.ToString() }] }],
        };
        Exit = WatchAsync(stopping);
    }

    public ContainerStatus Status { get; }

    public Task<ContainerExit> Exit { get; }

    // Where the machine has one, the agent has found it before it looked for the container.
    public TaskRecord? Mark => null;

    public Task StopAsync(TimeSpan grace, CancellationToken stopping)
    {
        lock (_stop)
        {
            var isFirst = _end is null;
            if (isFirst || grace < LeftUnlocked()) _end = (_time.GetTimestamp(), grace);
            if (!isFirst) return Task.CompletedTask;
        }

        // Of a dead supervisor the group's number may be another's by now; the watch ends what is left of it.
        if (ProcessTable.IsAlive(_supervisor)) _ = Native.Kill(-_supervisor.Pid, Native.SigTerm);
        return Task.CompletedTask;
    }

    public async Task<int> ExecuteAsync(CommandInfo command, CancellationToken cancellation)
    {
        var line = _containerizer.AsUser(
            _launch.Record, TaskCommandLine.Of(command) ?? throw new InvalidOperationException("the check has no command"));
        var start = new ProcessStartInfo(line[0], line.Skip(1)) { WorkingDirectory = _launch.Sandbox, UseShellExecute = false };
        start.Environment.Clear();
        foreach (var (name, value) in EnvironmentOfTask()) start.Environment[name] = value;
        foreach (var variable in command.Environment?.Variables ?? []) start.Environment[variable.Name] = variable.Value ?? "";
        // What a check prints is nobody's, and must fill neither the sandbox nor the agent's own output.
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        using var process = Process.Start(start) ?? throw new InvalidOperationException("the check's command does not start");
        process.StandardInput.Close();
        var output = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, cancellation);
        var errors = process.StandardError.BaseStream.CopyToAsync(Stream.Null, cancellation);
        try
        {
            await process.WaitForExitAsync(cancellation);
            return process.ExitCode;
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            await Task.WhenAll(output, errors).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public Task<ISessionProcess> BeginAsync(SessionStart start, CancellationToken cancellation)
    {
        if (!Running()) throw new IOException("the task ends");
        return Task.FromResult<ISessionProcess>(ProcessSession.Begin(
            start, _launch.Sandbox, _cgroups.Existing(_group), _containerizer.AccountOf(_launch.Record), EnvironmentOfTask(),
            _time));
    }

    public (string Host, int Port) Reach(int port) => (AddressOf(_options), port);

    public async Task<ContainerStatistics?> UsageAsync(CancellationToken cancellation)
    {
        if (_cgroups.Usage(_group, _time.GetUtcNow()) is { } usage) return usage;
        var processes = (await _containerizer.Sessions.NextAsync())[_supervisor.Pid].ToList();
        return new ContainerStatistics
        {
            Time = _time.GetUtcNow(),
            CpuUser = processes.Sum(process => (double)process.UserTicks) / ProcessTable.TicksPerSecond,
            CpuSystem = processes.Sum(process => (double)process.SystemTicks) / ProcessTable.TicksPerSecond,
            MemoryRss = processes.Sum(process => process.RssPages) * Environment.SystemPageSize,
            MemoryTotal = processes.Sum(process => process.RssPages) * Environment.SystemPageSize,
            Processes = processes.Count,
        };
    }

    private static string AddressOf(AgentOptions options) => System.Net.IPAddress.Any.Equals(options.TaskAddress)
        || System.Net.IPAddress.IPv6Any.Equals(options.TaskAddress) ? "127.0.0.1" : options.TaskAddress.ToString();

    private async Task<ContainerExit> WatchAsync(CancellationToken stopping)
    {
        var slow = _time.GetTimestamp();
        while (Running())
        {
            await Task.Delay(Poll, _time, stopping);
            TimeSpan? left;
            lock (_stop) left = LeftUnlocked();
            if (left <= TimeSpan.Zero) await KillAllAsync();
            // It can be stopped or stuck like anybody; then nobody learns the exit code.
            if (left <= -ExtraKillTime) KillSupervisor();
            if (_time.GetElapsedTime(slow) < Slow) continue;
            slow = _time.GetTimestamp();
            await CheckMemoryAsync();
            LogFiles.Rotate(_launch.Sandbox, _options.MaxLogSize, _log);
        }

        // Before the zombie is reaped its pid is nobody else's: what is left of the session can be told for certain.
        await CheckMemoryAsync();
        for (var round = 1; await KillAllAsync() > 0; round++)
        {
            // Told as ended is only what has ended.
            if (round == Patient)
                _log.LogWarning("Processes of task {Task} do not end, though they were killed", _launch.Record.TaskId.Value);
            await Task.Delay(Poll / 5, _time, stopping);
        }

        int? code = _files.ReadExit();
        if (_child && Native.WaitPid(_supervisor.Pid, out var status, Native.NoHang) == _supervisor.Pid && code is null)
            code = (status & 0x7f) == 0 ? (status >> 8) & 0xff : null;
        _cgroups.Remove(_group);
        var complaints = code is null or 125 ? _files.Complaints() : "";
        return new ContainerExit(code, _memoryLimit, complaints.Length > 0 ? complaints : null);
    }

    /// <summary>What is left of the grace period, negative once it is over; null while the container is not to end.</summary>
    private TimeSpan? LeftUnlocked() => _end is { } end ? end.Grace - _time.GetElapsedTime(end.Asked) : null;

    // A record that is a mark lacks the stated variables; the supervisor has them.
    private Dictionary<string, string> EnvironmentOfTask() => _launch.Record.Origin == RecordOrigin.Launch
        ? _containerizer.EnvironmentOf(_launch)
        : MarkedContainer.VariablesOf(_supervisor.Pid).Where(variable => variable.Key != TaskMark.RecordVariable).ToDictionary();

    private void KillSupervisor()
    {
        if (Running()) _ = Native.Kill(_supervisor.Pid, Native.SigKill);
    }

    private bool Running() => ProcessTable.IsAlive(_supervisor);

    private async Task CheckMemoryAsync()
    {
        if (_memoryLimit || _cgroups.OutOfMemoryKills(_group) == 0) return;
        _memoryLimit = true;
        _log.LogInformation("Task {Task} exceeded its memory limit", _launch.Record.TaskId.Value);
        await KillAllAsync();
    }

    /// <summary>SIGKILL to all of the container, also to those that have left its process group.</summary>
    private async Task<int> KillAllAsync()
    {
        var session = (await _containerizer.Sessions.NextAsync())[_supervisor.Pid];
        var alive = ProcessTable.IsAlive(_supervisor);
        var zombie = _child && ProcessTable.Find(_supervisor.Pid)?.Identity == _supervisor;
        var containerId = _launch.Record.ContainerId;

        // Of a supervisor that died unseen nothing else may be known.
        var unseen = _child || alive ? [] : (await _containerizer.Containers.NextAsync())[containerId];

        // The task before its supervisor, which then notes how it ended.
        var others = session.Where(process => alive || zombie || ProcessTable.BelongsTo(process.Identity.Pid, containerId))
            .Concat(unseen)

            // A look is of a moment: by now a number may be another's.
            .Where(process => ProcessTable.IsAlive(process.Identity)).Select(process => process.Identity.Pid)
            .Union(_cgroups.Processes(_group).Where(pid => ProcessTable.Find(pid) is { Alive: true }))
            .Where(pid => pid != _supervisor.Pid)
            .ToList();
        foreach (var pid in others) _ = Native.Kill(pid, Native.SigKill);
        return others.Count;
    }
}
