using System.CommandLine;
using LifecycleManager.Cli.Commands.Operating.Logs;
using LifecycleManager.Cli.Commands.Operating.Sessions;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands.Operating.Apps;

/// <summary><c>lcm app</c></summary>
internal static class AppCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "app";

    private static readonly (string Name, Func<Settings, Command> Create)[] Below =
    [
        ("list", AppListing.List),
        ("show", AppShow.Create),
        ("deploy", AppDeploy.Deploy),
        ("diff", AppDeploy.Diff),
        ("scale", AppChanges.Scale),
        ("restart", AppChanges.Restart),
        ("suspend", AppChanges.Suspend),
        ("stop", AppChanges.Stop),
        ("versions", AppVersions.List),
        ("rollback", AppVersions.Rollback),
        ("logs", LogsCommand.Create),
        ("files", FilesCommand.Create),
        ("exec", ExecCommand.Create),
        ("open", AppOpen.Create),
    ];

    public static Command Create(Settings settings) => Create(settings, null);

    /// <summary>The same; with the name of one below it, no more than that one: each takes its time to be made.</summary>
    public static Command Create(Settings settings, string? only)
    {
        var command = new Command(Name, "Lists, shows, deploys, scales, restarts and ends apps.");
        var isKnown = Below.Any(below => below.Name == only);
        foreach (var (name, create) in Below)
            if (!isKnown || name == only) command.Add(create(settings));
        return command;
    }
}
