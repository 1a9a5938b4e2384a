using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LifecycleManager.Decisions.Policies;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Cli.Tests.Deploy;

/// <summary>
/// Prometheus takes the rules and the dashboards' queries, each alert fires and resolves, and it is told what to do.
/// </summary>
public sealed partial class DeployRulesTests
{
    private const string AlertTests = "tests/LifecycleManager.Cli.Tests/Data/alerts.test.yml";

    [Fact]
    public async Task Prometheus_takes_the_rules_and_every_query()
    {
        var queries = new JsonArray([.. Dashboards.Queries("5m").Select((query, i) =>
            (JsonNode)new JsonObject { ["record"] = $"query{i}", ["expr"] = query.Expression })]);
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, new JsonObject
            {
                ["groups"] = new JsonArray(new JsonObject { ["name"] = "dashboards", ["rules"] = queries }),
            }.ToJsonString(), TestContext.Current.CancellationToken);
            await PromtoolAsync(["check", "rules", file, .. RepositoryRules.Files]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void The_example_policies_beside_lcm_are_whole()
    {
        var beside = Path.Combine(AppContext.BaseDirectory, "rules");
        using var policies = new PolicyDirectory(beside, TimeProvider.System, NullLogger<PolicyDirectory>.Instance);
        Assert.Equal(
            PolicyDirectory.Find(Repository.Path("rules")).Select(file => Path.GetFileName(file)),
            policies.Files.Select(file => Path.GetFileName(file.File)));
        Assert.DoesNotContain(policies.Problems, problem => problem.Severity == PolicySeverity.Error);
    }

    [Fact]
    public Task Each_alert_fires_and_resolves() => PromtoolAsync(["test", "rules", Repository.Path(AlertTests)]);

    [Fact]
    public void No_alert_is_without_a_case_that_fires_and_one_after_it_that_does_not()
    {
        var cases = ((List<object>)RepositoryYaml.Yaml(AlertTests)["tests"]).ToDictionary(
            test => test.Text("name")!,
            test => ((List<object>)((Dictionary<object, object>)test)["alert_rule_test"]).Cast<Dictionary<object, object>>()
                .Select(alert => (Name: alert.Text("alertname"), Fires: ((List<object>)alert["exp_alerts"]).Count > 0))
                .ToArray());
        Assert.Equal(Alerts().Select(alert => alert.Name).Order(StringComparer.Ordinal),
            cases.Keys.Order(StringComparer.Ordinal));
        Assert.All(cases, test => Assert.Equal([(test.Key, true), (test.Key, false)], test.Value));
    }

    [Fact]
    public void Each_alert_has_a_severity_and_its_part_of_the_readme_which_has_no_other()
    {
        var readme = File.ReadAllText(Repository.Path("dashboards/README.md"));
        var headings = Heading().Matches(readme).Select(match => match.Groups[1].Value).ToArray();
        Assert.Equal(Alerts().Select(alert => alert.Name), headings);
        Assert.All(Alerts(), alert =>
        {
            Assert.Contains(alert.Rule.Map("labels").Text("severity"), new[] { "critical", "warning", "info" });
            Assert.Equal($"dashboards/README.md#{alert.Name.ToLowerInvariant()}", alert.Rule.Map("annotations").Text("runbook"));
            var part = readme.Split($"### {alert.Name}\n")[1].Split("\n#")[0];
            Assert.Contains("**Do**", part, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("**Look**", part, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void The_Prometheus_of_docker_compose_has_them()
    {
        Assert.Equal(["rules/*.yml"], RepositoryYaml.Yaml("dashboards/prometheus.yml").Texts("rule_files"));
        Assert.Contains("./dashboards/rules:/etc/prometheus/rules:ro",
            RepositoryYaml.Yaml("docker-compose.yml").Map("services").Map("prometheus").Texts("volumes"));
    }

    private static IReadOnlyList<RepositoryRule> Alerts() => [.. RepositoryRules.All().Where(rule => rule.IsAlert)];

    private static async Task PromtoolAsync(IEnumerable<string> arguments)
    {
        using var promtool = Process.Start(new ProcessStartInfo(Server.Executable("promtool"), arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var output = promtool.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await promtool.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await promtool.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(promtool.ExitCode == 0, error + await output);
    }

    [GeneratedRegex(@"^### (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();
}
