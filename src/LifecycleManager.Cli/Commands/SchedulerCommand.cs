using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Console;
using LifecycleManager.Discovery;
using LifecycleManager.Discovery.Eureka;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler;
using LifecycleManager.Scheduler.Api;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Cli.Commands;

/// <summary><c>lcm scheduler</c></summary>
internal static class SchedulerCommand
{
    public const string Name = "scheduler";
    public const int Port = 8080;

    public static Command Create(Settings settings)
    {
        var command = new Command(Name, "Keeps apps at their instance count: Marathon's REST API, and the console at /ui.");
        var common = new RoleSettings(command, settings, Name, Port);
        var state = new StateSettings(command, settings);
        var scheduler = new SchedulerSettings(command, settings);
        var masters = new MasterAddressSettings(command, settings, ": ours, or a real Mesos'");
        var manager = Setting.Of<Uri?>(settings, "--manager", "The manager, for the console's pages of decisions and policies",
            Values.Url, () => null);
        var credential = new CredentialSettings(command, settings);
        var principals = new PrincipalSettings(command, settings);
        var admission = new AdmissionSettings(command, settings);
        command.Add(manager);
        return RoleCommand.Create(settings, command, common, parse =>
        {
            var listen = common.Listen(parse);
            var callers = common.Join.Principals(principals.Principals(parse));
            var known = masters.Addresses(parse, common.Join.Masters);
            var tls = common.Tls(parse, callers.AreRequired);
            var options = scheduler.Options(parse, known, common.Advertise(parse, listen)) with
            {
                MasterDirectory = masters.Directory(parse),
                Principals = callers,
                Admission = admission.Control(parse, listen.Address, known),
                Credential = credential.Credential(parse),
                Tls = common.Client(parse, tls),
            };
            var role = Role(
                listen, "--port", options, scheduler.Eureka(parse), parse.GetValue(manager), common.Own(parse, listen));
            return common.Secure(parse, role, tls, callers, options.Credential) with
            {
                State = state.Address(parse, common.Directory(parse)),
                StatePassword = state.Password(parse),
            };
        });
    }

    /// <summary>The role with the console, which asks the scheduler at its own address.</summary>
    public static Role Role(
        System.Net.IPEndPoint listen, string portOption, SchedulerOptions options, EurekaOptions eureka, Uri? manager, Uri own) =>
        new(
        Name, portOption, [listen],
        services => services.AddScheduler(options)
            .AddSingleton<IServingApps>(provider => new LedApps(provider.GetRequiredService<ServingApps>()))
            .AddEurekaRegistrar(eureka)
            .AddConsole(new ConsoleOptions
            {
                Scheduler = own,
                Manager = manager,
                Masters = AddressList.Of(options.Masters, options.MasterDirectory),
                MasterCredential = options.Credential,
                Tls = options.Tls,
            }),
        app =>
        {
            app.MapScheduler();
            app.MapConsole();
        });

    /// <summary>The apps of this process's scheduler, while it leads.</summary>
    private sealed class LedApps(ServingApps apps) : IServingApps
    {
        public IReadOnlyList<App>? Read(Func<IReadOnlyDictionary<string, string>, bool> wanted) => apps.Read(wanted);
    }
}
