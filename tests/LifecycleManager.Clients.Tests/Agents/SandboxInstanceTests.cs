using System.Text.Json.Nodes;
using LifecycleManager.Clients.Agents;

namespace LifecycleManager.Clients.Tests.Agents;

public sealed class SandboxInstanceTests
{
    [Theory]
    [InlineData("shop_web.instance-867ed450-1f2b._app.1", "867ed450")]
    [InlineData("shop_web.instance-short", "shop_web.instance-short")]
    [InlineData("other", "other")]
    public void An_instance_is_told_from_others_by_the_beginning_of_what_is_its_own(string task, string name) =>
        Assert.Equal(name, new SandboxInstance(task, "a", IsEnded: false).ShortName);

    [Fact]
    public void Of_the_tasks_that_a_master_remembers_those_of_an_app_are_found_and_of_no_other()
    {
        var answer = JsonNode.Parse("""
            {"tasks": [{"id": "shop_web.instance-1._app.1", "slave_id": "a", "state": "TASK_FAILED"},
              {"id": "shop_web2.instance-1._app.1", "slave_id": "a", "state": "TASK_FAILED"},
              {"id": "shop_web.instance-2.pod", "slave_id": "b", "state": "TASK_RUNNING"}, {"state": "TASK_RUNNING"}]}
            """)!;

        Assert.Equal(
            [new("shop_web.instance-1._app.1", "a", IsEnded: true), new("shop_web.instance-2.pod", "b", IsEnded: false)],
            SandboxInstance.Remembered(answer, "/shop/web"));
        Assert.Empty(SandboxInstance.Remembered(new JsonObject(), "/shop/web"));
    }

    [Fact]
    public void A_sandbox_is_found_of_what_runs_and_of_what_has_ended_and_an_agent_by_its_address_for_others()
    {
        var state = JsonNode.Parse("""
            {"frameworks": [{"executors": [
                {"id": "t-1", "directory": "/w/1", "container": "c-1", "tasks": [{"id": "t-1"}]}, {"id": "t-0"}]}],
             "completed_frameworks": [{"executors": [
                {"id": "e", "directory": "/w/2", "tasks": [], "completed_tasks": [{"id": "t-2"}]}]}]}
            """)!;

        Assert.Equal([new("t-1", "/w/1", "c-1"), new("t-2", "/w/2", ""), new("e", "/w/2", "")],
            SandboxPlace.All(state).Distinct());
        Assert.Equal("?path=%2Fw%2F1%2Fa%20b", SandboxPlace.Query("/w/1", "/a b/"));
        Assert.Equal("?path=%2Fw%2F1", SandboxPlace.Query("/w/1", "/"));
        Assert.Equal("10.0.0.1:5051",
            SandboxPlace.Authority((JsonObject)JsonNode.Parse("""{"pid": "slave(1)@10.0.0.1:5051"}""")!));
        Assert.Equal("h:5051", SandboxPlace.Authority((JsonObject)JsonNode.Parse("""{"hostname": "h"}""")!));
    }
}
