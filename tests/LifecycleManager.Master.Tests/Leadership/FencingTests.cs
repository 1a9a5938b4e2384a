using System.Net;
using System.Text;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Storage;

namespace LifecycleManager.Master.Tests.Leadership;

public sealed class FencingTests
{
    [Fact]
    public async Task A_deposed_leader_is_refused_by_the_store_and_steps_down_before_anybody_is_told()
    {
        var store = Guid.NewGuid().ToString("N");
        await using var master = await MasterUnderTest.StartAsync(store: store);
        await master.LeadsAsync();
        await using var framework = await master.FrameworkAsync();

        // Somebody newer has written: what this master holds is no leadership any more, though nobody has told it.
        await master.Store.WriteAsync([new StateWrite("master/roles", null)], new Fence("master", long.MaxValue - 1));
        var agent = master.Agent();
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await agent.RegisterAsync();
            throw new InvalidOperationException($"registered as {agent.Id.Value}");
        });
        Assert.Null(agent.Info.Id);
        await framework.WaitAsync(() => !framework.IsConnected);
    }

    [Fact]
    public async Task A_subscriber_that_does_not_read_is_dropped_and_nobody_else_is_held_up()
    {
        await using var master =
            await MasterUnderTest.StartAsync(new MasterOptions
            {
                StreamCapacity = 100,
                AllocationDelay = TimeSpan.FromMilliseconds(1)
            });
        await using var agent = await master.RegisteredAgentAsync();
        using var slow = new HttpClient { BaseAddress = master.Options.Address };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1")
        {
            Content = new StringContent("""{"type": "SUBSCRIBE"}""", Encoding.UTF8, "application/json"),
        };
        using var answer = await slow.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await using var framework = await master.FrameworkAsync();

        // Big events, one after the other, that fill the connection's buffers and then the queue; the framework reads its own.
        var big = new string('x', 200_000);
        for (var i = 0; i < 80; i++)
        {
            var offer = await framework.OfferAsync();
            await framework.LaunchAsync(offer, TestFramework.Sleep(offer, $"t{i}", 0.01,
                1) with
            { Labels = new Labels([new Label("big", big)]) });
        }

        await framework.WaitAsync(() => framework.StateOf("t79") == TaskState.Running);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (await master.AskAsync(core => core.Events.OperatorCount) > 0) await Task.Delay(20, limit.Token);
        await master.VerifyAsync();
    }
}
