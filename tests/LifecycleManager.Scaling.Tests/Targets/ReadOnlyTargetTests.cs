using LifecycleManager.Scaling.Targets;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Scaling.Tests.Targets;

public sealed class ReadOnlyTargetTests
{
    [Fact]
    public async Task A_read_only_target_is_read_and_never_changed()
    {
        await using var marathon = await FakeMarathon.StartAsync();
        marathon.Add("/shop/web", 2);
        await using var services = new ServiceCollection().AddScalingTarget(
            new TargetOptions { Address = marathon.Address }, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10), isReadOnly: true)
            .BuildServiceProvider();
        var target = services.GetRequiredService<IScalingTarget>();

        var app = Assert.Single(await target.GetAppsAsync(TestContext.Current.CancellationToken));
        var scaled = await target.ScaleAsync(
            new ScaleRequest(app.Id, 3, app.Seen, "web", "more"), TestContext.Current.CancellationToken);
        var released = await target.ReleaseAsync(app.Id, TestContext.Current.CancellationToken);

        Assert.Equal((ScaleStatus.Refused, ScaleStatus.Refused), (scaled.Status, released.Status));
        Assert.Contains("--dry-run", scaled.Detail, StringComparison.Ordinal);
        Assert.Empty(marathon.Puts);
        Assert.Equal(2, marathon["/shop/web"].Instances);
    }
}
