using System.CommandLine;
using System.Diagnostics;
using System.Net;
using LifecycleManager.Agent.Containerizers.Docker;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Master;
using LifecycleManager.Scheduler;
using LifecycleManager.Security;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Cli.Commands;

/// <summary><c>lcm up</c>: every role in one process on this machine.</summary>
internal static class UpCommand
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <param name="settings">What is set outside of the command line.</param>
    /// <param name="whileUp">Runs beside the stack once it is up, on the same terminal: the log then has only what goes
    /// wrong.</param>
    public static Command Create(Settings settings, Func<RunningStack, CancellationToken, Task>? whileUp = null)
    {
        var command =
            new Command("up",
                "Runs master, agent, scheduler, manager and console in one process, on this machine's loopback addresses.");
        var bind = RoleSettings.Bind(settings);
        var workDirectory = RoleSettings.WorkDirectory(settings);
        var allowedHosts = RoleSettings.AllowedHosts(settings);
        var insecure = RoleSettings.Insecure(settings);
        var audit = RoleSettings.AuditFile(settings);
        var masterPort = Port(settings, MasterCommand.Name, MasterCommand.Port);
        var agentPort = Port(settings, AgentCommand.Name, AgentCommand.Port);
        var schedulerPort = Port(settings, SchedulerCommand.Name, SchedulerCommand.Port);
        var managerPort = Port(settings, ManagerCommand.Name, ManagerCommand.Port);
        var agents = Setting.Of(settings, "--agents", "How many agents; each has a loopback address of its own for its tasks",
            Values.Count(1, 16), () => 1, "1");
        foreach (Option option in (Option[])[
            bind, workDirectory, allowedHosts, insecure, audit, masterPort, agentPort, schedulerPort, managerPort, agents])
        {
            command.Add(option);
        }

        var agent = new AgentSettings(command, settings);
        var eureka = new EurekaSettings(command, settings,
            "Eureka servers, comma separated: apps that ask for it by label are registered there, and the instances that the first one knows are scraped too");
        var scheduler = new SchedulerSettings(command, settings, eureka);
        var manager = new ManagerSettings(command, settings, tick: Second, scrape: 2 * Second, eureka);
        var admission = new AdmissionSettings(command, settings);
        var logging = new Logging(command, settings, LogLevel.Warning);

        command.SetAction(async (parse, stop) =>
        {
            if (settings.Section("Kestrel") is not null)
                throw new CliException("appsettings.json Kestrel is of one role; lcm up has four");
            var address = parse.GetValue(bind)!;
            var warnings = OpenListener.Check(
                [address], asks: false, parse.GetValue(insecure), "the roles' own commands, which have --credentials");
            IPEndPoint Listen(Option<int> port) => new(address, RoleSettings.PortOrFree(address, parse.GetValue(port)));
            string Directory(string role) => RoleSettings.RoleDirectory(parse.GetValue(workDirectory)!, role);
            var (masterAt, schedulerAt, managerAt) = (Listen(masterPort), Listen(schedulerPort), Listen(managerPort));
            var (masterUrl, schedulerUrl, managerUrl) = (RoleSettings.AddressOf(masterAt), RoleSettings.AddressOf(schedulerAt),
                RoleSettings.AddressOf(managerAt));
            var admitted = admission.Control(parse, address, []);
            Role Stateful(Role role) => role with { State = StateSettings.Sqlite(Directory(role.Name)) };

            var roles =
                new List<Role> { Stateful(MasterCommand.Role(masterAt, masterPort.Name,
                    new MasterOptions { Address = masterUrl })) };
            var firstPort = RoleSettings.PortOrFree(address, parse.GetValue(agentPort));
            for (var i = 0; i < parse.GetValue(agents); i++)
            {
                // An agent's surface is where its host name leads; the first one's is on the address of all roles too.
                var task = TaskAddress(i);
                var own = !task.Equals(address) && !address.Equals(IPAddress.Any);
                var port = own ? firstPort : firstPort + i;
                IReadOnlyList<IPEndPoint> listen = !own ? [new(address, port)] : i == 0 ? [new(address, port), new(task, port)]
                    : [new(task, port)];
                roles.Add(AgentCommand.Role(listen, agentPort.Name,
                    agent.Options(parse, Directory(i == 0 ? "agent" : $"agent-{i + 1}"), [masterUrl], task.ToString(), task,
                        listen[0]) with
                    { Admission = admitted }));
            }

            roles.Add(Stateful(SchedulerCommand.Role(
                schedulerAt, schedulerPort.Name,
                scheduler.Options(parse, [masterUrl], schedulerUrl) with { Admission = admitted },
                scheduler.Eureka(parse), managerUrl, schedulerUrl)));
            roles.Add(Stateful(ManagerCommand.Role(managerAt, managerPort.Name,
                manager.Options(parse, [schedulerUrl], [masterUrl], managerUrl) with
                {
                    Tables = TableSettings.Beside(StateSettings.Sqlite(Directory(ManagerCommand.Name))),
                })));

            using var loggers = logging.Create(parse, quiet: whileUp is not null);
            await using var stack = new RoleStack(loggers, TimeProvider.System);
            var hosts = new AllowedHosts(parse.GetValue(allowedHosts)!);
            try
            {
                var recorded = parse.GetValue(audit);
                await stack.StartAsync(
                    [.. roles.Select(role => role with { Hosts = hosts, Warnings = warnings, AuditFile = recorded })], stop);
                System.Console.Out.WriteLine($"""
                    LifecycleManager is up in {(DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds:0.0} s: Ctrl-C stops it and {(agent.StopTasks(parse) ? "ends its tasks" : "leaves its tasks running")}
                      scheduler  {schedulerUrl}  console at {new Uri(schedulerUrl, "ui")}
                      manager    {managerUrl}
                      master     {masterUrl}
                    """);
                var memory = IdleMemory.KeepAsync(TimeProvider.System, stop);
                var kept = stack.KeepAsync(stop);
                if (whileUp is not null)
                    await whileUp(new RunningStack(masterUrl, schedulerUrl, managerUrl,
                        agent.Docker(parse) ?? DockerEndpoint.Default), stop);
                await Task.WhenAll(memory, kept);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Asked to stop.
            }

            return ExitStatus.Success;
        });
        return command;
    }

    private static Option<int> Port(Settings settings, string role, int port) =>
        Setting.Of(settings, $"--{role}-port", $"The {role}'s port", Values.Port, () => port, $"{port}");

    /// <summary>
    /// Where the tasks of an agent are. On Linux the whole of 127.0.0.0/8 leads to this machine: with an address of its own a
    /// task may have the port that a role or another agent's task has.
    /// </summary>
    private static IPAddress TaskAddress(int agent) =>
        OperatingSystem.IsLinux() ? new IPAddress([127, 0, 0, (byte)(agent + 2)]) : IPAddress.Loopback;
}
