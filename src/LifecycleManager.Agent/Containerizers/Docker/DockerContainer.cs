using System.Net;
using Docker.DotNet;
using Docker.DotNet.Models;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Launching;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;
using ContainerStatus = LifecycleManager.Protocol.Mesos.ContainerStatus;

namespace LifecycleManager.Agent.Containerizers.Docker;

/// <summary>A Docker container that was started, by this agent or an earlier one.</summary>
internal sealed class DockerContainer : IContainer
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastOutput = TimeSpan.FromSeconds(5);
    private readonly DockerEngine _engine;
    private readonly ContainerInspectResponse _container;
    private readonly Launch _launch;
    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    public DockerContainer(
        DockerEngine engine, ContainerInspectResponse container, Launch launch, AnnouncedAddress announced, AgentOptions options,
        TimeProvider time, ILogger log, CancellationToken stopping)
    {
        _engine = engine;
        _container = container;
        Mark = MarkOf(container.Config?.Labels, launch.Record.ContainerId);
        // What only a launch needs is over; what its record lacks its mark may have.
        _launch = launch.Record.Origin == RecordOrigin.Remains && Mark is not null ? launch with { Record = Mark } : launch;
        _options = options;
        _time = time;
        _log = log;
        var addresses = container.NetworkSettings?.Networks?.Values.Select(network => network.IPAddress)
            .Where(ip => !string.IsNullOrEmpty(ip)).ToList() ?? [];
        Address = addresses.FirstOrDefault();
        Status = new ContainerStatus
        {
            ContainerId = new ContainerId(launch.Record.ContainerId),
            ExecutorPid = container.State is { Pid: > 0 and var pid } ? (uint)pid : null,
            NetworkInfos =
            [
                new NetworkInfo
                {
                    Name = container.HostConfig?.NetworkMode,
                    IpAddresses = [.. (addresses.Count > 0 ? addresses : [announced.ToString()])
                        .Select(ip => new NetworkInfo.IpAddress { Protocol = "IPv4", Address = ip })],
                    PortMappings = _launch.Record.Task.Container?.Docker?.PortMappings,
                },
            ],
        };
        Exit = WatchAsync(stopping);
    }

    public TaskRecord? Mark { get; }

    public ContainerStatus Status { get; }

    public Task<ContainerExit> Exit { get; }

    /// <summary>The task by the label of its container; null when it has none that is whole.</summary>
    public static TaskRecord? MarkOf(IDictionary<string, string>? labels, string containerId) =>
        labels?.TryGetValue(TaskMark.RecordLabel, out var text) == true && TaskMark.Parse(text) is { } mark
            && mark.ContainerId == containerId ? mark : null;

    private string Id => _container.ID;

    /// <summary>The container's own address; null on the host's network.</summary>
    private string? Address { get; }

    private string HostAddress => IPAddress.Any.Equals(_options.TaskAddress) || IPAddress.IPv6Any.Equals(_options.TaskAddress)
        ? File.Exists("/.dockerenv") ? _options.Hostname : "127.0.0.1"
        : _options.TaskAddress.ToString();

    public async Task StopAsync(TimeSpan grace, CancellationToken stopping)
    {
        try
        {
            await _engine.UpAsync(stopping);
            var seconds = (uint)Math.Ceiling(Math.Max(0, grace.TotalSeconds));
            // A stop with no time at all is sent as one with the engine's ten seconds.
            await _engine.CallAsync(
                (client, token) => seconds == 0
                    ? client.Containers.KillContainerAsync(Id, new ContainerKillParameters { Signal = "SIGKILL" }, token)
                    : client.Containers.StopContainerAsync(Id, new ContainerStopParameters { WaitBeforeKillSeconds = seconds },
                        token),
                stopping, grace);
        }
        catch (DockerApiException e) when (e.StatusCode == HttpStatusCode.Conflict)
        {
            // It does not run any more.
        }
        catch (DockerApiException e) when (DockerEngine.IsNotFound(e))
        {
            // Somebody else was faster; the watch sees it.
        }
    }

    public Task<int> ExecuteAsync(CommandInfo command, CancellationToken cancellation)
    {
        var line = TaskCommandLine.Of(command) ?? throw new InvalidOperationException("the check has no command");
        return _engine.LongCallAsync(
            async (client, token) =>
            {
                var exec = await client.Exec.CreateContainerExecAsync(
                    Id,
                    new ContainerExecCreateParameters
                    {
                        Cmd = [.. line],
                        AttachStdout = true,
                        AttachStderr = true,
                        Env = [.. (command.Environment?.Variables ?? []).Select(variable => $"{variable.Name}={variable.Value}")],
                    },
                    token);
                using var output = await client.Exec.StartContainerExecAsync(exec.ID, new ContainerExecStartParameters(), token);
                await output.CopyOutputToAsync(Stream.Null, Stream.Null, Stream.Null, token);
                var result = await client.Exec.InspectContainerExecAsync(exec.ID, token);
                return (int)(result.ExitCode ?? throw new InvalidOperationException("the check's command has not ended"));
            },
            cancellation);
    }

    public async Task<ISessionProcess> BeginAsync(SessionStart start, CancellationToken cancellation) =>
        await DockerSession.BeginAsync(_engine, Id, start, _time, cancellation);

    public (string Host, int Port) Reach(int port)
    {
        if (Address is null) return (HostAddress, port);
        var mappings = _launch.Record.Task.Container?.Docker?.PortMappings ?? [];
        // As Mesos has it the container's port, else the host's.
        var mapped = mappings.FirstOrDefault(mapping => mapping.ContainerPort == port)
            ?? mappings.FirstOrDefault(mapping => mapping.HostPort == port);
        return mapped is null ? (Address, port) : (HostAddress, (int)mapped.HostPort);
    }

    public async Task<ContainerStatistics?> UsageAsync(CancellationToken cancellation)
    {
        if (!_engine.IsUp) return null;
        ContainerStatsResponse? stats = null;
        await _engine.CallAsync(
            (client, token) => client.Containers.GetContainerStatsAsync(
                Id, new ContainerStatsParameters { Stream = false, OneShot = true }, new Sink(value => stats = value), token),
            cancellation);
        return stats is null || Exit.IsCompleted ? null : DockerUsage.Of(stats, _time.GetUtcNow());
    }

    private async Task<ContainerExit> WatchAsync(CancellationToken stopping)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var output = new DockerLog(_engine, Id, _launch, _options, _time, _log).RunAsync(end.Token);
        try
        {
            var state = await EndAsync(stopping);
            await output.WaitAsync(LastOutput, _time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stopping.ThrowIfCancellationRequested();
            if (state is null) return new ContainerExit(null, Message: "the container was removed by somebody else");
            var error = string.IsNullOrEmpty(state.Error) ? null : state.Error;
            return new ContainerExit((int)state.ExitCode, state.OOMKilled, error);
        }
        finally
        {
            await end.CancelAsync();
            await output.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>How the container is when it does not run any more; null when it is not there any more.</summary>
    private async Task<State?> EndAsync(CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                var container = await _engine.CallAsync((client, token) => client.Containers.InspectContainerAsync(Id, token),
                    stopping);
                if (container.State is { Running: false, Paused: false, Restarting: false }) return container.State;
                await _engine.LongCallAsync((client, token) => client.Containers.WaitContainerAsync(Id, token), stopping);
            }
            catch (DockerApiException e) when (DockerEngine.IsNotFound(e))
            {
                return null;
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                _log.LogDebug(e, "The container {Container} cannot be watched just now", Id);
                await Task.Delay(Retry, _time, stopping);
                await _engine.UpAsync(stopping);
            }
        }
    }

    private sealed class Sink(Action<ContainerStatsResponse> take) : IProgress<ContainerStatsResponse>
    {
        public void Report(ContainerStatsResponse value) => take(value);
    }
}

