using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>
/// The manager's own target at the real scheduler: a decision is written over what it was made from, or not at all.
/// </summary>
public sealed class SeenCountTests
{
    [Fact]
    public async Task A_decision_is_not_written_over_a_count_or_an_app_that_it_was_not_made_from()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var stack = await Stack.UpAsync();
        await using var services = new ServiceCollection().AddLogging()
            .AddScalingTarget(
                new TargetOptions { Address = stack.Scheduler.BaseAddress }, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(15))
            .BuildServiceProvider();
        var target = services.GetRequiredService<IScalingTarget>();
        using (var posted = await stack.PostAsync(SampleApps.Sleeper("/sleeper"))) Assert.True(posted.IsSuccessStatusCode);
        await stack.InstancesAsync("/sleeper", 1);
        await stack.DeployedAsync();
        var decided = await DecideAsync();
        await stack.Api.UpdateApp("sleeper", new App { Instances = 3 }, force: true, cancellation: cancellation);

        var result = await target.ScaleAsync(decided, cancellation);
        Assert.Equal(ScaleStatus.Outdated, result.Status);
        Assert.Equal("the count is 3, the decision was made from 1; it is decided again", result.Detail);
        await stack.InstancesAsync("/sleeper", 3);
        await stack.DeployedAsync();

        // From the count that is there it is made; asked for again, as after an answer that was lost, it is there already.
        decided = await DecideAsync();
        Assert.Equal(ScaleStatus.Applied, (await target.ScaleAsync(decided, cancellation)).Status);
        await stack.InstancesAsync("/sleeper", 2);
        await stack.DeployedAsync();
        Assert.Equal(ScaleStatus.Applied, (await target.ScaleAsync(decided, cancellation)).Status);

        // Another app under the same id, with the same count.
        decided = await DecideAsync();
        await stack.Api.DeleteApp("sleeper", force: true, cancellation: cancellation);
        await Eventually.TrueAsync(async () =>
        {
            using var posted = await stack.PostAsync(SampleApps.Sleeper("/sleeper"));
            return posted.IsSuccessStatusCode;
        }, "the app made anew", more: stack.Describe);
        await stack.Api.UpdateApp("sleeper", new App { Instances = 2 }, force: true, cancellation: cancellation);
        result = await target.ScaleAsync(decided with { Count = 4 }, cancellation);
        Assert.Equal(
            (ScaleStatus.Outdated, "it was deleted and made anew since the decision was made; it is decided again"),
            (result.Status, result.Detail));

        async Task<ScaleRequest> DecideAsync()
        {
            var app = (await target.GetAppsAsync(cancellation)).Single(app => app.Id == "/sleeper");
            return new ScaleRequest("/sleeper", 2, app.Seen, "p", "why");
        }
    }
}
