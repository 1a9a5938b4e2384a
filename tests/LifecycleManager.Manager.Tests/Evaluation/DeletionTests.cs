using LifecycleManager.Decisions.Engine;
using LifecycleManager.Manager.Tests.Fakes;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Manager.Tests.Evaluation;

/// <summary>An app that was deleted at its target is intent; one that a list lacks is neither lost nor gone.</summary>
public sealed class DeletionTests
{
    private const string Tpm = "gauge.servo.tpm";
    private const string Stays = "/brownfield/stays";
    private static readonly string[] Leave = ["/brownfield/a", "/brownfield/b", "/brownfield/c"];

    private static readonly string Policy = TermUnderTest.Search
        .Replace("/brownfield/search", "/brownfield/*", StringComparison.Ordinal)
        .Replace("scaleIn: { stabilization: 0s, limit: [] }", "scaleIn: { stabilization: 0s, limit: [ 1 per 1h ] }",
            StringComparison.Ordinal);

    [Fact]
    public async Task Apps_that_are_deleted_do_not_stop_the_others_from_shrinking()
    {
        await using var term = await StartAsync();
        foreach (var app in Leave) term.Marathon.Remove(app);
        term.Metrics[Stays, Tpm] = 1;
        await term.TickAsync();

        Assert.Null(term.State.Snapshot.ScaleInStopped);
        Assert.Equal(3, term.Marathon[Stays].Instances);
        Assert.Equal([Stays], term.State.Snapshot.Apps.Keys);
        Assert.DoesNotContain("lcm_manager_instances{app=\"/brownfield/a\"}", await term.MetricsTextAsync());
    }

    [Theory]
    [InlineData(200)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(503)]
    public async Task A_list_that_lacks_apps_which_are_not_said_to_be_gone_stops_all_and_nothing_is_forgotten(int status)
    {
        await using var term = await StartAsync();
        foreach (var app in Leave) term.Metrics[app, Tpm] = 1;
        await term.TickAsync();
        Assert.All(Leave, app => Assert.Equal(3, term.Marathon[app].Instances));

        // Asked by name they are there, or nobody can tell: a proxy's page is not the target's word.
        foreach (var app in Leave) term.Marathon.Unlisted[app] = true;
        term.Marathon.Fault = async http =>
        {
            if (status == 200 || http.Request.Path.Value == "/v2/apps" || http.Request.Method != "GET") return false;
            http.Response.StatusCode = status;
            await http.Response.WriteAsync("<html>");
            return true;
        };
        term.Metrics[Stays, Tpm] = 1;
        await term.TickAsync();

        Assert.Contains("instances that ran are missing", term.State.Snapshot.ScaleInStopped);
        Assert.Equal(4, term.Marathon[Stays].Instances);
        Assert.Equal(4, term.State.Snapshot.Apps.Count);
        Assert.Equal(3, term.State.Snapshot.Unlisted);

        // They are back: the limit still knows what was done to them.
        term.Marathon.Fault = null;
        term.Marathon.Unlisted.Clear();
        await term.TickAsync(70);
        await term.TickAsync(70);
        Assert.Null(term.State.Snapshot.ScaleInStopped);
        Assert.Equal(0, term.State.Snapshot.Unlisted);
        Assert.All(Leave, app => Assert.Equal(3, term.Marathon[app].Instances));
        Assert.Equal(3, term.Marathon[Stays].Instances);
    }

    [Fact]
    public async Task An_app_that_a_list_lacks_for_long_is_taken_for_gone()
    {
        await using var term = await StartAsync();
        term.Marathon.Unlisted[Leave[0]] = true;
        await term.TickAsync();
        Assert.Equal((4, 1), (term.State.Snapshot.Apps.Count, term.State.Snapshot.Unlisted));
        await term.TickAsync(16 * 60);
        Assert.Equal((3, 0), (term.State.Snapshot.Apps.Count, term.State.Snapshot.Unlisted));
    }

    [Fact]
    public async Task An_app_that_is_made_anew_after_its_deletion_begins_without_a_past()
    {
        await using var term = await StartAsync();
        term.Metrics[Leave[0], Tpm] = 1;
        await term.TickAsync();
        term.Marathon.Remove(Leave[0]);
        await term.TickAsync();
        term.Marathon.Add(Leave[0], 4);
        await term.TickAsync();

        Assert.Equal(2, term.Records(Leave[0]).Count(record => record.Kind == DecisionKind.ScaleIn));
    }

    private static async Task<TermUnderTest> StartAsync()
    {
        var term = await TermUnderTest.StartAsync(Policy);
        foreach (var app in (string[])[.. Leave, Stays])
        {
            term.Marathon.Add(app, 4);
            term.Metrics[app, Tpm] = 30;
        }

        await term.TickAsync();
        return term;
    }
}
