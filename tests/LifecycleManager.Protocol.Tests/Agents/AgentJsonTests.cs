using System.Text.Json;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Protocol.Tests.Agents;

public sealed class AgentJsonTests
{
    [Fact]
    public void Messages_look_as_mesos_do_and_come_back_as_they_were()
    {
        var call = new AgentCall
        {
            Type = AgentCallType.Register,
            AgentId = new AgentId("a"),
            Register = new RegisterCall(new AgentInfo { Hostname = "h" }, "0.1.0", Features: ["docker"]),
        };
        var json = JsonSerializer.Serialize(call, AgentJson.Default.AgentCall);
        Assert.Equal(
            """{"type":"REGISTER","agent_id":{"value":"a"},"register":{"agent_info":{"hostname":"h"},"""
            + "\"version\":\"0.1.0\",\"features\":[\"docker\"]}}",
            json);
        Assert.Equal(json, JsonSerializer.Serialize(
            JsonSerializer.Deserialize(json, AgentJson.Default.AgentCall)!, AgentJson.Default.AgentCall));
    }

    [Fact]
    public void What_a_later_version_sends_is_read_as_far_as_it_is_known()
    {
        var told = JsonSerializer.Deserialize(
            """{"type":"SOMETHING_NEW","reason":"why","more":{"of":"it"}}""", AgentJson.Default.AgentEvent)!;
        Assert.Equal((AgentEventType.Unknown, "why"), (told.Type, told.Reason));
    }
}
