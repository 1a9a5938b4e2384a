using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LifecycleManager.Testing;

namespace LifecycleManager.Cli.Tests.Deploy;

public sealed partial class DeployDashboardsTests
{
    private static readonly (string File, JsonNode Json)[] Dashboards =
        [.. Directory.GetFiles(Repository.Path("dashboards"), "*.json").Order(StringComparer.Ordinal)
            .Select(path => (Path.GetFileName(path), JsonNode.Parse(File.ReadAllText(path))!))];

    [Fact]
    public void There_is_one_for_the_cluster_for_apps_and_for_autoscaling()
    {
        Assert.Equal(["apps.json", "autoscaling.json", "cluster.json"], Dashboards.Select(dashboard => dashboard.File));
        Assert.Equal(["lcm-apps", "lcm-autoscaling", "lcm-cluster"],
            Dashboards.Select(dashboard => (string)dashboard.Json["uid"]!));
    }

    [Fact]
    public void Panels_are_described_have_ids_of_their_own_and_do_not_lie_on_each_other() => Assert.All(Dashboards, dashboard =>
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
    public void Everything_asks_the_data_source_that_is_provisioned_and_Grafana_finds_the_files()
    {
        var source =
            (Dictionary<object, object>)((List<object>)RepositoryYaml.Yaml(
                "dashboards/provisioning/datasources/prometheus.yml")["datasources"]).Single();
        var provider =
            (Dictionary<object, object>)((List<object>)RepositoryYaml.Yaml(
                "dashboards/provisioning/dashboards/lifecyclemanager.yml")["providers"]).Single();
        var compose = RepositoryYaml.Yaml("docker-compose.yml").Map("services");

        Assert.All(Dashboards, dashboard => Assert.All(Sources(dashboard.Json), uid => Assert.Equal(source.Text("uid"), uid)));
        Assert.Equal("http://prometheus:9090", source.Text("url"));
        Assert.Contains($"./dashboards:{provider.Map("options").Text("path")}:ro", compose.Map("grafana").Texts("volumes"));
        Assert.Contains("./dashboards/provisioning:/etc/grafana/provisioning:ro", compose.Map("grafana").Texts("volumes"));
    }

    [Fact]
    public async Task Every_query_is_PromQL()
    {
        var rules =
            new JsonArray([.. Expressions()
                .Select((query, i) => (JsonNode)new JsonObject { ["record"] = $"query{i}", ["expr"] = query.Expression })]);
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(
                file, new JsonObject { ["groups"] = new JsonArray(new JsonObject { ["name"] = "dashboards", ["rules"] = rules }) }
                .ToJsonString(), TestContext.Current.CancellationToken);
            using var promtool = Process.Start(new ProcessStartInfo(Server.Executable("promtool"),
                ["check", "rules", file])
            { RedirectStandardError = true, RedirectStandardOutput = true })!;
            var output = promtool.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            var error = await promtool.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await promtool.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(promtool.ExitCode == 0, error + await output);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>
    /// The names that a room's sources give to its metrics, rather than those of a running role: a metric with labels
    /// shows in /metrics only once something happened.
    /// </summary>
    [Theory]
    [InlineData("lcm_master_")]
    [InlineData("lcm_agent_")]
    [InlineData("lcm_scheduler_")]
    [InlineData("lcm_manager_")]
    [InlineData("lcm_metrics_")]
    [InlineData("http_request")]
    public void Every_metric_shown_is_one_that_the_rooms_export(string prefix)
    {
        var shown = Expressions().SelectMany(query => MetricName()
            .Matches(query.Expression), (query, name) => (query.File, Name: name.Value))
            .Where(metric => metric.Name.StartsWith(prefix, StringComparison.Ordinal)).ToArray();
        var exported = Exported().Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).ToHashSet();
        Assert.NotEmpty(shown);
        Assert.SkipWhen(exported.Count == 0, $"no room exports {prefix}* yet");

        Assert.All(shown, metric => Assert.True(
            exported.Contains(metric.Name) || exported.Contains(HistogramPart().Replace(metric.Name, "")),
            $"{metric.File} shows {metric.Name}, which is not exported; there are {string.Join(", ", exported.Order(StringComparer.Ordinal))}"));
    }

    private static IEnumerable<string> Exported()
    {
        foreach (var file in Directory.EnumerateFiles(Repository.Path("src"), "*.cs", SearchOption.AllDirectories))
        {
            if (file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
                continue;
            var text = File.ReadAllText(file);
            foreach (Match literal in MetricLiteral().Matches(text)) yield return literal.Groups["name"].Value;
            // prometheus-net's own, counted by its middleware.
            if (!text.Contains(".UseHttpMetrics(", StringComparison.Ordinal)) continue;
            yield return "http_requests_received_total";
            yield return "http_request_duration_seconds";
        }
    }

    /// <summary>Each panel's queries and each variable's, with the variables replaced by what matches all.</summary>
    private static IEnumerable<(string File, string Expression)> Expressions() => Dashboards.SelectMany(dashboard =>
        dashboard.Json["panels"]!.AsArray().SelectMany(panel => panel!["targets"]?.AsArray()
            .Select(target => (string)target!["expr"]!) ?? [])
            .Concat(dashboard.Json["templating"]!["list"]!.AsArray()
                .Select(variable => LabelValues().Replace((string)variable!["definition"]!, "$1")))
            .Select(expression => (dashboard.File, expression.Replace("$app", ".*", StringComparison.Ordinal))));

    private static IEnumerable<string> Sources(JsonNode dashboard) => dashboard["panels"]!.AsArray()
        .Where(panel => panel!["datasource"] is not null)
        .SelectMany(panel => panel!["targets"]!.AsArray().Append(panel).Select(holder => (string)holder!["datasource"]!["uid"]!));

    private static (int X, int Y, int W, int H) Place(JsonNode grid) =>
        ((int)grid["x"]!, (int)grid["y"]!, (int)grid["w"]!, (int)grid["h"]!);

    [GeneratedRegex(@"\b(lcm|http_request)[a-z0-9]*_[a-z0-9_]+")]
    private static partial Regex MetricName();

    [GeneratedRegex("\"(?<name>lcm_[a-z0-9_]+)\"")]
    private static partial Regex MetricLiteral();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex HistogramPart();

    [GeneratedRegex(@"^label_values\((\w+), \w+\)$")]
    private static partial Regex LabelValues();
}
