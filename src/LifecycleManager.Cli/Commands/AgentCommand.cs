using System.CommandLine;
using System.Net;
using LifecycleManager.Agent;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;

namespace LifecycleManager.Cli.Commands;

/// <summary><c>lcm agent</c></summary>
internal static class AgentCommand
{
    public const string Name = "agent";
    public const int Port = 5051;

    public static Command Create(Settings settings)
    {
        var command = new Command(Name, "Runs tasks on this machine, as Docker containers or as isolated processes.");
        var common = new RoleSettings(command, settings, Name, Port);
        var agent = new AgentSettings(command, settings);
        var masters = Setting.Of(settings, "--master", "The masters, comma separated",
            Values.Urls, () => [new Uri($"http://127.0.0.1:{MasterCommand.Port}")], $"http://127.0.0.1:{MasterCommand.Port}");
        var hostname = Setting.Of<string?>(settings, "--hostname", "The name at which others reach this agent and its tasks", Values.Text, () => null, "the task address");
        var taskAddress = Setting.Of(settings, "--task-address", "The address on which the ports of containers are published; 0.0.0.0 for all",
            Values.Address, () => IPAddress.Loopback, "127.0.0.1");
        foreach (Option option in (Option[])[masters, hostname, taskAddress]) command.Add(option);
        return RoleCommand.Create(settings, command, parse =>
        {
            var listen = common.Listen(parse);
            var address = parse.GetValue(taskAddress)!;
            var name = parse.GetValue(hostname) ?? (address.Equals(IPAddress.Any) ? Dns.GetHostName() : address.ToString());
            return Role([listen], "--port", agent.Options(parse, common.Directory(parse), parse.GetValue(masters)!, name, address, listen.Port));
        });
    }

    public static Role Role(IReadOnlyList<IPEndPoint> listen, string portOption, AgentOptions options) =>
        new(Name, portOption, listen, services => services.AddAgent(options), app => app.MapAgent());
}

/// <summary>The options of an agent that <c>lcm up</c> has too.</summary>
internal sealed class AgentSettings
{
    private readonly Option<string?> _resources;
    private readonly Option<string?> _attributes;
    private readonly Option<Uri?> _docker;
    private readonly Option<bool> _stopTasks;

    public AgentSettings(Command command, Settings settings)
    {
        _resources = Setting.Of<string?>(settings, "--resources",
            "What it offers, in Mesos' syntax: cpus:4;mem:8192;ports(*):[8000-9000, 31000-32000]", Values.Text, () => null, "what the machine has");
        _attributes = Setting.Of<string?>(settings, "--attributes", "What it says of itself, in Mesos' syntax: datacenter:X;rack:1", Values.Text, () => null);
        _docker = Setting.Of<Uri?>(settings, "--docker", "The Docker engine", Engine, () => null, "$DOCKER_HOST, else unix:///var/run/docker.sock");
        _stopTasks = Setting.Flag(settings, "--stop-tasks", "End the tasks when the agent stops");
        foreach (Option option in (Option[])[_resources, _attributes, _docker, _stopTasks]) command.Add(option);
    }

    public bool StopTasks(ParseResult parse) => parse.GetValue(_stopTasks);

    public Uri? Docker(ParseResult parse) => parse.GetValue(_docker);

    public AgentOptions Options(
        ParseResult parse, string directory, IReadOnlyList<Uri> masters, string hostname, IPAddress taskAddress, int port) => new()
        {
            WorkDirectory = directory,
            Masters = masters,
            Hostname = hostname,
            TaskAddress = taskAddress,
            Port = port,
            Resources = parse.GetValue(_resources),
            Attributes = parse.GetValue(_attributes),
            Docker = parse.GetValue(_docker),
            StopTasksOnExit = parse.GetValue(_stopTasks),
        };

    private static Uri Engine(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "unix" or "npipe" or "tcp" or "http" or "https"
            ? url : throw new FormatException("an address such as unix:///var/run/docker.sock or tcp://127.0.0.1:2375 is needed");
}
