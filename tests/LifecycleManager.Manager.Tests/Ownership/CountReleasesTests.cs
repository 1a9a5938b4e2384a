using System.Text.Json.Nodes;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Ownership;
using LifecycleManager.Manager.Tests.Fakes;

namespace LifecycleManager.Manager.Tests.Ownership;

/// <summary>A count is given back once its policy does not act any more, and is kept while that is not known.</summary>
public sealed class CountReleasesTests
{
    private const string App = "/brownfield/search";
    private const string Tpm = "gauge.servo.tpm";
    private const string Other = "policy: other\napp: /other\ninstances: { min: 0, max: 9 }\nrules: []\n";

    [Theory]
    [InlineData("deleted")]
    [InlineData("governs another app")]
    [InlineData("only watches")]
    [InlineData("paused in its file")]
    [InlineData("paused by hand")]
    [InlineData("all paused by hand")]
    public async Task A_policy_that_does_not_act_any_more_gives_its_count_back_once(string how)
    {
        await using var term = await OwningAsync();

        term.Policies = how switch
        {
            "deleted" => TermUnderTest.Parse(Other),
            "governs another app" => TermUnderTest.Parse(TermUnderTest.Search.Replace(App, "/another")),
            "only watches" => TermUnderTest.Parse(TermUnderTest.Search + "\ndryRun: true\n"),
            "paused in its file" => TermUnderTest.Parse(TermUnderTest.Search + "\npause: all\n"),
            _ => term.Policies,
        };
        if (how == "paused by hand") await term.Pauses.PauseAsync(App, Pause.All, null, null, term.Fence, default);
        if (how == "all paused by hand") await term.Pauses.PauseAsync(null, Pause.All, null, null, term.Fence, default);
        await term.TickAsync();
        await UntilOwnerAsync(term, null);
        for (var i = 0; i < 4; i++) await term.TickAsync();

        Assert.Single(term.Marathon.Puts, put => put.Owner == "none");
        Assert.Equal(3, term.Marathon[App].Instances);
    }

    [Fact]
    public async Task A_policy_that_is_paused_in_one_direction_acts_in_the_other_and_keeps_its_count()
    {
        await using var term = await OwningAsync();
        await term.Pauses.PauseAsync(App, Pause.ScaleIn, null, null, term.Fence, default);
        await TicksAsync(term);
        Assert.Equal("policy search", term.Marathon[App].Owner);
    }

    [Fact]
    public async Task Owners_that_are_no_policies_are_left_alone()
    {
        await using var term = await OwningAsync();
        term.Marathon[App].Owner = "team search";
        term.Policies = TermUnderTest.Parse(Other);
        await TicksAsync(term);
        Assert.Equal("team search", term.Marathon[App].Owner);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_release_that_fails_is_tried_again_also_by_a_successor(bool failover)
    {
        await using var term = await OwningAsync();
        term.Policies = TermUnderTest.Parse(Other);
        term.Marathon.Fault = FakeMarathon.OnPut(http => FakeMarathon.Json(http, 503, new JsonObject()));
        await TicksAsync(term);
        Assert.Equal("policy search", term.Marathon[App].Owner);

        if (failover) await term.KillManagerAsync();
        term.Marathon.Fault = null;
        if (failover) await term.StartManagerAsync();
        await UntilOwnerAsync(term, null);
    }

    [Fact]
    public async Task Policies_that_are_not_known_have_not_ended()
    {
        await using var term = await OwningAsync();
        term.Ends.AreKnown = false;
        term.Policies = PolicySet.Empty;
        await TicksAsync(term);

        Assert.Equal("policy search", term.Marathon[App].Owner);
        Assert.Equal(["policy search"], term.Term.UnknownOwners);
    }

    [Fact]
    public async Task A_policy_that_was_ended_by_hand_has_ended_whatever_the_files_tell_also_for_a_successor()
    {
        await using var term = await OwningAsync();
        term.Ends.AreKnown = false;
        term.Policies = PolicySet.Empty;
        term.Marathon.Add("/another", 2).Owner = "policy another";
        term.Marathon.Fault = FakeMarathon.OnPut(http => FakeMarathon.Json(http, 503, new JsonObject()));
        await term.Term.Ended.AddAsync(new EndedPolicy("search", term.Time.GetUtcNow(), null), term.Fence, default);
        await term.TickAsync();
        await term.KillManagerAsync();
        term.Marathon.Fault = null;
        await term.StartManagerAsync();

        Assert.Equal(["search"], term.Ends.Ended);
        await UntilOwnerAsync(term, null);
        Assert.Equal("policy another", term.Marathon["/another"].Owner);
    }

    [Fact]
    public async Task A_policy_whose_file_is_there_again_is_ended_no_more()
    {
        await using var term = await OwningAsync();
        await term.Term.Ended.AddAsync(new EndedPolicy("search", term.Time.GetUtcNow(), null), term.Fence, default);
        await TicksAsync(term);
        Assert.Single(term.Term.Ended.Entries);
        Assert.Equal("policy search", term.Marathon[App].Owner);

        term.Ends.There.Add("search");
        await term.TickAsync();
        Assert.Empty(term.Term.Ended.Entries);
    }

    [Fact]
    public async Task A_policy_that_acts_again_owns_the_count_that_it_sets_next()
    {
        await using var term = await OwningAsync();
        await term.Pauses.PauseAsync(App, Pause.All, null, null, term.Fence, default);
        await UntilOwnerAsync(term, null);
        await term.Pauses.ResumeAsync(App, Pause.All, term.Fence, default);
        term.Metrics[App, Tpm] = 34;
        await UntilOwnerAsync(term, "policy search");
        Assert.Equal(4, term.Marathon[App].Instances);
        await TicksAsync(term);
        Assert.Equal("policy search", term.Marathon[App].Owner);
    }

    /// <summary>A term whose policy has scaled its app from 2 to 3, and so owns its count.</summary>
    private static async Task<TermUnderTest> OwningAsync()
    {
        var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        await term.TickAsync();
        Assert.Equal(("policy search", 3), (term.Marathon[App].Owner, term.Marathon[App].Instances));
        return term;
    }

    private static async Task TicksAsync(TermUnderTest term)
    {
        for (var i = 0; i < 4; i++) await term.TickAsync();
    }

    private static Task UntilOwnerAsync(TermUnderTest term, string? owner) => Eventually.TrueAsync(async () =>
    {
        await term.TickAsync();
        return term.Marathon[App].Owner == owner;
    });
}
