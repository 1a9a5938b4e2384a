using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Overriding;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Tests.Fakes;

namespace LifecycleManager.Manager.Tests.Evaluation;

/// <summary>A scale-in that made things worse is taken back, by whichever manager leads then.</summary>
public sealed class WorseTests
{
    private const string App = "/brownfield/search";
    private const string Tpm = "gauge.servo.tpm";
    private const string Latency = "latency";
    private static readonly string Policy = TermUnderTest.Search
        .Replace("across: sum }", "across: sum }\n  slow: { actuator: latency }")
        .Replace("limit: [] }\nscaleIn: { ", "limit: [] }\nscaleIn: { worse: { metric: slow }, ");

    [Theory]
    [InlineData("nobody")]
    [InlineData("kill")]
    [InlineData("hand over")]
    public async Task It_is_taken_back_once_held_and_told(string ends)
    {
        await using var term = await ShrunkAsync();
        term.Metrics[App, Latency] = 0.3;
        await EndAsync(term, ends);
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[App].Instances);
        var back = term.Records().First(record => record.Kind == DecisionKind.ScaleOut);
        Assert.Equal((DecisionOutcome.Applied, (string?)null), (back.Outcome, back.Rule));
        Assert.Equal("the scale-in from 3 to 2 is taken back: slow is 0.3, 50% worse than 0.2 just before", back.Reason);

        await EndAsync(term, ends);
        await term.TickAsync();
        var hold = term.State.Snapshot.Apps[App].ScaleInHeld!;
        Assert.Equal("after the scale-in from 3 to 2 slow is 0.3, 50% worse than 0.2 just before", hold.Why);
        Assert.Equal(TimeSpan.FromMinutes(15), hold.Until - hold.Since);

        // It would shrink at once, and is held and told.
        term.Metrics[App, Tpm] = 1;
        await term.TickAsync();
        Assert.Equal((DecisionOutcome.Held, "worse"), (term.Records()[0].Outcome, term.Records()[0].Adjustments[^1].By));
        Assert.Equal(3, term.Marathon[App].Instances);
        await term.TickAsync((hold.Until - term.Time.GetUtcNow()).TotalSeconds);
        Assert.Equal(2, term.Marathon[App].Instances);
        await term.TickAsync();
        Assert.Null(term.State.Snapshot.Apps[App].ScaleInHeld);
    }

    [Fact]
    public async Task What_holds_all_changes_holds_it_and_it_comes_after_that()
    {
        await using var term = await ShrunkAsync();
        term.Metrics[App, Latency] = 0.3;
        await term.Term.Stop.StopAsync("an incident", null, term.Fence, default);
        await term.Pauses.PauseAsync(App, Pause.ScaleOut, null, null, term.Fence, default);
        await term.TickAsync();
        await term.Term.Stop.StartAsync(term.Fence, default);
        await term.TickAsync();
        Assert.Equal(2, term.Marathon[App].Instances);
        await term.Pauses.ResumeAsync(App, Pause.All, term.Fence, default);
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[App].Instances);
    }

    [Fact]
    public async Task An_override_has_the_last_word()
    {
        await using var term = await ShrunkAsync();
        var now = term.Time.GetUtcNow();
        await term.Term.Overrides.SetAsync(
            new OverrideEntry { App = App, Instances = 2, Since = now, Until = now.AddHours(1) }, term.Fence, default);
        term.Metrics[App, Latency] = 0.3;
        await term.TickAsync();
        Assert.Equal(2, term.Marathon[App].Instances);
    }

    /// <summary>A term whose policy has just shrunk its app from 3 to 2.</summary>
    private static async Task<TermUnderTest> ShrunkAsync()
    {
        var term = await TermUnderTest.StartAsync(Policy);
        term.Marathon.Add(App, 3);
        (term.Metrics[App, Tpm], term.Metrics[App, Latency]) = (14, 0.2);
        await term.TickAsync();
        Assert.Equal(2, term.Marathon[App].Instances);
        return term;
    }

    private static async Task EndAsync(TermUnderTest term, string how)
    {
        if (how == "kill") await term.KillManagerAsync();
        if (how == "kill") await term.StartManagerAsync();
        if (how == "hand over") await term.HandOverAsync();
    }
}
