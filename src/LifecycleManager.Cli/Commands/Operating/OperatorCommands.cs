using System.CommandLine;
using LifecycleManager.Cli.Commands.Operating.Agents;
using LifecycleManager.Cli.Commands.Operating.Apps;
using LifecycleManager.Cli.Commands.Operating.Contexts;
using LifecycleManager.Cli.Commands.Operating.Deployments;
using LifecycleManager.Cli.Commands.Operating.Doctor;
using LifecycleManager.Cli.Commands.Operating.Groups;
using LifecycleManager.Cli.Commands.Operating.Help;
using LifecycleManager.Cli.Commands.Operating.Overview;
using LifecycleManager.Cli.Commands.Operating.Policies;
using LifecycleManager.Cli.Commands.Operating.Why;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands.Operating;

/// <summary>The operators' commands that ask roles and are none, by name: any of them can be made without the others.</summary>
internal static class OperatorCommands
{
    private static readonly (string Name, Func<Settings, Command> Create)[] Known =
    [
        (StatusCommand.Name, StatusCommand.Create),
        (AppCommand.Name, AppCommand.Create),
        (GroupCommand.Name, GroupCommand.Create),
        (PodCommands.Name, PodCommands.Create),
        (DeploymentCommand.Name, DeploymentCommand.Create),
        (WhyCommand.Name, WhyCommand.Create),
        (QueueCommand.Name, QueueCommand.Create),
        (EventsCommand.Name, EventsCommand.Create),
        (TopCommand.Name, TopCommand.Create),
        (DecisionCommand.Name, DecisionCommand.Create),
        (BudgetCommand.Name, BudgetCommand.Create),
        (OverrideCommand.Name, OverrideCommand.Create),
        (PauseCommand.Name, PauseCommand.Create),
        (DoctorCommand.Name, DoctorCommand.Create),
        (ContextCommand.Name, ContextCommand.Create),
        (CompletionCommand.Name, CompletionCommand.Create),
        (TopicsCommand.Name, TopicsCommand.Create),
    ];

    /// <summary>All, in the order of <c>lcm --help</c>.</summary>
    public static IEnumerable<Func<Settings, Command>> All => Known.Select(known => known.Create);

    /// <summary>The one of a command line's first words; null where it is none of these.</summary>
    public static Func<Settings, Command>? Find(IReadOnlyList<string> words) => words switch
    {
        // The agent's own command is the role's: what is below it is ours.
        [AgentCommand.Name, var below, ..] when AgentCommands.Names.Contains(below) =>
            settings => AgentCommands.AddTo(new Command(AgentCommand.Name), settings),
        [AppCommand.Name, var below, ..] => settings => AppCommand.Create(settings, below),
        [var name, ..] => Array.Find(Known, known => known.Name == name).Create,
        _ => null,
    };
}
