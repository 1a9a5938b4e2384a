using System.Text.Json.Nodes;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>A policy author's edit takes effect, or is refused with its place while the last good version stays.</summary>
public sealed class PolicyReloadTests
{
    [Fact]
    public async Task An_unreadable_policy_is_refused_with_file_line_and_column_and_the_last_good_one_stays_in_force()
    {
        await using var stack = await Stack.UpAsync(rules: new Dictionary<string, string> { ["sleeper.yml"] = Minimum(2) });
        using (var posted = await stack.PostAsync(SampleApps.Sleeper("/sleeper"))) Assert.True(posted.IsSuccessStatusCode);
        await stack.InstancesAsync("/sleeper", 2);

        stack.WriteRules("sleeper.yml", Minimum(4).Replace("instances:", "instanses:", StringComparison.Ordinal));
        var file = await Eventually.GetAsync(async () => await FileAsync(stack) is { } there && (string?)there["state"]
            == "lastGood" ? there : null,
            "the refusal", more: stack.Describe);
        Assert.EndsWith("sleeper.yml", (string)file["file"]!, StringComparison.Ordinal);
        var problem = file["problems"]!.AsArray().Single(problem => ((int)problem!["line"]!, (int)problem["column"]!) == (3, 1))!;
        Assert.Contains("instances", problem.ToJsonString(), StringComparison.Ordinal);

        // Still two at least: the last good version brings back what somebody takes away.
        await stack.Api.UpdateApp("sleeper", new() { Instances = 1 }, force: true,
            cancellation: TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(async () => (await stack.Api.GetApp("sleeper")).App.Instances == 2, "the minimum in force",
            more: stack.Describe);

        stack.WriteRules("sleeper.yml", Minimum(3));
        await stack.InstancesAsync("/sleeper", 3);
        Assert.Equal("inForce", (string?)(await FileAsync(stack))!["state"]);

        await Eventually.TrueAsync(
            async () => (int?)JsonNode.Parse(await stack.Manager.GetStringAsync("/v1/apps/sleeper"))!["instances"] == 3,
            "a tick that sees three", more: stack.Describe);
        Assert.Contains("/sleeper has 3 instances, since ", await ExplainAsync(stack), StringComparison.Ordinal);
        Assert.Contains("fewer than at least 3", await ExplainAsync(stack, "--at", "0s"), StringComparison.Ordinal);
    }

    private static async Task<string> ExplainAsync(Stack stack, params string[] more)
    {
        await using var lcm = LcmProcess.Start(stack.Rules,
            ["policy", "explain", "/sleeper", "--manager", stack.Manager.BaseAddress!.ToString(), .. more]);
        Assert.True(await lcm.ExitAsync(TimeSpan.FromMinutes(2)) == 0, lcm.Output);
        return lcm.Output;
    }

    private static async Task<JsonNode?> FileAsync(Stack stack) =>
        JsonNode.Parse(await stack.Manager.GetStringAsync("/v1/policies"))!["files"]!.AsArray().FirstOrDefault();

    private static string Minimum(int count) => $$"""
        policy: sleeper
        app: /sleeper
        instances: { min: {{count}}, max: 5 }
        rules: []
        """;
}
