using System.CommandLine;
using System.Net;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Master;

namespace LifecycleManager.Cli.Commands;

/// <summary><c>lcm master</c></summary>
internal static class MasterCommand
{
    public const string Name = "master";
    public const int Port = 5050;

    public static Command Create(Settings settings)
    {
        var command =
            new Command(Name,
                "Pools the resources of all agents and offers them to frameworks: Mesos' scheduler and operator APIs.");
        var common = new RoleSettings(command, settings, Name, Port);
        var state = new StateSettings(command, settings);
        var master = new MasterSettings(command, settings);
        return RoleCommand.Create(settings, command, parse =>
        {
            var listen = common.Listen(parse);
            var options = master.Options(parse, common.Advertise(parse, listen));
            return common.Secure(parse, Role(listen, "--port", options), common.Tls(parse, options.Principals.AreRequired),
                options.Principals.AreRequired) with
            {
                State = state.Address(parse, common.Directory(parse)),
                StatePassword = state.Password(parse),
            };
        });
    }

    public static Role Role(IPEndPoint listen, string portOption, MasterOptions options) =>
        new(Name, portOption, [listen], services => services.AddMaster(options), app => app.MapMaster());
}
