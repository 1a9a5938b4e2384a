using LifecycleManager.Scaling.Tests.Fakes;

namespace LifecycleManager.Scaling.Tests.Targets;

public sealed class TargetAwayTests
{
    [Fact]
    public async Task A_target_that_is_away_is_one_line_and_its_return_another()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add("/brownfield/search", 2);
        loop.Marathon.Fault = http =>
        {
            http.Abort();
            return Task.FromResult(true);
        };
        for (var i = 0; i < 6; i++) await loop.TickAsync();
        Assert.True(loop.Term.TargetLost.IsCompleted);

        loop.Marathon.Fault = null;
        await Eventually.TrueAsync(async () => (await loop.TickAsync()).Problem is null);

        Assert.Collection(
            loop.Lines.Lines.Where(line => line.Contains("127.0.0.1", StringComparison.Ordinal)),
            line => Assert.Matches("^Warning: marathon at .* does not answer, and nothing is changed: [^\n]*$", line),
            line => Assert.Matches("^Information: marathon at .* answers again$", line));
    }
}
