using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Storage;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Master.Tests.Leadership;

/// <summary>
/// Every loop of the master, killed: the term ends, health says why, and another term begins from what is stored.
/// </summary>
public sealed class SupervisionTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly FaultyBackend _faults = new();

    [Theory]
    [InlineData("an input of the owner")]
    [InlineData("a timer of the owner")]
    [InlineData("the registry")]
    [InlineData("the election")]
    public async Task A_loop_that_dies_ends_the_term_and_another_begins(string loop)
    {
        await using var master = await MasterUnderTest.StartAsync(time: _time, faults: _faults);
        await using var agent = await master.RegisteredAgentAsync();
        var (first, id) = (await master.TermAsync(), agent.Id);
        Assert.Contains("\"detail\":\"leading\"", (await master.HealthAsync()).Text, StringComparison.Ordinal);

        await KillAsync(master, loop);
        await Eventually.TrueAsync(async () => await master.HealthAsync() is (503, var text)
            && text.Contains("injected", StringComparison.Ordinal));
        Assert.Equal("pong", await master.Client.GetStringAsync("/ping"));
        await Eventually.TrueAsync(() => !agent.IsConnected);
        (_faults.OnWrite, _faults.OnStand, _faults.OnAllocate) = (null, null, null);
        await Eventually.TrueAsync(async () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return await master.TermAsync() is { } term && term != first;
        });

        // Red until the new term has lasted; and what was stored is there.
        Assert.Equal(503, (await master.HealthAsync()).Status);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(200, (await master.HealthAsync()).Status);
        Assert.Equal(AgentEventType.Registered, (await agent.RegisterAsync()).Type);
        Assert.Equal(id, agent.Id);
    }

    [Fact]
    public async Task A_lead_that_fails_for_one_cause_does_not_bounce()
    {
        await using var master = await MasterUnderTest.StartAsync(time: _time, faults: _faults);
        string? term = null;
        var failedAt = _time.GetTimestamp();
        for (var failure = 0; failure < 4; failure++)
        {
            await Eventually.TrueAsync(async () =>
            {
                if (await master.TermAsync() is { } begun && begun != term)
                {
                    term = begun;
                    return true;
                }

                _time.Advance(TimeSpan.FromSeconds(1));
                return false;
            });

            // The fourth term of a minute waits.
            if (failure == 3) break;
            failedAt = _time.GetTimestamp();
            await master.PostAsync(_ => throw new InvalidDataException("injected"));
            await Eventually.TrueAsync(async () => await master.TermAsync() is null);
            Assert.Contains("injected", (await master.HealthAsync()).Text, StringComparison.Ordinal);
        }

        Assert.True(_time.GetElapsedTime(failedAt) >= TimeSpan.FromSeconds(30));
    }

    private async Task KillAsync(MasterUnderTest master, string loop)
    {
        switch (loop)
        {
            case "an input of the owner": await master.PostAsync(_ => throw new InvalidDataException("injected")); break;
            case "a timer of the owner":
                _faults.OnAllocate = () => new InvalidDataException("injected");
                await using (var framework = await master.FrameworkAsync())
                {
                    await Eventually.TrueAsync(() =>
                    {
                        _time.Advance(TimeSpan.FromMilliseconds(10));
                        return !framework.IsConnected;
                    });
                }

                break;
            case "the registry":
                _faults.OnWrite = () => new InvalidDataException("injected");
                using (var answer = await master.TryOperateAsync(
                    """{"type": "UPDATE_WEIGHTS", "update_weights": {"weight_infos": [{"role": "a", "weight": 2}]}}"""))
                    Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, answer.StatusCode);
                break;
            case "the election":
                _faults.OnStand = () => new InvalidDataException("injected");
                await master.PostAsync(_ => throw new FencedException(new Fence("master", 1)));
                await Eventually.TrueAsync(async () =>
                {
                    _time.Advance(TimeSpan.FromSeconds(1));
                    return (await master.HealthAsync()).Text.Contains("injected", StringComparison.Ordinal);
                });
                break;
        }
    }
}
