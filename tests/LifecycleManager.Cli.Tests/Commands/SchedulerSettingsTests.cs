using System.CommandLine;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Discovery.Eureka;
using LifecycleManager.Scheduler;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Security.Admission;
using Microsoft.Extensions.Configuration;

namespace LifecycleManager.Cli.Tests.Commands;

public sealed class SchedulerSettingsTests
{
    private static readonly Uri Master = new("http://m:5050");
    private static readonly Uri Address = new("http://s:8080");

    [Fact]
    public void Every_option_of_the_scheduler_can_be_said_on_the_command_line_and_reaches_the_room()
    {
        var (options, eureka) = Options(
            "--framework-name", "lcm", "--framework-role", "web", "--user", "nobody",
            "--failover-timeout", "1h", "--placement", "bin-packing", "--launch-timeout", "2m", "--kill-retry", "3s",
            "--reconciliation-interval", "4m", "--max-versions", "5", "--max-event-subscribers", "6", "--event-memory", "70",
            "--max-health-checks", "8", "--max-request-body", "9000", "--eureka", "http://e1:8761/eureka,http://e2:8761/eureka",
            "--eureka-renewal", "10s", "--eureka-credentials", "ops@env:EUREKA");

        Assert.Equal(new SchedulerOptions
        {
            Masters = options.Masters,
            Address = Address,
            Admission = options.Admission,
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
        }, options);
        Assert.Equal([Master], options.Masters);
        Assert.Equal(["http://e1:8761/eureka", "http://e2:8761/eureka"], eureka.Servers.Select(url => url.ToString()));
        Assert.Equal(TimeSpan.FromSeconds(10), eureka.Renewal);
        Assert.Equal(new EurekaCredential("ops", "env:EUREKA"), eureka.Credential);

        // One that is added to the room has to be added here. Who the scheduler is and who may call, every role says alike.
        var defaults = new SchedulerOptions();
        foreach (var property in typeof(SchedulerOptions).GetProperties()
            .Where(property => property.Name is not (nameof(SchedulerOptions.Credential) or nameof(SchedulerOptions.Tls)
                or nameof(SchedulerOptions.Principals) or nameof(SchedulerOptions.MasterDirectory))))
            Assert.True(!Equals(property.GetValue(options), property.GetValue(defaults)),
                $"no option of the command line sets {property.Name}");
    }

    [Fact]
    public void Where_nothing_is_said_the_rooms_defaults_hold()
    {
        var (options, eureka) = Options();
        Assert.Equal(
            new SchedulerOptions { Masters = options.Masters, Address = Address, Admission = options.Admission }, options);
        Assert.Same(AdmissionRules.Open, options.Admission.Rules);
        Assert.Equal(new EurekaOptions { Servers = eureka.Servers }, eureka);
        Assert.Empty(eureka.Servers);
    }

    [Theory]
    [InlineData("--placement", "tight", "spread, bin-packing, random are known")]
    [InlineData("--max-versions", "0", "a number from 1 to 10000")]
    [InlineData("--eureka", "e1:8761", "an http or https address")]
    [InlineData("--eureka", "http://ops:s3cret@e1:8761/eureka", "must not hold credentials")]
    [InlineData("--eureka-credentials", "ops:s3cret", "USER@FILE")]
    [InlineData("--launch-timeout", "soon", "a time such as")]
    public void A_bad_value_is_an_error(string option, string value, string error)
    {
        var command = new Command("scheduler");
        _ = new SchedulerSettings(command, new Settings(new ConfigurationBuilder().Build()));
        var errors = command.Parse([option, value]).Errors;
        Assert.Contains(errors, found => found.Message.Contains(error, StringComparison.Ordinal));
        Assert.DoesNotContain(errors, found => found.Message.Contains("s3cret", StringComparison.Ordinal));
    }

    private static (SchedulerOptions, EurekaOptions) Options(params string[] arguments)
    {
        var command = new Command("scheduler");
        var settings = new SchedulerSettings(command, new Settings(new ConfigurationBuilder().Build()));
        var parse = command.Parse(arguments);
        return (settings.Options(parse, [Master], Address), settings.Eureka(parse));
    }
}
