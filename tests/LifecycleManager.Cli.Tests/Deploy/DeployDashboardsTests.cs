using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LifecycleManager.Cli.Tests.Deploy;

public sealed partial class DeployDashboardsTests
{
    [Fact]
    public void There_is_one_for_the_cluster_for_apps_and_for_autoscaling()
    {
        Assert.Equal(["apps.json", "autoscaling.json", "cluster.json"], Dashboards.Files.Select(dashboard => dashboard.File));
        Assert.Equal(["lcm-apps", "lcm-autoscaling", "lcm-cluster"],
            Dashboards.Files.Select(dashboard => (string)dashboard.Json["uid"]!));
    }

    [Fact]
    public void Panels_are_described_have_ids_of_their_own_and_do_not_lie_on_each_other() => Assert.All(
        Dashboards.Files, dashboard =>
    {
        Assert.Equal(39, (int)dashboard.Json["schemaVersion"]!);
        var panels = dashboard.Json["panels"]!.AsArray().Select(panel => panel!).ToArray();
        Assert.Equal(panels.Length, panels.Select(panel => (int)panel["id"]!).Distinct().Count());
        var cells = new HashSet<(int X, int Y)>();
        foreach (var panel in panels)
        {
            var (x, y, w, h) = Place(panel["gridPos"]!);
            Assert.InRange(x + w, 1, 24);
            for (var i = 0; i < w; i++)
                for (var j = 0; j < h; j++)
                    Assert.True(cells.Add((x + i, y + j)), $"{dashboard.File}: {panel["title"]} lies on another panel");
            if ((string)panel["type"]! != "row")
                Assert.False(string.IsNullOrEmpty((string?)panel["description"]), $"{dashboard.File}: {panel["title"]}");
        }
    });

    [Fact]
    public void Everything_asks_the_chosen_data_source_at_first_the_provisioned_one_and_Grafana_finds_the_files()
    {
        var source =
            (Dictionary<object, object>)((List<object>)RepositoryYaml.Yaml(
                "dashboards/provisioning/datasources/prometheus.yml")["datasources"]).Single();
        var provider =
            (Dictionary<object, object>)((List<object>)RepositoryYaml.Yaml(
                "dashboards/provisioning/dashboards/lifecyclemanager.yml")["providers"]).Single();
        var compose = RepositoryYaml.Yaml("docker-compose.yml").Map("services");

        Assert.All(Dashboards.Files, dashboard => Assert.All(Sources(dashboard.Json), uid => Assert.Equal("${datasource}", uid)));
        Assert.All(Dashboards.Files,
            dashboard => Assert.Equal(source.Text("uid"), (string)Variables(dashboard.Json)["datasource"]["current"]!["value"]!));
        Assert.Equal("http://prometheus:9090", source.Text("url"));
        Assert.Contains($"./dashboards:{provider.Map("options").Text("path")}:ro", compose.Map("grafana").Texts("volumes"));
        Assert.Contains("./dashboards/provisioning:/etc/grafana/provisioning:ro", compose.Map("grafana").Texts("volumes"));
    }

    [Fact]
    public void Cluster_and_job_are_chosen_and_every_panel_heeds_them()
    {
        Assert.All(Dashboards.Files, dashboard => Assert.Superset(
            new HashSet<string>(["datasource", "cluster", "job", "console"]), Variables(dashboard.Json).Keys.ToHashSet()));
        Assert.All(Dashboards.Raw().Where(query => !query.Where.Contains('$', StringComparison.Ordinal)), query =>
        {
            var isPanel = !query.Where.EndsWith(": Decisions", StringComparison.Ordinal);
            Assert.All(PromQlNames.Selectors(query.Expression), selector =>
                Assert.Superset(new HashSet<string>(isPanel ? ["cluster", "job"] : ["cluster"]), selector.Labels.ToHashSet()));
            Assert.DoesNotMatch(@"\[\d", query.Expression);
        });
    }

