using System.Net;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Testing;

namespace LifecycleManager.Master.Tests.Cluster;

/// <summary>UPDATE_FRAMEWORK: what it changes at once, for good, and what it may not change.</summary>
public sealed class FrameworkUpdatesTests
{
    [Fact]
    public async Task An_update_changes_the_description_and_is_kept_over_a_failover()
    {
        var store = Guid.NewGuid().ToString("N");
        FrameworkId id;
        var master = await MasterUnderTest.StartAsync(store: store);
        await master.LeadsAsync();
        await using var next = await MasterUnderTest.StartAsync(store: store);
        await using (master)
        {
            await using var framework = await master.FrameworkAsync();
            id = framework.Id;
            var info = framework.Info with
            {
                Name = "renamed",
                FailoverTimeout = 7200,
                WebuiUrl = "http://ui",
                Roles = ["a", "b"],
                Capabilities = [.. framework.Info.Capabilities!, new(FrameworkCapability.TaskKillingState)],
            };
            Assert.Equal((HttpStatusCode.OK, ""), await UpdateAsync(framework, info, "b"));
            var shown = (await master.GetAsync("/frameworks")).GetProperty("frameworks")[0];
            Assert.Equal("renamed", shown.GetProperty("name").GetString());
            Assert.Equal(7200, shown.GetProperty("failover_timeout").GetDouble());
            Assert.Equal("http://ui", shown.GetProperty("webui_url").GetString());
            Assert.Equal(["a", "b"], shown.GetProperty("roles").EnumerateArray().Select(role => role.GetString()));
            Assert.Contains("TASK_KILLING_STATE", shown.GetProperty("capabilities").EnumerateArray().Select(c => c.GetString()));
            Assert.Equal(["b"], await master.AskAsync(core => core.FindFramework(id)!.Suppressed.ToArray()));
        }

        await next.LeadsAsync();
        Assert.Equal(("renamed", 7200.0), await next.AskAsync(core =>
            (core.FindFramework(id)!.Info.Name, core.FindFramework(id)!.Info.FailoverTimeout!.Value)));
    }

    [Fact]
    public async Task Offers_of_a_role_that_was_left_are_rescinded_and_those_of_a_new_role_are_made()
    {
        await using var master = await MasterUnderTest.StartAsync(
            new MasterOptions { AllocationDelay = TimeSpan.FromMilliseconds(1) });
        await using var framework = await master.FrameworkAsync(TestFramework.PartitionAware("test", 3600, "old"));
        await using var agent = await master.RegisteredAgentAsync();
        var offer = await framework.OfferAsync();
        Assert.Equal("old", offer.AllocationInfo!.Role);
        Assert.Equal(HttpStatusCode.OK, (await UpdateAsync(framework, framework.Info with { Roles = ["new"] })).Status);
        await framework.WaitAsync(() => framework.Events.Any(e => e.Rescind?.OfferId == offer.Id));
        Assert.Equal("new", (await framework.OfferAsync()).AllocationInfo!.Role);
        await master.VerifyAsync();
    }

    [Fact]
    public async Task Tasks_of_a_role_that_was_left_run_on()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var framework = await master.FrameworkAsync(TestFramework.PartitionAware("test", 3600, "old"));
        await using var agent = await master.RegisteredAgentAsync();
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t"));
        await framework.WaitAsync(() => framework.StateOf("t") == TaskState.Running);
        Assert.Equal(HttpStatusCode.OK, (await UpdateAsync(framework, framework.Info with { Roles = ["new"] })).Status);
        await master.VerifyAsync();
        await framework.CallAsync(new SchedulerCall { Type = CallType.Kill, Kill = new KillCall(new TaskId("t")) });
        await framework.WaitAsync(() => framework.StateOf("t") == TaskState.Killed);
        await Eventually.TrueAsync(
            () => master.AskAsync(core => core.FindFramework(framework.Id)!.Tasks.Count == 0), "the task is over");
        await master.VerifyAsync();
    }

    [Fact]
    public async Task What_may_not_change_is_refused_and_nothing_else_of_it_is_done()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var framework = await master.FrameworkAsync();
        var info = framework.Info with { Name = "renamed" };
        (FrameworkInfo Info, string[] Suppressed, string Problem)[] refused =
        [
            (info with { User = "other" }, [], "Updating 'FrameworkInfo.user' is unsupported"),
            (info with { Checkpoint = true }, [], "Updating 'FrameworkInfo.checkpoint' is unsupported"),
            (info with { Principal = "other" }, [], "Changing framework's principal is not allowed."),
            (info with { Roles = ["a", "a"] }, [], "contains duplicate items"),
            (info with { Roles = ["a/"] }, [], "'FrameworkInfo.role' is invalid"),
            (info with { FailoverTimeout = -1 }, [], "'FrameworkInfo.failover_timeout' is invalid"),
            (info, ["elsewhere"], "Suppressed roles 'elsewhere' are not contained in the set of roles"),
            (info with { Id = new FrameworkId("other") }, [], "differs from 'update_framework.framework_info.id'"),
            (info with { Id = null }, [], "differs from 'update_framework.framework_info.id'"),
        ];
        foreach (var (changed, suppressed, problem) in refused)
        {
            var (status, text) = await UpdateAsync(framework, changed, suppressed);
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains(problem, text, StringComparison.Ordinal);
        }

        Assert.Equal("test", await master.AskAsync(core => core.FindFramework(framework.Id)!.Info.Name));
    }

    [Theory]
    [InlineData("""{"role_constraints": {}}""", HttpStatusCode.OK)]
    [InlineData("""{}""", HttpStatusCode.OK)]
    [InlineData("""{"role_constraints": {"a": {"groups": []}}}""", HttpStatusCode.BadRequest)]
    [InlineData("""7""", HttpStatusCode.BadRequest)]
    public async Task Constraints_on_offers_are_refused_where_there_are_any(string constraints, HttpStatusCode expected)
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var framework = await master.FrameworkAsync();
        var (status, _) = await framework.CallAsync(new SchedulerCall
        {
            Type = CallType.UpdateFramework,
            UpdateFramework = new UpdateFrameworkCall(framework.Info)
            {
                OfferConstraints = System.Text.Json.JsonDocument.Parse(constraints).RootElement,
            },
        });
        Assert.Equal(expected, status);
    }

    private static Task<(HttpStatusCode Status, string Text)> UpdateAsync(TestFramework framework, FrameworkInfo info,
        params string[] suppressed) => framework.CallAsync(new SchedulerCall
        {
            Type = CallType.UpdateFramework,
            UpdateFramework = new UpdateFrameworkCall(info, suppressed),
        });
}
