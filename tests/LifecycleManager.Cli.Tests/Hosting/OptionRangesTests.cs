using LifecycleManager.Agent;
using LifecycleManager.Manager;
using LifecycleManager.Master;
using LifecycleManager.Metrics;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Scaling.Safety;
using LifecycleManager.Scheduler;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>Options that are made in code keep to their ranges as those of the command line do.</summary>
public sealed class OptionRangesTests
{
    public static TheoryData<string, Action<IServiceCollection>> Roles => new()
    {
        { "AgentOptions.UpdateRetry", services => services.AddAgent(
            new AgentOptions { WorkDirectory = "/tmp", UpdateRetry = TimeSpan.Zero }) },
        { "MasterOptions.MaxAgents", services => services.AddMaster(new MasterOptions { MaxAgents = 0 }) },
        { "SchedulerOptions.MaxVersions", services => services.AddScheduler(new SchedulerOptions { MaxVersions = 0 }) },
        { "ManagerOptions.Tick", services => services.AddManager(new ManagerOptions { Tick = TimeSpan.Zero }) },
        { "SafetyOptions.MissingShare", services => services.AddManager(
            new ManagerOptions { Safety = new SafetyOptions { MissingShare = double.NaN } }) },
        { "CollectorOptions.Interval", _ => new MetricsCollector(
            new CollectorOptions { Scheduler = null, Interval = TimeSpan.Zero }, TimeProvider.System,
            Prometheus.Metrics.NewCustomRegistry(), NullLoggerFactory.Instance, new RoleHealth(TimeProvider.System)).Dispose() },
    };

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(Roles))]
    public void A_role_does_not_start_with_options_out_of_their_range(string option, Action<IServiceCollection> start)
    {
        var refused = Assert.Throws<ArgumentOutOfRangeException>(() => start(new ServiceCollection()));
        Assert.Contains(option, refused.Message, StringComparison.Ordinal);
    }
}