    [Fact]
    public void Decisions_are_marked_and_links_lead_to_the_console()
    {
        var pages = Directory.GetFiles(Repository.Path("src/LifecycleManager.Console/Pages"), "*.razor")
            .Select(page => PageRoute().Match(File.ReadAllText(page)).Groups[1].Value).ToArray();
        Assert.All(Dashboards.Files, dashboard =>
        {
            var annotation = Assert.Single(dashboard.Json["annotations"]!["list"]!.AsArray())!;
            Assert.Contains("lcm_manager_decisions_total", (string)annotation["expr"]!);
            Assert.All(Links(dashboard.Json), link =>
            {
                var path = link.Replace("${console:raw}", "/ui", StringComparison.Ordinal)
                    .Replace("${__field.labels.app}", "/{*Id}", StringComparison.Ordinal);
                Assert.Contains(path, pages);
            });
            Assert.NotEmpty(Links(dashboard.Json));
        });
    }

    /// <summary>
    /// Sums over roles do not double where several stand by, whatever two of them show for a moment: what a leader shows is
    /// taken once a cluster, and counters are added up as rates.
    /// </summary>
    [Fact]
    public void No_gauge_of_a_leader_is_added_up_over_roles() => Assert.All(Dashboards.Raw(), query =>
    {
        foreach (var (metric, _) in PromQlNames.Selectors(query.Expression))
        {
            if (!OfLeader().IsMatch(metric) || CounterOrHistogram().IsMatch(metric)) continue;
            Assert.Matches($@"(max by \([\w, ]+\) \({metric}\b|^{metric}\b|lcm_manager_leader)", query.Expression);
        }
    });

    /// <summary>The names that a room's sources give to its metrics: a quick look. Real roles are asked end to end.</summary>
    [Fact]
    public void Every_metric_shown_is_one_that_the_rooms_export()
    {
        var exported = Exported().ToHashSet(StringComparer.Ordinal);
        var shown = Dashboards.Queries("5m").Select(query => (query.Where, query.Expression))
            .Concat(RepositoryRules.All().Select(rule => (Where: rule.Name, rule.Expression)))
            .SelectMany(query => PromQlNames.Selectors(query.Expression), (query, selector) => (query.Where, selector.Metric))
            .Where(shown => shown.Metric.StartsWith("lcm_", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(shown);
        Assert.All(shown, metric => Assert.True(
            exported.Contains(metric.Metric) || exported.Contains(HistogramPart().Replace(metric.Metric, "")),
            $"{metric.Where} shows {metric.Metric}, which is not exported"));
    }

    private static IEnumerable<string> Exported() =>
        Directory.EnumerateFiles(Repository.Path("src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Contains("obj"))
            .SelectMany(file => MetricLiteral().Matches(File.ReadAllText(file)), (_, literal) => literal.Groups["name"].Value);

    private static Dictionary<string, JsonNode> Variables(JsonNode dashboard) =>
        dashboard["templating"]!["list"]!.AsArray().ToDictionary(variable => (string)variable!["name"]!, variable => variable!);

    private static IEnumerable<string> Links(JsonNode dashboard) => dashboard["links"]!.AsArray()
        .Concat(dashboard["panels"]!.AsArray().SelectMany(panel =>
            panel!["fieldConfig"]?["defaults"]?["links"]?.AsArray() ?? []))
        .Select(link => (string)link!["url"]!).Where(url => url.Length > 0);

    private static IEnumerable<string> Sources(JsonNode dashboard) => dashboard["panels"]!.AsArray()
        .Where(panel => panel!["datasource"] is not null)
        .SelectMany(panel => panel!["targets"]!.AsArray().Append(panel))
        .Concat(Variables(dashboard).Values.Where(variable => variable["datasource"] is not null))
        .Concat(dashboard["annotations"]!["list"]!.AsArray())
        .Select(holder => (string)holder!["datasource"]!["uid"]!);

    private static (int X, int Y, int W, int H) Place(JsonNode grid) =>
        ((int)grid["x"]!, (int)grid["y"]!, (int)grid["w"]!, (int)grid["h"]!);

    [GeneratedRegex("\"(?<name>lcm_[a-z0-9_]+)\"")]
    private static partial Regex MetricLiteral();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex HistogramPart();

    [GeneratedRegex("_(total|bucket)$")]
    private static partial Regex CounterOrHistogram();

    [GeneratedRegex("^lcm_(master|scheduler|manager|metrics)_(?!leader$|leading$)")]
    private static partial Regex OfLeader();

    [GeneratedRegex("@page \"([^\"]+)\"")]
    private static partial Regex PageRoute();
}
