using LifecycleManager.Scaling.Targets;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Scaling.Tests.Targets.Marathon;

/// <summary>A decision is written over what it was made from, or not at all: at our scheduler and at a real Marathon.</summary>
public sealed class SeenCountTests : IAsyncLifetime
{
    private FakeMarathon _marathon = null!;
    private ServiceProvider _services = null!;
    private IScalingTarget _target = null!;

    public async ValueTask InitializeAsync()
    {
        _marathon = await FakeMarathon.StartAsync();
        var services = new ServiceCollection();
        services.AddScalingTarget(
            new TargetOptions { Address = _marathon.Address }, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5));
        _services = services.BuildServiceProvider();
        _target = _services.GetRequiredService<IScalingTarget>();
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await _marathon.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_count_that_a_person_set_meanwhile_is_not_overwritten(bool isReal)
    {
        var request = await DecideAsync(isReal);
        _marathon["/a"].Instances = 15;

        var result = await _target.ScaleAsync(request, default);

        Assert.Equal(
            new ScaleResult(ScaleStatus.Outdated, "the count is 15, the decision was made from 2; it is decided again"), result);
        Assert.Equal(15, _marathon["/a"].Instances);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_app_that_was_deleted_and_made_anew_is_another(bool isReal)
    {
        var request = await DecideAsync(isReal);
        _marathon.Remove("/a");
        _marathon.Add("/a", 2);

        var result = await _target.ScaleAsync(request, default);

        Assert.Equal(
            new ScaleResult(
                ScaleStatus.Outdated, "it was deleted and made anew since the decision was made; it is decided again"), result);
        Assert.Equal(2, _marathon["/a"].Instances);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_count_that_is_there_already_is_applied(bool isReal)
    {
        // As after an answer that was lost: the same change is asked for again.
        var request = await DecideAsync(isReal);
        _marathon["/a"].Instances = 5;
        Assert.Equal(ScaleStatus.Applied, (await _target.ScaleAsync(request, default)).Status);
    }

    [Theory]
    [InlineData(5, ScaleStatus.Applied)]
    [InlineData(15, ScaleStatus.Outdated)]
    [InlineData(2, ScaleStatus.Unavailable)]
    public async Task A_lost_answer_is_settled_by_what_is_there(int found, ScaleStatus status)
    {
        var request = await DecideAsync(isReal: false);
        _marathon.Fault = FakeMarathon.OnPut(async http =>
        {
            _marathon["/a"].Instances = found;
            await FakeMarathon.Json(http, 500, new System.Text.Json.Nodes.JsonObject { ["message"] = "lost" });
        });
        Assert.Equal(status, (await _target.ScaleAsync(request, default)).Status);
    }

    [Fact]
    public async Task A_try_that_a_standby_turned_away_is_checked_again()
    {
        var request = await DecideAsync(isReal: false);
        var tries = 0;
        _marathon.Fault = async http =>
        {
            if (http.Request.Method != "PUT" || tries++ > 0) return false;
            _marathon["/a"].Instances = 15;
            await FakeMarathon.Json(http, 503, new System.Text.Json.Nodes.JsonObject { ["message"] = "no leader" });
            return true;
        };

        Assert.Equal(ScaleStatus.Outdated, (await _target.ScaleAsync(request, default)).Status);
        Assert.Equal((2, 15), (tries, _marathon["/a"].Instances));
    }

    [Fact]
    public async Task A_deployment_of_ours_is_not_replaced_over_another_count()
    {
        var request = await DecideAsync(isReal: true) with { OwnDeployment = "ours" };
        _marathon["/a"].Deployment = "ours";
        _marathon.Fault = FakeMarathon.OnPut(async http =>
        {
            // Between the two tries somebody sets another count.
            await _marathon.PutAsync(http, "/a");
            _marathon["/a"].Instances = 15;
        });

        Assert.Equal(ScaleStatus.Outdated, (await _target.ScaleAsync(request, default)).Status);
        Assert.Equal(15, _marathon["/a"].Instances);
    }

    [Fact]
    public async Task The_identity_lasts_at_our_scheduler_alone()
    {
        _marathon.Add("/a", 2);
        Assert.True(Assert.Single(await _target.GetAppsAsync(default)).HasLastingIdentity);
        _marathon.IsReal = true;
        var app = Assert.Single(await _target.GetAppsAsync(default));
        Assert.False(app.HasLastingIdentity);
        Assert.NotNull(app.Identity);
    }

    /// <summary>From 2 to 5, as it was decided by what the target told.</summary>
    private async Task<ScaleRequest> DecideAsync(bool isReal)
    {
        _marathon.IsReal = isReal;
        _marathon.Add("/a", 2);
        return new ScaleRequest("/a", 5, Assert.Single(await _target.GetAppsAsync(default)).Seen, "p", "why");
    }
}
