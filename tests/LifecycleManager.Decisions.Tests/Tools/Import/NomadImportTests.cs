using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tests.Tools.Import;

/// <summary>The keys of Nomad's autoscaler beside what became of them.</summary>
public sealed class NomadImportTests
{
    private const string Target = "strategy \"target-value\" { target = 70 }";

    [Theory]
    [InlineData("avg_cpu-allocated", "cpu", Aggregation.Avg, "value: 0.7,")]
    [InlineData("max_cpu-allocated", "cpu", Aggregation.Max, "value: 0.7,")]
    [InlineData("avg_memory-allocated", "mem", Aggregation.Avg, "value: 0.7,")]
    [InlineData("sum_memory", "mem.bytes", Aggregation.Sum, "value: 70,")]
    public void Without_a_source_nomad_itself_is_asked(string query, string statistic, Aggregation across, string text)
    {
        var import = Check($"query = \"{query}\"\n{Target}").LosesNothing();
        var metric = Assert.Single(import.Policy.Metrics).Query;
        Assert.Equal((MetricSource.Container, statistic, across), (metric.Source, metric.Selector, metric.Across));
        Assert.Contains(text + " tolerance: 0.01", import.Text, StringComparison.Ordinal);
        Assert.Contains("cooldown: 5m", import.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("query_window_offset = \"1m\"", "query_window_offset")]
    [InlineData("on_error = \"fail\"", "on_error")]
    [InlineData("colour = \"red\"", "colour")]
    public void A_checks_key_without_counterpart_is_lost(string key, string about) =>
        Check($"{key}\nquery = \"avg_cpu-allocated\"\n{Target}").Loses("7:1", about);

    [Theory]
    [InlineData("max_scale_up = 2", "max_scale_up")]
    [InlineData("max_scale_down = 2", "max_scale_down")]
    [InlineData("colour = 2", "colour")]
    public void A_strategys_key_without_counterpart_is_lost(string key, string about) =>
        Check($"query = \"avg_cpu-allocated\"\nstrategy \"target-value\" {{\ntarget = 70\n{key}\n}}").Loses("10:1", about);

    [Fact]
    public void A_threshold_loses_its_count_of_points_and_keeps_its_bounds()
    {
        var import = Check("source = \"prometheus\"\nquery = \"up\"\n"
            + "strategy \"threshold\" {\nlower_bound = 2\nupper_bound = 4\nwithin_bounds_trigger = 3\npercentage = 12.5\n}")
            .Loses("12:1", "3 points of the query's window");
        Assert.Contains("when: c >= 2 and c < 4", import.Text, StringComparison.Ordinal);
        var cluster = import.At(8);
        cluster.Metrics["up"] = 3;
        Assert.Equal(9, cluster.Tick().To);
    }

    [Theory]
    [InlineData("source = \"prometheus\"\nquery = \"up\"", "", "5 points of the query's window")]
    [InlineData("source = \"prometheus\"\nquery = \"up\"", "within_bounds_trigger = 1", "1 points of the query's window")]
    [InlineData("query = \"avg_memory\"", "", "over the one point that nomad-apm gives")]
    public void A_thresholds_points_are_lost_where_it_names_none_too(string query, string key, string about)
    {
        var import = Check($"{query}\nstrategy \"threshold\" {{\nlower_bound = 2\ndelta = 1\n{key}\n}}");
        Assert.Contains(about, Assert.Single(import.Lost), StringComparison.Ordinal);
        Assert.Single(import.Policy.Rules);
    }

    [Fact]
    public void A_group_is_lost_beside_other_checks()
    {
        var import = Policy($"check \"a\" {{\nquery = \"avg_memory\"\n{Target}\n}}\n"
            + $"check \"b\" {{\ngroup = \"g\"\nquery = \"avg_memory\"\n{Target}\n}}");
        import.Loses("11:1", "has no counterpart beside other checks");
        Assert.Equal(2, import.Policy.Rules.Count);
    }

    [Theory]
    [InlineData("target \"nomad-target\" {\nJob = \"web\"\nGroup = \"front\"\n}", "")]
    [InlineData("target {}", "")]
    [InlineData("target \"nomad-target\" {\nJob = \"shop\"\n}", "is another one than the job")]
    [InlineData("target \"aws-asg\" {\naws_asg_name = \"x\"\n}", "is another one than the job")]
    [InlineData("target \"nomad\" {\ncolour = \"red\"\n}", "colour")]
    [InlineData("target = 5", "must be a block")]
    public void A_jobs_target_is_its_own(string target, string about)
    {
        var import = Policy(target);
        if (about.Length == 0) import.LosesNothing();
        else import.Loses(about == "colour" ? "7:1" : "6:1", about);
        Assert.Equal("/web/front", import.Policy.App.Text);
    }

    [Fact]
    public void Labels_stand_on_their_blocks_line()
    {
        // What an ellipsis of a document would swallow is the block that says what is scaled.
        var import = Importing.Of("p.hcl", "scaling \"nodes\" {\nmax = 9\npolicy {\n...\ntarget \"aws-asg\" {\n}\n}\n}");
        Assert.Equal((2, ""), (import.Code, import.Output));
        Assert.StartsWith("p.hcl:4:1: error: '...' is neither an attribute nor a block", import.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_block_that_is_given_twice_is_lost_once() => Importing.Of("j.nomad",
        "job \"web\" {\ngroup \"front\" {\nscaling {\nmax = 9\npolicy {\ncooldown = \"1m\"\n}\n"
        + "policy {\ncooldown = \"2m\"\n}\n}\n}\n}")
        .Loses("8:1", "is given twice");

    [Theory]
    [InlineData("source = \"datadog\"\nquery = \"x\"\n" + Target)]
    [InlineData("source = var.apm\nquery = \"x\"\n" + Target)]
    [InlineData("query = \"p95_cpu\"\n" + Target)]
    [InlineData("query = \"avg_disk\"\n" + Target)]
    [InlineData("query = \"avg_${var.what}\"\n" + Target)]
    [InlineData("query = \"avg_cpu\"\nstrategy \"target-value\" { target = var.goal }")]
    [InlineData("query = \"avg_cpu\"\nstrategy \"target-value\" { }")]
    [InlineData("query = \"avg_cpu\"\nstrategy \"app-sizing-max\" { }")]
    [InlineData("query = \"avg_cpu\"")]
    [InlineData("source = \"prometheus\"\nquery = \"up\"\nstrategy \"threshold\" {\nlower_bound = 2\n}")]
    [InlineData("source = \"prometheus\"\nquery = \"up\"\nstrategy \"threshold\" {\ndelta = 2\n}")]
    [InlineData("source = \"prometheus\"\nquery = \"up\"\nstrategy \"threshold\" {\nlower_bound = 2\ndelta = 1\nvalue = 2\n}")]
    [InlineData("strategy \"fixed-value\" { value = 2.5 }")]
    public void A_check_that_cannot_be_read_makes_no_rule(string check)
    {
        var import = Check(check);
        Assert.Equal(1, import.Code);
        Assert.Empty(import.Policy.Rules);
    }

    [Fact]
    public void The_old_form_of_a_strategy_is_read()
    {
        var import = Policy("source = \"prometheus\"\nquery = \"up\"\n"
            + "strategy = { name = \"target-value\", min = 1, config = { target = 20 } }").Loses("8:37", "the bounds are");
        Assert.Contains("value: 20", import.Text, StringComparison.Ordinal);
        Assert.Equal("up", Assert.Single(import.Policy.Metrics).Query.Selector);
    }

    [Theory]
    [InlineData("cooldown = \"90s\"", "cooldown: 1m30s")]
    [InlineData("", "cooldown: 5m")]
    public void The_cooldown_is_nomads(string key, string text) =>
        Assert.Contains(text, Policy(key).LosesNothing().Text, StringComparison.Ordinal);

    [Theory]
    [InlineData("cooldown = \"soon\"", "cooldown")]
    [InlineData("cooldown_on_scale_up = \"1m\"", "cooldown_on_scale_up")]
    [InlineData("on_check_error = \"fail\"", "on_check_error")]
    public void A_policys_key_without_counterpart_is_lost(string key, string about)
    {
        var import = Policy(key).Loses("6:1", about);
        if (about == "cooldown") Assert.DoesNotContain("cooldown", import.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("count = 3\nscaling {\nmax = 9\n}", "min: 3, max: 9")]
    [InlineData("scaling {\nmax = 9\n}", "min: 1, max: 9")]
    public void The_least_count_is_the_groups(string group, string bounds) => Assert.Contains(bounds,
        Importing.Of("j.nomad", $"job \"web\" {{\ngroup \"front\" {{\n{group}\n}}\n}}").LosesNothing().Text,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("scaling {\nmin = 1\n}")]
    [InlineData("scaling {\nmax = var.max\n}")]
    [InlineData("scaling {\nmin = 4\nmax = 2\n}")]
    [InlineData("scaling {\nmax = 9\nenabled = var.on\n}")]
    [InlineData("scaling {\nmax = 9\ntype = \"vertical_cpu\"\n}")]
    [InlineData("task \"t\" {\nscaling \"cpu\" {\nmax = 9\n}\n}")]
    public void What_does_not_bound_a_count_makes_no_policy(string group)
    {
        var import = Importing.Of("j.nomad", $"job \"web\" {{\ngroup \"front\" {{\n{group}\n}}\n}}");
        Assert.Equal((1, ""), (import.Code, import.Output));
        Assert.NotEmpty(import.Lost);
    }

    [Fact]
    public void A_clusters_policy_is_no_apps()
    {
        var import = Importing.Of("p.hcl",
            "scaling \"nodes\" {\nmax = 9\npolicy {\ntarget \"aws-asg\" {\naws_asg_name = \"x\"\n}\n}\n}");
        Assert.Equal((1, ""), (import.Code, import.Output));
        import.Loses("1:1", "scales a cluster's machines by 'aws-asg'");
    }

    [Fact]
    public void A_policy_file_names_its_job_in_the_target() => Assert.Equal("/web/front", Importing.Of("p.hcl",
        "scaling \"front\" {\nmax = 9\npolicy {\ntarget \"nomad-target\" {\nJob = \"web\"\nGroup = \"front\"\n}\n}\n}")
        .LosesNothing().Policy.App.Text);

    private static Importing Check(string check) => Policy($"check \"c\" {{\n{check}\n}}");

    private static Importing Policy(string policy) => Importing.Of("j.nomad",
        $"job \"web\" {{\ngroup \"front\" {{\nscaling {{\nmax = 90\npolicy {{\n{policy}\n}}\n}}\n}}\n}}");
}
