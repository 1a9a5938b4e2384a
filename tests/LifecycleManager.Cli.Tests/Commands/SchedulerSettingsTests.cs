using System.CommandLine;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Scheduler;
using LifecycleManager.Scheduler.Placement;
using Microsoft.Extensions.Configuration;

namespace LifecycleManager.Cli.Tests.Commands;

public sealed class SchedulerSettingsTests
{
    private static readonly Uri Master = new("http://m:5050");
    private static readonly Uri Address = new("http://s:8080");

    [Fact]
    public void Every_option_of_the_scheduler_can_be_said_on_the_command_line_and_reaches_the_room()
    {
        var options = Options(
            "--framework-name", "lcm", "--framework-role", "web", "--user", "nobody",
            "--failover-timeout", "1h", "--placement", "bin-packing", "--launch-timeout", "2m", "--kill-retry", "3s",
            "--reconciliation-interval", "4m", "--max-versions", "5", "--max-event-subscribers", "6", "--event-memory", "70",
            "--max-health-checks", "8", "--max-request-body", "9000", "--eureka", "http://e1:8761/eureka,http://e2:8761/eureka",
            "--eureka-renewal", "10s");

        Assert.Equal(new SchedulerOptions
        {
            Masters = options.Masters,
            Address = Address,
            FrameworkName = "lcm",
            Role = "web",
            User = "nobody",
            FailoverTimeout = TimeSpan.FromHours(1),
            Placement = PlacementStrategy.BinPacking,
            LaunchTimeout = TimeSpan.FromMinutes(2),
            KillRetry = TimeSpan.FromSeconds(3),
            ReconciliationInterval = TimeSpan.FromMinutes(4),
            MaxVersions = 5,
            MaxEventSubscribers = 6,
            MaxEventBytes = 70L << 20,
            MaxConcurrentHealthChecks = 8,
            MaxRequestBody = 9_000,
            Eureka = options.Eureka,
            EurekaRenewal = TimeSpan.FromSeconds(10),
        }, options);
        Assert.Equal([Master], options.Masters);
        Assert.Equal(["http://e1:8761/eureka", "http://e2:8761/eureka"], options.Eureka.Select(url => url.ToString()));

        // One that is added to the room has to be added here. Who the scheduler is and who may call, every role says alike.
        var defaults = new SchedulerOptions();
        foreach (var property in typeof(SchedulerOptions).GetProperties()
            .Where(property => property.Name is not (nameof(SchedulerOptions.Credential) or nameof(SchedulerOptions.Certificate)
                or nameof(SchedulerOptions.Principals))))
            Assert.True(!Equals(property.GetValue(options), property.GetValue(defaults)),
                $"no option of the command line sets {property.Name}");
    }

    [Fact]
    public void Where_nothing_is_said_the_rooms_defaults_hold()
    {
        var options = Options();
        Assert.Empty(options.Eureka);
        Assert.Equal(new SchedulerOptions { Masters = options.Masters, Address = Address, Eureka = options.Eureka }, options);
    }

    [Theory]
    [InlineData("--placement", "tight", "spread, bin-packing, random are known")]
    [InlineData("--max-versions", "0", "a number from 1 to 10000")]
    [InlineData("--eureka", "e1:8761", "an http or https address")]
    [InlineData("--launch-timeout", "soon", "a time such as")]
    public void A_bad_value_is_an_error(string option, string value, string error)
    {
        var command = new Command("scheduler");
        _ = new SchedulerSettings(command, new Settings(new ConfigurationBuilder().Build()));
        Assert.Contains(command.Parse([option, value]).Errors, found => found.Message.Contains(error, StringComparison.Ordinal));
    }

    private static SchedulerOptions Options(params string[] arguments)
    {
        var command = new Command("scheduler");
        var settings = new SchedulerSettings(command, new Settings(new ConfigurationBuilder().Build()));
        return settings.Options(command.Parse(arguments), [Master], Address);
    }
}
