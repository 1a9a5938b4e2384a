using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tests.Fakes;

/// <summary>Task descriptions for tests.</summary>
public static class Make
{
    public static string Id(string name = "task") => $"{name}.{Guid.NewGuid():N}";

    /// <summary>A process of <c>sh -c</c>.</summary>
    public static TaskInfo Shell(string id, string line, double mem = 64) => new()
    {
        Name = id,
        TaskId = new TaskId(id),
        AgentId = new AgentId("agent"),
        Resources = [Resource.OfScalar("cpus", 0.1), Resource.OfScalar("mem", mem)],
        Command = new CommandInfo { Value = line },
    };

    /// <summary>A container of <c>sh -c</c>.</summary>
    public static TaskInfo Container(string id, string image, string? line, DockerInfo? docker = null) => new()
    {
        Name = id,
        TaskId = new TaskId(id),
        AgentId = new AgentId("agent"),
        Resources = [Resource.OfScalar("cpus", 0.1), Resource.OfScalar("mem", 64)],
        Command = line is null ? null : new CommandInfo { Value = line },
        Container = new ContainerInfo
        {
            Type = ContainerType.Docker,
            Docker = (docker ?? new DockerInfo { Image = image, Network = DockerNetwork.Bridge }) with { Image = image },
        },
    };

    public static CommandEnvironment Environment(params (string Name, string Value)[] variables) =>
        new([.. variables.Select(variable => new CommandEnvironment.Variable { Name = variable.Name, Value = variable.Value })]);
}
