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
        Operating.Agents.AgentCommands.AddTo(command, settings);
        var common = new RoleSettings(command, settings, Name, Port);
        var agent = new AgentSettings(command, settings);
        var principals = new PrincipalSettings(command, settings);
        var admission = new AdmissionSettings(command, settings);
        var credential = new CredentialSettings(command, settings);
        var masters = new MasterAddressSettings(command, settings, "");
        var hostname = Setting.Of<string?>(settings, "--hostname", "The name at which others reach this agent and its tasks",
            Values.Text, () => null, "the task address");
        var taskAddress = Setting.Of(settings, "--task-address",
            "The address on which the ports of containers are published; 0.0.0.0 for all",
            Values.Address, () => IPAddress.Loopback, "127.0.0.1");
        foreach (Option option in (Option[])[hostname, taskAddress]) command.Add(option);
        return RoleCommand.Create(settings, command, common, parse =>
        {
            var listen = common.Listen(parse);
            var address = parse.GetValue(taskAddress)!;
            var isAny = address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
            var name = parse.GetValue(hostname) ?? (isAny ? Dns.GetHostName() : address.ToString());
            var callers = common.Join.Principals(principals.Principals(parse));
            var known = masters.Addresses(parse, common.Join.Masters);
            var tls = common.Tls(parse, callers.AreRequired);
            var options = agent.Options(parse, common.Directory(parse), known, name, address, listen) with
            {
                MasterDirectory = masters.Directory(parse),
                Advertise = common.Advertise(parse, listen, parse.GetValue(hostname)),
                Principals = callers,
                Admission = admission.Control(parse, listen.Address, known),
                Credential = credential.Credential(parse),
                Tls = common.Client(parse, tls),
            };
            return common.Secure(
                parse, Role([listen], "--port", options), tls, callers, options.Credential, options.Hostname);
        }, hostname);
    }

    public static Role Role(IReadOnlyList<IPEndPoint> listen, string portOption, AgentOptions options) =>
        new(Name, portOption, listen, services => services.AddAgent(options), app => app.MapAgent());
}
