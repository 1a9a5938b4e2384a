using System.Text.Json.Nodes;
using LifecycleManager.EndToEnd.Tests.Harness;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>The manager fails static: metrics that cannot be had change nothing, and it says so.</summary>
public sealed class MetricsFaultTests
{
    private static readonly Dictionary<string, string> Rules = new()
    {
        ["faulty.yml"] = """
            policy: faulty
            app: /faulty
            instances: { min: 1, max: 3 }
            metrics:
              tpm: { actuator: gauge.servo.tpm, across: sum }
            rules:
              - rule: busy
                when: tpm > 1000
                then: { add: 1 }
              - rule: idle
                when: tpm < 1000
                then: { remove: 1 }
            """,
    };

    [Theory]
    [InlineData("error")]
    [InlineData("html")]
    [InlineData("endless")]
    [InlineData("hang")]
    public async Task A_metrics_endpoint_that_fails_marks_its_target_down_and_changes_no_count(string fault)
    {
        await using var stack = await Stack.UpAsync(["--docker", "unix:///nowhere/docker.sock"], Rules);
        using (var posted = await stack.PostAsync(SampleApps.SearchProcess("/faulty", 2, $"--fault {fault}"))) Assert.True(
            posted.IsSuccessStatusCode);
        await stack.InstancesAsync("/faulty", 2);

        await Eventually.TrueAsync(async () =>
        {
            var list = JsonNode.Parse(await stack.Manager.GetStringAsync("/v1/targets"))!["targets"]!.AsArray();
            return list.Count == 2 && list.All(target => (string?)target!["state"] == "down"
                && !string.IsNullOrEmpty((string?)target["lastError"]));
        }, "two targets that are down", more: stack.Describe);
        await Task.Delay(TimeSpan.FromSeconds(4), TestContext.Current.CancellationToken);

        await stack.InstancesAsync("/faulty", 2);
        Assert.DoesNotContain("\"to\":1", (await stack.DecisionsAsync("/faulty")).ToJsonString(), StringComparison.Ordinal);
    }
}
