namespace LifecycleManager.Cli.Tests.Commands.Operating;

/// <summary><c>lcm policy init --from</c> on real roles and processes.</summary>
[Collection(RunningRolesCollection.Name)]
public sealed class ProposalTests(RunningRoles roles)
{
    [Fact]
    public async Task A_running_app_is_looked_at_by_the_manager_or_from_here()
    {
        var definition = roles.Write("looked.yml", "id: /looked/at\ncmd: exec sleep 1000\ncpus: 0.01\nmem: 16\n");
        await roles.DoneAsync("app", "deploy", definition);
        var file = Path.Combine(roles.Files, "proposed.yml");
        var run = await roles.RunAsync("policy", "init", "--from", "/looked/at", "--output", file);
        Assert.True(run.Code == 0, run.Error + run.Output);
        var policy = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        Assert.Matches("#   target \\(container\\): cpu [0-9.]+%, load [0-9.]+%\n", policy);
        Assert.Contains("#   requests (actuator): rps: ", policy, StringComparison.Ordinal);
        Assert.Contains("app: /looked/at\n", policy, StringComparison.Ordinal);
        Assert.Equal(0, (await roles.RunAsync("policy", "test", Path.ChangeExtension(file, ".test.yml"))).Code);

        // Nothing is overwritten, and an id is an id.
        Assert.Equal(2, (await roles.RunAsync("policy", "init", "--from", "/looked/at", "--output", file)).Code);
        Assert.Equal(2, (await roles.RunAsync("policy", "init", "--from", "looked")).Code);
        Assert.Equal(2, (await roles.RunAsync("policy", "init", "/looked/at", "--from", "/looked/at")).Code);
        var none = await roles.RunAsync("policy", "init", "--from", "/not/there");
        Assert.Equal(1, none.Code);
        Assert.Contains("the scheduler has no app /not/there", none.Error, StringComparison.Ordinal);
        await roles.DoneAsync("app", "stop", "/looked/at", "--yes");
    }

    [Fact]
    public async Task A_manager_tells_which_policies_have_no_effect()
    {
        await roles.DoneAsync(
            "app", "deploy", roles.Write("live.yml", "id: /live/alone\ncmd: exec sleep 1000\ncpus: 0.01\nmem: 16\n"));
        var file = roles.Write("live-policy.yml", """
            policy: live
            app: /live/alone
            instances: { min: 1, max: 3 }
            metrics: { cpu: { container: cpu }, depth: { prometheus: depth } }
            rules: [ { rule: r, target: { metric: cpu, value: 60% } }, { rule: d, target: { metric: depth, value: 1 } } ]
            ---
            policy: nobody
            app: /live/alon
            instances: { min: 1, max: 3 }
            metrics: { cpu: { container: cpu } }
            rules: [ { rule: r, target: { metric: cpu, value: 60% } } ]
            """);
        // A variable alone is not asked; the option is.
        Assert.DoesNotContain("governs-no-app", (await roles.RunAsync("policy", "check", file)).Output, StringComparison.Ordinal);

        // The manager sees the app with its next tick.
        var run = await Eventually.GetAsync<Lcm>(async () =>
            await roles.RunAsync("policy", "check", file, "--manager", $"{roles.Manager}") is var asked
                && !asked.Output.Contains($"{file}:1:1: warning: the policy 'live' governs no app", StringComparison.Ordinal)
                ? asked : null, "the app at the manager");
        Assert.Contains($"{file}:7:1: warning: the policy 'nobody' governs no app: the target has none that is /live/alon "
            + "(did you mean '/live/alone'?) [governs-no-app]", run.Output, StringComparison.Ordinal);
        Assert.Equal(1, (await roles.RunAsync("policy", "check", file, "--strict", "--manager", $"{roles.Manager}")).Code);
        Assert.Equal(2, (await roles.RunAsync("policy", "check", file, "--manager", "http://127.0.0.1:1")).Code);

        // The policy of these roles is for an app that is not there: health says so, and the list of policies.
        using var http = new HttpClient { BaseAddress = roles.Manager };
        await Eventually.TrueAsync(
            async () => (await http.GetStringAsync("/health")).Contains("governs no app", StringComparison.Ordinal), "a warning");
        Assert.Contains("governs-no-app", await http.GetStringAsync("/v1/policies"), StringComparison.Ordinal);
        await roles.DoneAsync("app", "stop", "/live/alone", "--yes");
    }
}
