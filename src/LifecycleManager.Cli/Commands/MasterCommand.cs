using System.CommandLine;
using System.Net;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Master;
using LifecycleManager.Security.Joining;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Cli.Commands;

/// <summary><c>lcm master</c></summary>
internal static class MasterCommand
{
    public const string Name = "master";
    public const int Port = 5050;

    /// <summary>Where the master of this machine is.</summary>
    public static Uri Here { get; } = new($"http://127.0.0.1:{Port}");

    public static Command Create(Settings settings)
    {
        var command =
            new Command(Name,
                "Pools the resources of all agents and offers them to frameworks: Mesos' scheduler and operator APIs.");
        var common = new RoleSettings(command, settings, Name, Port);
        var state = new StateSettings(command, settings);
        var master = new MasterSettings(command, settings);
        return RoleCommand.Create(settings, command, common, parse =>
        {
            var listen = common.Listen(parse);
            var options = master.Options(parse, common.Advertise(parse, listen));
            options = options with { Principals = common.Join.Principals(options.Principals) };
            return common.Secure(parse, WithAuthority(Role(listen, "--port", options), common.Join.Authority),
                common.Tls(parse, options.Principals.AreRequired),
                options.Principals) with
            {
                State = state.Address(parse, common.Directory(parse)),
                StatePassword = state.Password(parse),
            };
        });
    }

    /// <summary>The role with the cluster's authority; or with a word of where that is, for whoever asks for it here.</summary>
    internal static Role WithAuthority(Role role, ClusterAuthority? authority) => role with
    {
        Add = services =>
        {
            role.Add(services);
            if (authority is null) return;
            services.AddSingleton(authority).AddSingleton<ITokenUses, StateTokenUses>().AddSingleton<AuthorityEndpoints>();
        },
        Map = app =>
        {
            role.Map(app);
            if (authority is null) AuthorityEndpoints.MapNone(app);
            else app.Services.GetRequiredService<AuthorityEndpoints>().Map(app);
        },
    };

    public static Role Role(IPEndPoint listen, string portOption, MasterOptions options) =>
        new(Name, portOption, [listen], services => services.AddMaster(options), app => app.MapMaster());
}
