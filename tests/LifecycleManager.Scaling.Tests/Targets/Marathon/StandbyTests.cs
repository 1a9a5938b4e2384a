using LifecycleManager.Scaling.Targets;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Scaling.Tests.Targets.Marathon;

/// <summary>A scheduler and its standbys: whoever answers is asked, read and scaled.</summary>
public sealed class StandbyTests
{
    private static readonly Uri Dead = new("http://127.0.0.1:9");

    [Fact]
    public async Task The_address_that_answers_is_read_and_scaled()
    {
        await using var marathon = await FakeMarathon.StartAsync();
        marathon.Add("/search", 2);
        await using var services = Services(new TargetOptions { Address = Dead, OtherAddresses = [Dead, marathon.Address] });
        var target = services.GetRequiredService<IScalingTarget>();
        var app = Assert.Single(await target.GetAppsAsync(CancellationToken.None));
        Assert.Equal(("/search", 2), (app.Id, app.Instances));
    }

    [Fact]
    public async Task One_that_dies_is_followed_by_the_next()
    {
        await using var second = await FakeMarathon.StartAsync();
        var first = await FakeMarathon.StartAsync();
        first.Add("/first", 1);
        second.Add("/second", 1);
        await using var services = Services(new TargetOptions { Address = first.Address, OtherAddresses = [second.Address] });
        var target = services.GetRequiredService<IScalingTarget>();
        Assert.Equal("/first", Assert.Single(await target.GetAppsAsync(CancellationToken.None)).Id);
        await first.DisposeAsync();
        Assert.Equal("/second", Assert.Single(await target.GetAppsAsync(CancellationToken.None)).Id);
    }

    private static ServiceProvider Services(TargetOptions options) => new ServiceCollection().AddLogging()
        .AddScalingTarget(options, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10)).BuildServiceProvider();
}
