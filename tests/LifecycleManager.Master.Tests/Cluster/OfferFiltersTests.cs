using System.Text.Json;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Cluster;

/// <summary><c>FrameworkInfo.offer_filters</c>: which offers a framework gets in a role.</summary>
public sealed class OfferFiltersTests
{
    private static readonly MasterOptions Quick = new() { AllocationDelay = TimeSpan.FromMilliseconds(1) };

    [Fact]
    public async Task Offers_are_made_of_agents_that_have_one_of_the_amounts()
    {
        await using var master = await MasterUnderTest.StartAsync(Quick);
        await using var small = await master.RegisteredAgentAsync(cpus: 1, mem: 4096, host: "127.0.0.3");
        await using var large = await master.RegisteredAgentAsync(cpus: 4, mem: 512, host: "127.0.0.4");
        await using var other = await master.FrameworkAsync(WithFilters(
            """
            {"big": {"min_allocatable_resources": {"quantities": [
                {"quantities": {"cpus": {"value": 2}, "mem": {"value": 256}}}, {"quantities": {"gpus": {"value": 1}}}]}}}
            """));
        Assert.Equal(large.Id, (await other.OfferAsync()).AgentId);

        // What the first does not want is the second's, and by then the first's round is over.
        await using var any = await master.FrameworkAsync(TestFramework.PartitionAware("any"));
        Assert.Equal(small.Id, (await any.OfferAsync()).AgentId);
        Assert.DoesNotContain(other.Events.SelectMany(e => e.Offers?.Offers ?? []), offer => offer.AgentId == small.Id);
    }

    [Fact]
    public async Task A_wish_for_less_than_what_is_offered_as_a_rule_is_heard_and_may_be_taken_back()
    {
        await using var master = await MasterUnderTest.StartAsync(Quick);
        await using var agent = await master.RegisteredAgentAsync(cpus: 0.005, mem: 16);
        await using var framework = await master.FrameworkAsync(WithFilters(
            """{"big": {"min_allocatable_resources": {"quantities": [{"quantities": {"mem": {"value": 32}}}]}}}"""));
        var info = framework.Info with { OfferFilters = Read("""{"big": {"min_allocatable_resources": {}}}""") };
        var (status, text) = await framework.CallAsync(new SchedulerCall
        {
            Type = CallType.UpdateFramework,
            UpdateFramework = new UpdateFrameworkCall(info),
        });
        Assert.True(status == System.Net.HttpStatusCode.OK, text);
        Assert.Equal(agent.Id, (await framework.OfferAsync(cpus: 0)).AgentId);
        Assert.Equal(1, framework.Events.Count(e => e.Type == EventType.Offers));
    }

    [Theory]
    [InlineData("""{"elsewhere": {}}""", "none of the framework's")]
    [InlineData("""{"big": {"min_allocatable_resources": {"quantities": [{}]}}}""", "amounts without any")]
    [InlineData(
        """{"big": {"min_allocatable_resources": {"quantities": [{"quantities": {"cpus": {"value": -1}}}]}}}""", "'cpus'")]
    public async Task What_is_no_filter_is_refused(string filters, string reason)
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var framework = await master.FrameworkAsync(WithFilters(filters));
        Assert.Contains(reason, framework.Events.Single().Error!.Message, StringComparison.Ordinal);
    }

    private static FrameworkInfo WithFilters(string filters) =>
        TestFramework.PartitionAware("test", 3600, "big") with { OfferFilters = Read(filters) };

    private static IReadOnlyDictionary<string, OfferFilters> Read(string json) => JsonSerializer.Deserialize(
        $$"""{"user": "", "name": "x", "offer_filters": {{json}}}""", MesosJson.Default.FrameworkInfo)!.OfferFilters!;
}
