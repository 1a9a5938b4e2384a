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
        var principals = new PrincipalSettings(command, settings);
        var credential = new CredentialSettings(command, settings);
        var masters = Setting.Of(settings, "--master", "The masters, comma separated",
            Values.Urls, () => [new Uri($"http://127.0.0.1:{MasterCommand.Port}")], $"http://127.0.0.1:{MasterCommand.Port}");
        var hostname = Setting.Of<string?>(settings, "--hostname", "The name at which others reach this agent and its tasks",
            Values.Text, () => null, "the task address");
        var taskAddress = Setting.Of(settings, "--task-address",
            "The address on which the ports of containers are published; 0.0.0.0 for all",
            Values.Address, () => IPAddress.Loopback, "127.0.0.1");
        foreach (Option option in (Option[])[masters, hostname, taskAddress]) command.Add(option);
        return RoleCommand.Create(settings, command, parse =>
        {
            var listen = common.Listen(parse);
            var address = parse.GetValue(taskAddress)!;
            var name = parse.GetValue(hostname) ?? (address.Equals(IPAddress.Any) ? Dns.GetHostName() : address.ToString());
            var callers = principals.Principals(parse);
            var tls = common.Tls(parse, callers.AreRequired);
            var options = agent.Options(parse, common.Directory(parse), parse.GetValue(masters)!, name, address, listen.Port) with
            {
                Principals = callers,
                Credential = credential.Credential(parse),
                Certificate = tls?.ForClient,
            };
            return common.Secure(parse, Role([listen], "--port", options), tls, options.Principals.AreRequired, options.Hostname);
        });
    }

    public static Role Role(IReadOnlyList<IPEndPoint> listen, string portOption, AgentOptions options) =>
        new(Name, portOption, listen, services => services.AddAgent(options), app => app.MapAgent());
}
