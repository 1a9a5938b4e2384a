using LifecycleManager.Manager.Tests.Fakes;

namespace LifecycleManager.Manager.Tests.Targets;

public sealed class TargetAwayTests
{
    [Fact]
    public async Task A_target_that_is_away_is_one_line_and_its_return_another()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add("/brownfield/search", 2);
        term.Marathon.Fault = http =>
        {
            http.Abort();
            return Task.FromResult(true);
        };
        for (var i = 0; i < 6; i++) await term.TickAsync();
        Assert.True(term.Term.TargetLost.IsCompleted);

        term.Marathon.Fault = null;
        await Eventually.TrueAsync(async () => (await term.TickAsync()).Problem is null);

        Assert.Collection(
            term.Lines.Lines.Where(line => line.Contains("127.0.0.1", StringComparison.Ordinal)),
            line => Assert.Matches("^Warning: marathon at .* does not answer, and nothing is changed: [^\n]*$", line),
            line => Assert.Matches("^Information: marathon at .* answers again$", line));
    }
}
