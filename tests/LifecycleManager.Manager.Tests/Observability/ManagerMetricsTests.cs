using LifecycleManager.Manager.Tests.Fakes;

namespace LifecycleManager.Manager.Tests.Observability;

/// <summary>What a manager shows of apps ends with them, and with its term.</summary>
public sealed class ManagerMetricsTests
{
    private const string App = "/brownfield/search", Tpm = "gauge.servo.tpm";

    [Fact]
    public async Task An_app_is_shown_from_zero_and_its_first_decision_is_seen_to_happen()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        await term.TickAsync();

        var first = await term.ScrapeAsync();
        Assert.Contains(Decisions("too many transactions", "scale_out", 0), first);
        foreach (var line in new[]
        {
            Decisions("", "scale_out", 0), Decisions("", "scale_in", 0),
            $"lcm_manager_scale_failures_total{{app=\"{App}\",reason=\"refused\"}} 0",
            $"lcm_manager_scale_failures_total{{app=\"{App}\",reason=\"unavailable\"}} 0",
            $"lcm_manager_scale_postponed_total{{app=\"{App}\"}} 0",
            $"lcm_manager_evaluation_failures_total{{app=\"{App}\"}} 0",
            "lcm_manager_ticks_total{outcome=\"failed\"} 0",
        })
        {
            Assert.Contains(line, first);
        }

        Assert.Contains(Decisions("too many transactions", "scale_out", 1), await term.ScrapeAsync());
    }

    [Fact]
    public async Task A_deleted_app_takes_its_counters_with_it_and_one_without_a_policy_its_gauges()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        await term.TickAsync();
        term.Policies = TermUnderTest.Parse(TermUnderTest.Search.Replace(App, "/other", StringComparison.Ordinal));
        await term.TickAsync();

        var ungoverned = await term.ScrapeAsync();
        Assert.DoesNotContain($"lcm_manager_instances{{app=\"{App}\"", ungoverned);
        Assert.Contains($"lcm_manager_decisions_total{{app=\"{App}\"", ungoverned);

        term.Marathon.Remove(App);
        await term.TickAsync();
        Assert.DoesNotContain(App, await term.ScrapeAsync());
    }

    [Fact]
    public async Task A_manager_that_is_deposed_shows_no_app_and_no_target_any_more()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        await term.TickAsync();
        var leading = await term.ScrapeAsync();
        Assert.Contains("lcm_manager_leader 1\n", leading);
        Assert.Contains("lcm_manager_target_up 1\n", leading);
        Assert.Contains($"lcm_manager_policy_held{{app=\"{App}\",policy=\"search\"}} 1\n", leading);

        await term.KillManagerAsync();
        var deposed = await term.ScrapeAsync();
        Assert.Contains("lcm_manager_leader 0\n", deposed);
        foreach (var gone in new[] { App, "\nlcm_manager_target_up ", "\nlcm_manager_changes_in_flight ",
            "\nlcm_manager_scale_in_stopped ", "\nlcm_manager_stopped " })
        {
            Assert.DoesNotContain(gone, deposed);
        }

        await term.StartManagerAsync();
        Assert.Contains($"lcm_manager_policy_held{{app=\"{App}\",policy=\"search\"}} 1\n", await term.ScrapeAsync());
    }

    [Fact]
    public async Task What_is_used_and_allowed_of_budgets_is_shown_as_long_as_they_are_in_force()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Policies = TermUnderTest.Parse(TermUnderTest.Search + """

            ---
            budget: all
            apps: /**
            instances: 5
            cost: 1.5
            """);
        await term.TickAsync();
        var metrics = await term.ScrapeAsync();
        Assert.Contains("lcm_manager_budget_used{budget=\"all\",resource=\"instances\"} 2\n", metrics);
        Assert.Contains("lcm_manager_budget_allowed{budget=\"all\",resource=\"cost_per_hour\"} 1.5\n", metrics);

        // Nobody has said what an instance costs: that is no 0.
        Assert.DoesNotContain("lcm_manager_budget_used{budget=\"all\",resource=\"cost_per_hour\"}", metrics);
        var use = Assert.Single(term.State.Snapshot.Budgets);
        Assert.Equal((2, null), (use.Instances, use.Cost));

        term.Policies = TermUnderTest.Parse(TermUnderTest.Search);
        await term.TickAsync();
        Assert.DoesNotContain("lcm_manager_budget_used{", await term.ScrapeAsync());
    }

    private static string Decisions(string rule, string kind, int count) =>
        $"lcm_manager_decisions_total{{app=\"{App}\",policy=\"search\",rule=\"{rule}\",kind=\"{kind}\"}} {count}\n";
}
