using System.CommandLine;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using Microsoft.Extensions.Configuration;

namespace LifecycleManager.Cli.Tests.Commands;

/// <summary>An option that several roles of one command have is one option, and reaches them all.</summary>
public sealed class SharedOptionTests
{
    private static readonly Settings NoSettings = new(new ConfigurationBuilder().Build());

    [Fact]
    public void No_command_declares_an_option_twice()
    {
        static IEnumerable<Command> All(Command command) => [command, .. command.Subcommands.SelectMany(All)];
        foreach (var command in All(CommandLine.Root(NoSettings)))
        {
            var twice = command.Options.SelectMany(option => (string[])[option.Name, .. option.Aliases]).GroupBy(name => name).Where(names => names.Count() > 1);
            Assert.True(!twice.Any(), $"lcm {command.Name} has twice: {string.Join(", ", twice.Select(names => names.Key))}");
        }
    }

    [Fact]
    public void Eureka_reaches_scheduler_and_manager_of_the_whole_stack()
    {
        var command = new Command("up");
        var eureka = Setting.Of<IReadOnlyList<Uri>>(NoSettings, "--eureka", "", Values.Urls, () => []);
        command.Add(eureka);
        var scheduler = new SchedulerSettings(command, NoSettings, eureka);
        var manager = new ManagerSettings(command, NoSettings, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), eureka);
        var (first, second) = (new Uri("http://e1:8761/eureka"), new Uri("http://e2:8761/eureka"));
        var parse = command.Parse(["--eureka", $"{first},{second}"]);

        Assert.Equal([first, second], scheduler.Options(parse, [], first).Eureka);
        Assert.Equal(first, manager.Options(parse, null, null, first).Collector!.Eureka);
        Assert.Null(manager.Options(command.Parse([]), null, null, first).Collector!.Eureka);
    }
}
