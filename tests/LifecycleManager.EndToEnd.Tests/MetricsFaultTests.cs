using System.Text.Json.Nodes;
using LifecycleManager.EndToEnd.Tests.Harness;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>The manager fails static: metrics that cannot be had change nothing, and it says so.</summary>
public sealed class MetricsFaultTests
{
    private static readonly string[] Faults = ["error", "html", "endless", "hang"];

    [Fact]
    public async Task A_metrics_endpoint_that_fails_in_whatever_way_marks_its_target_down_and_changes_no_count()
    {
        await using var stack = await Stack.UpAsync(["--docker", "unix:///nowhere/docker.sock"],
            Faults.ToDictionary(fault => fault + ".yml", Policy));
        foreach (var fault in Faults)
        {
            using var posted = await stack.PostAsync(SampleApps.SearchProcess("/" + fault, 2, $"--fault {fault}"));
            Assert.True(posted.IsSuccessStatusCode, await posted.Content.ReadAsStringAsync());
        }

        foreach (var fault in Faults) await stack.InstancesAsync("/" + fault, 2);
        await Eventually.TrueAsync(async () =>
        {
            var list = JsonNode.Parse(await stack.Manager.GetStringAsync("/v1/targets"))!["targets"]!.AsArray()
                .Where(target => target!["app"] is not null).ToList();
            return list.Count == 2 * Faults.Length && list.All(target => (string?)target!["state"] == "down"
                && !string.IsNullOrEmpty((string?)target["lastError"]));
        }, "targets that are all down", more: stack.Describe);

        // Decided again and again, and never for another count.
        await stack.TicksAsync(4);
        foreach (var fault in Faults)
        {
            await stack.InstancesAsync("/" + fault, 2);
            var decisions = (await stack.DecisionsAsync("/" + fault))["decisions"]!.AsArray();
            Assert.NotEmpty(decisions);
            Assert.All(decisions, decision => Assert.Equal(2, (int)decision!["to"]!));
        }
    }

    private static string Policy(string fault) => $$"""
        policy: {{fault}}
        app: /{{fault}}
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
        """;
}
