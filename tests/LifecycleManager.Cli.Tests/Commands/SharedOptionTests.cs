using System.CommandLine;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Discovery.Eureka;
using LifecycleManager.Metrics;
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
            var twice = command.Options.SelectMany(option => (string[])[option.Name, .. option.Aliases]).GroupBy(name => name)
                .Where(names => names.Count() > 1);
            Assert.True(!twice.Any(), $"lcm {command.Name} has twice: {string.Join(", ", twice.Select(names => names.Key))}");
        }
    }

    [Fact]
    public void A_manager_takes_a_scheduler_and_a_master_with_their_standbys()
    {
        var command = new Command("manager");
        var manager = new ManagerSettings(command, NoSettings, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        var (one, two, three) = (new Uri("http://s1:8080"), new Uri("http://s2:8080"), new Uri("http://m2:5050"));
        var options = manager.Options(command.Parse([]), [one, two], [one, three], one);
        Assert.Equal((one, two), (options.Scheduler, Assert.Single(options.OtherSchedulers)));
        Assert.Equal((one, two), (options.Collector!.Scheduler, Assert.Single(options.Collector.OtherSchedulers)));
        Assert.Equal((one, three), (options.Collector.Master, Assert.Single(options.Collector.OtherMasters)));
    }

    [Theory]
    [InlineData("http://s1:8080,https://s2:8080")]
    [InlineData("http://s1:8080,http://s2:8080/marathon")]
    [InlineData("http://s1:8080,http://me:secret@s2:8080")]
    [InlineData(",")]
    public void Addresses_of_one_service_are_of_one_kind_and_hold_no_secret(string text) =>
        Assert.Throws<FormatException>(() => Values.PlainUrls(text));

    [Fact]
    public void Eureka_reaches_scheduler_and_manager_of_the_whole_stack()
    {
        var command = new Command("up");
        var eureka = new EurekaSettings(command, NoSettings, "");
        var scheduler = new SchedulerSettings(command, NoSettings, eureka);
        var manager = new ManagerSettings(command, NoSettings, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), eureka);
        var (first, second) = (new Uri("http://e1:8761/eureka"), new Uri("http://e2:8761/eureka"));
        var parse = command.Parse(["--eureka", $"{first},{second}", "--eureka-credentials", "ops@/run/eureka"]);

        Assert.Equal([first, second], scheduler.Eureka(parse).Servers);
        Assert.Equal(first, manager.Options(parse, [], [], first).Collector!.Eureka);
        Assert.Equal([second], manager.Options(parse, [], [], first).Collector!.OtherEurekas);
        Assert.Equal(new EurekaCredential("ops", "/run/eureka"), scheduler.Eureka(parse).Credential);
        Assert.Equal([new MetricsCredential("eureka", "ops", "/run/eureka")],
            manager.Options(parse, [], [], first).Collector!.Credentials);
        Assert.Null(manager.Options(command.Parse([]), [], [], first).Collector!.Eureka);
    }
}
