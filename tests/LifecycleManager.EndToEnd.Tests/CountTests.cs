using System.Text;
using System.Text.Json.Nodes;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>Whose word counts for an app's count: its policy's, a person's, nobody's.</summary>
public sealed class CountTests
{
    [Fact]
    public async Task A_count_is_its_policys_until_a_person_takes_it_or_the_policy_gives_it_back()
    {
        await using var stack = await Stack.UpAsync(rules: new Dictionary<string, string>
        {
            ["sleeper.yml"] = Policy("sleeper"),
            ["other.yml"] = Policy("other"),
        });
        using (var posted = await stack.PostAsync(SampleApps.Sleeper("/sleeper"))) Assert.True(posted.IsSuccessStatusCode);
        await stack.InstancesAsync("/sleeper", 2);
        Assert.Equal("policy sleeper", (await AppAsync(stack)).Owner);
        await stack.DeployedAsync();

        // A pipeline sends the definition again: the count stays, and the answer says so.
        var definition = JsonNode.Parse(SampleApps.Sleeper("/sleeper"))!.AsObject();
        definition["instances"] = 5;
        Assert.Contains("/sleeper keeps 2 instances in place of 5", await PutAsync(stack, definition.ToJsonString()),
            StringComparison.Ordinal);

        // A person's order is taken; 0 suspends, with force and without.
        Assert.Contains("/sleeper has 4 instances until policy sleeper", await PutAsync(stack, """{"instances":4}"""),
            StringComparison.Ordinal);
        await stack.InstancesAsync("/sleeper", 4);
        foreach (var force in new[] { false, true })
        {
            Assert.Contains("/sleeper is suspended", await PutAsync(stack, """{"instances":0}""", force),
                StringComparison.Ordinal);
            await stack.InstancesAsync("/sleeper", 0);
            await stack.TicksAsync(3);
            Assert.Equal((0, true), ((await AppAsync(stack)).Instances, (await AppAsync(stack)).Suspended));
            await PutAsync(stack, """{"instances":3}""", force);
            await stack.InstancesAsync("/sleeper", 3);
        }

        // An override is beyond the policy's bounds, and has an end.
        await OverrideAsync(stack, """{"instances":1,"until":"1h","reason":"a rehearsal"}""");
        await stack.InstancesAsync("/sleeper", 1);
        await OverrideAsync(stack, """{"instances":1,"until":"2s"}""");
        await stack.InstancesAsync("/sleeper", 2);

        // The policy ends: its count is given back, and whoever asks for one has it.
        File.Delete(Path.Combine(stack.Rules, "sleeper.yml"));
        await Eventually.TrueAsync(async () => (await AppAsync(stack)).Owner is null, "the count is given back",
            TimeSpan.FromMinutes(2), stack.Describe);
        Assert.Equal("", await PutAsync(stack, """{"instances":4}"""));
        await stack.InstancesAsync("/sleeper", 4);
        Assert.Equal("", await PutAsync(stack, """{"instances":1}""", force: true));
        await stack.InstancesAsync("/sleeper", 1);
        await stack.TicksAsync(3);
        Assert.Equal(1, (await AppAsync(stack)).Instances);

        // The last file is gone: nothing ends by that, until somebody says so.
        File.Delete(Path.Combine(stack.Rules, "other.yml"));
        await Eventually.TrueAsync(async () => await StateAsync(stack) == "fileGone", "the policy without its file",
            more: stack.Describe);
        await using var lcm = LcmProcess.Start(stack.Rules,
            ["policy", "end", "other", "--manager", stack.Manager.BaseAddress!.ToString()]);
        Assert.True(await lcm.ExitAsync(TimeSpan.FromMinutes(2)) == 0, lcm.Output);
        Assert.Null(await StateAsync(stack));
    }

    private static async Task<(int Instances, string? Owner, bool Suspended)> AppAsync(Stack stack)
    {
        var app = (await stack.Api.GetApp("sleeper", TestContext.Current.CancellationToken)).App;
        return (app.Instances!.Value, app.CountOwner, app.CountSuspended == true);
    }

    /// <summary>Puts, and gives what the answer says.</summary>
    private static async Task<string> PutAsync(Stack stack, string body, bool force = false)
    {
        using var answer = await stack.Scheduler.PutAsync(
            "/v2/apps/sleeper" + (force ? "?force=true" : ""), new StringContent(body, Encoding.UTF8, "application/json"));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);

        // What is deployed holds the app until it is over.
        await stack.DeployedAsync();
        return (string?)JsonNode.Parse(text)!["message"] ?? "";
    }

    private static async Task OverrideAsync(Stack stack, string body)
    {
        using var answer = await stack.Manager.PostAsync(
            "/v1/apps/sleeper/override", new StringContent(body, Encoding.UTF8, "application/json"));
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<string?> StateAsync(Stack stack) =>
        (string?)JsonNode.Parse(await stack.Manager.GetStringAsync("/v1/policies"))!["policies"]!.AsArray()
            .FirstOrDefault(policy => (string?)policy!["name"] == "other")?["state"];

    private static string Policy(string name) => $$"""
        policy: {{name}}
        app: /{{name}}
        instances: { min: 2, max: 5 }
        rules: []
        """;
}