/// <summary>The engine's statistics in this agent's terms.</summary>
internal static class DockerUsage
{
    public static ContainerStatistics Of(ContainerStatsResponse stats, DateTimeOffset now)
    {
        var networks = stats.Networks?.Values;
        var memory = stats.MemoryStats?.Stats;
        return new ContainerStatistics
        {
            Time = now,
            // Control groups of version 2 tell no halves at times: what is not user's is the kernel's.
            CpuUser = (stats.CPUStats?.CPUUsage?.UsageInUsermode ?? 0) / 1e9,
            CpuSystem = ((stats.CPUStats?.CPUUsage?.TotalUsage ?? 0)
                - Math.Min(stats.CPUStats?.CPUUsage?.TotalUsage ?? 0, stats.CPUStats?.CPUUsage?.UsageInUsermode ?? 0)) / 1e9,
            Throttled = (long?)stats.CPUStats?.ThrottlingData?.ThrottledPeriods,
            ThrottledSeconds = stats.CPUStats?.ThrottlingData?.ThrottledTime / 1e9,
            MemoryRss = memory?.TryGetValue("rss", out var rss) == true
                ? (long)rss : memory?.TryGetValue("anon", out var anon) == true ? (long)anon : null,
            MemoryTotal = (long?)stats.MemoryStats?.Usage,
            MemoryLimit = (long?)stats.MemoryStats?.Limit,
            Processes = (int?)stats.PidsStats?.Current,
            NetRxBytes = Sum(networks, network => network.RxBytes),
            NetTxBytes = Sum(networks, network => network.TxBytes),
            NetRxPackets = Sum(networks, network => network.RxPackets),
            NetTxPackets = Sum(networks, network => network.TxPackets),
            NetRxErrors = Sum(networks, network => network.RxErrors),
            NetTxErrors = Sum(networks, network => network.TxErrors),
            NetRxDropped = Sum(networks, network => network.RxDropped),
            NetTxDropped = Sum(networks, network => network.TxDropped),
        };
    }

    private static long? Sum(ICollection<NetworkStats>? networks, Func<NetworkStats, ulong> value) =>
        networks is { Count: > 0 } ? networks.Sum(network => checked((long)value(network))) : null;
}
