using System.Net;
using Docker.DotNet;
using Docker.DotNet.Models;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Launching;
using LifecycleManager.Agent.Linux;
using LifecycleManager.Agent.Sandboxes;
using LifecycleManager.Agent.Secrets;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;
using TaskState = LifecycleManager.Protocol.Mesos.TaskState;

namespace LifecycleManager.Agent.Containerizers.Docker;

/// <summary>
/// Runs tasks as Docker containers. A container's name is derived from the launch's id, so that whatever step a crash
/// interrupts, looking for that name shows what is left to do.
/// </summary>
internal sealed class DockerContainerizer(
    DockerEngine engine, AgentOptions options, string home, SecretStore secrets, IImageUse images, TimeProvider time,
    ILogger<DockerContainerizer> log) : IContainerizer
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private readonly AnnouncedAddress _announced = new(options);
    private readonly bool _mount = options.MountSandbox ?? !File.Exists("/.dockerenv");

    public string Name => "docker";

    public bool Available => engine.IsUp;

    public string? WhyInvalid(TaskRecord record)
    {
        try
        {
            // Secrets are resolved when the task starts.
            DockerDescription.Of(record, options, home, null, _ => "");
            return null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }

    public SandboxPlan PlanOf(TaskRecord record)
    {
        try
        {
            // The container's user is one of its image's; what is fetched from this machine is fetched as nobody in particular.
            var name = options.DefaultUser;
            return new SandboxPlan(name is null || name == Environment.UserName ? null : UserAccount.Find(name), []);
        }
        catch (IOException e)
        {
            throw new LaunchException(e.Message);
        }
    }

    public bool WasBegun(Launch launch) => File.Exists(Asked(launch));

    public async Task<IContainer> LaunchAsync(Launch launch, CancellationToken killed, CancellationToken stopping)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(killed, stopping);
        var name = DockerDescription.NameOf(launch.Record.ContainerId);
        var asked = Asked(launch);
        while (true)
        {
            try
            {
                // Once the engine may have been asked, only it can say that there is nothing to remove.
                var uncertain = launch.WasRunning || File.Exists(asked);
                if (!engine.IsUp) launch.Progress("waiting for the Docker engine");
                await engine.UpAsync(uncertain ? stopping : either.Token);
                var container = uncertain ? await InspectAsync(name, stopping) : null;
                if (container is null)
                {
                    if (launch.WasRunning) throw new ContainerNotFoundException("the container was removed by somebody else");
                    either.Token.ThrowIfCancellationRequested();
                    await PullAsync(launch, either.Token);
                    either.Token.ThrowIfCancellationRequested();
                    Prepare(launch, asked);
                    await CreateAsync(launch, stopping);
                    container = await InspectAsync(name, stopping)
                        ?? throw new LaunchException("the container vanished before its start");
                }

                if (container.State?.Status == "created")
                {
                    if (killed.IsCancellationRequested)
                    {
                        await RemoveAsync(launch.Record.ContainerId, stopping);
                        throw new OperationCanceledException(killed);
                    }

                    if (!_mount && DockerDescription.Fetches(launch.Record))
                        await GiveAsync(name, launch, stopping);
                    await StartAsync(name, launch, stopping);
                    container = await InspectAsync(name, stopping)
                        ?? throw new LaunchException("the container vanished at its start");
                }

                return new DockerContainer(engine, container, launch, _announced, options, time, log, stopping);
            }
            catch (DockerUnavailableException e)
            {
                log.LogWarning("The launch of {Task} is tried again: {Reason}", launch.Record.TaskId.Value, e.Message);
                await Task.Delay(Retry, time, stopping);
            }
        }
    }

    public Task RemoveAsync(string containerId, CancellationToken stopping) =>
        RemoveAsync(DockerDescription.NameOf(containerId), containerId, stopping);

    /// <summary>Removes a container by the engine's own name or id of it.</summary>
    public async Task RemoveAsync(string name, string containerId, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await engine.UpAsync(stopping);
                await RemoveNamedAsync(name, stopping);
                return;
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                log.LogWarning("The container {Container} cannot be removed yet: {Reason}", containerId, DockerEngine.Reason(e));
                await Task.Delay(options.DockerPing, time, stopping);
            }
        }
    }

    /// <summary>Finds containers of this agent's whose task is not known, running or ended: its record was lost.</summary>
    /// <param name="isKnown">Whether a container's task is known.</param>
    /// <param name="lostRecords">Tells the tasks of containers without a mark.</param>
    /// <param name="stopping">Gives up.</param>
    public async Task<IReadOnlyList<FoundContainer>> FindAsync(
        Func<string, bool> isKnown, LostTaskRecords lostRecords, CancellationToken stopping)
    {
        var filter = new Dictionary<string, bool> { [$"{DockerDescription.HomeLabel}={home}"] = true };
        var containers = await engine.CallAsync(
            (client, token) => client.Containers.ListContainersAsync(
                new ContainersListParameters
                {
                    All = true,
                    Filters =
                    new Dictionary<string, IDictionary<string, bool>> { ["label"] = filter }
                }, token),
            stopping);
        var found = new List<FoundContainer>();
        foreach (var container in containers)
        {
            // One that is just being removed has been told of.
            if (container.State is "removing" or "dead") continue;
            if (Label(DockerDescription.ContainerLabel) is not { } id || isKnown(id)) continue;
            var (agent, framework) = (Label(DockerDescription.AgentLabel), Label(DockerDescription.FrameworkLabel));
            var task = DockerContainer.MarkOf(container.Labels, id)
                ?? lostRecords.Of(id, agent, framework, Label(DockerDescription.TaskLabel), Name);
            found.Add(new FoundContainer(container.ID, id, task));

            string? Label(string name) => container.Labels.TryGetValue(name, out var value) ? value : null;
        }

        return found;
    }

    private async Task RemoveNamedAsync(string name, CancellationToken stopping)
    {
        try
        {
            await engine.CallAsync(
                (client, token) => client.Containers.RemoveContainerAsync(
                    name, new ContainerRemoveParameters { Force = true, RemoveVolumes = true }, token),
                stopping);
        }
        catch (DockerApiException e) when (e.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
        {
            // Gone, or just going.
        }
    }

    private async Task<ContainerInspectResponse?> InspectAsync(string name, CancellationToken stopping)
    {
        try
        {
            return await engine.CallAsync((client, token) => client.Containers.InspectContainerAsync(name, token), stopping);
        }
        catch (DockerApiException e) when (DockerEngine.IsNotFound(e))
        {
            return null;
        }
        catch (DockerApiException e) when (e.StatusCode >= HttpStatusCode.InternalServerError)
        {
            // It answers, and cannot say: that is no word on the container.
            throw new DockerUnavailableException($"the Docker engine cannot look at the container: {DockerEngine.Reason(e)}", e);
        }
    }

    private async Task PullAsync(Launch launch, CancellationToken cancellation)
    {
        var docker = launch.Record.Task.Container!.Docker!;
        if (docker.ForcePullImage != true)
        {
            try
            {
                await engine.CallAsync((client, token) => client.Images.InspectImageAsync(docker.Image, token), cancellation);
                images.Used(docker.Image);
                return;
            }
            catch (DockerApiException e) when (DockerEngine.IsNotFound(e))
            {
                // To be pulled.
            }
        }

        var registry = ImageName.Parse(docker.Image).Registry;
        var credentials = RegistryCredentials.Find(registry, launch.Sandbox, RegistryCredentials.AgentFile(options.DockerConfig),
            log);
        await ImagePull.RunAsync(engine, docker.Image, credentials, launch.Progress, time, cancellation);
        images.Pulled(docker.Image);
    }

    private async Task CreateAsync(Launch launch, CancellationToken stopping)
    {
        CreateContainerParameters description;
        try
        {
            description = DockerDescription.Of(launch.Record, options, home, _mount ? launch.Sandbox : null, secrets.Resolve);
        }
        catch (FormatException e)
        {
            throw new LaunchException(e.Message, TaskState.Error, StatusReason.TaskInvalid);
        }

        try
        {
            await engine.CallAsync((client, token) => client.Containers.CreateContainerAsync(description, token), stopping);
        }
        catch (DockerApiException e) when (e.StatusCode == HttpStatusCode.Conflict)
        {
            // An earlier call that seemed to have failed had made it.
        }
        catch (DockerApiException e)
        {
            throw new LaunchException($"the container cannot be created: {DockerEngine.Reason(e)}");
        }
    }

    private async Task GiveAsync(string name, Launch launch, CancellationToken stopping)
    {
        try
        {
            await SandboxCopy.GiveAsync(engine, name, launch.Sandbox, stopping);
        }
        catch (LaunchException)
        {
            await RemoveAsync(launch.Record.ContainerId, stopping);
            throw;
        }
    }

    private async Task StartAsync(string name, Launch launch, CancellationToken stopping)
    {
        try
        {
            await engine.CallAsync((client, token) => client.Containers.StartContainerAsync(name, new ContainerStartParameters(),
                token), stopping);
        }
        catch (DockerApiException e)
        {
            await RemoveAsync(launch.Record.ContainerId, stopping);
            throw new LaunchException($"the container cannot be started: {DockerEngine.Reason(e)}");
        }
    }

    private static string Asked(Launch launch) => Path.Combine(launch.Meta, "creating");

    private static void Prepare(Launch launch, string asked)
    {
        try
        {
            SandboxSetup.Share(launch.Sandbox);
            // Containers outlive the machine: that there may be one does too.
            File.WriteAllText(asked, "");
            DurableFile.SyncDirectory(launch.Meta);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LaunchException(e.Message);
        }
    }
}

/// <summary>A container whose task is not known.</summary>
/// <param name="Name">The engine's own id of it.</param>
/// <param name="ContainerId">The agent's id of it.</param>
/// <param name="Task">The task by the container's labels; null when they name none.</param>
internal sealed record FoundContainer(string Name, string ContainerId, TaskRecord? Task);
