using System.Text.Json;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Protocol.Tests.Mesos;

public sealed class MesosJsonTests
{
    [Fact]
    public void An_accept_call_has_the_shape_of_the_v1_api()
    {
        const string Json = """
            {
              "framework_id": {"value": "f-1"},
              "type": "ACCEPT",
              "accept": {
                "offer_ids": [{"value": "o-1"}],
                "operations": [{
                  "type": "LAUNCH",
                  "launch": {"task_infos": [{
                    "name": "sleep",
                    "task_id": {"value": "t-1"},
                    "agent_id": {"value": "a-1"},
                    "command": {"shell": true, "value": "sleep 1000"},
                    "container": {"type": "DOCKER", "docker": {"image": "busybox", "network": "BRIDGE",
                      "port_mappings": [{"host_port": 31000, "container_port": 80, "protocol": "tcp"}]},
                      "volumes": [{"mode": "RO", "container_path": "/data", "host_path": "/srv"}]},
                    "resources": [
                      {"name": "cpus", "role": "*", "type": "SCALAR", "scalar": {"value": 1.5}},
                      {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 31000, "end": 31001}]}}],
                    "labels": {"labels": [{"key": "team", "value": "search"}, {"key": "flag"}]}
                  }]}
                }],
                "filters": {"refuse_seconds": 5.0}
              }
            }
            """;

        var call = JsonSerializer.Deserialize(Json, MesosJson.Strict.SchedulerCall)!;

        Assert.Equal(CallType.Accept, call.Type);
        var task = call.Accept!.Operations![0].Launch!.TaskInfos[0];
        Assert.Equal(new TaskId("t-1"), task.TaskId);
        Assert.Equal(DockerNetwork.Bridge, task.Container!.Docker!.Network);
        Assert.Equal(VolumeMode.ReadOnly, task.Container.Volumes![0].Mode);
        Assert.Equal(1.5, task.Resources[0].Scalar!.Value);
        Assert.Equal(new ValueRange(31000, 31001), task.Resources[1].Ranges!.Range[0]);
        Assert.Null(task.Labels!.Items[1].Value);

        using var expected = JsonDocument.Parse(Json);
        using var actual = JsonDocument.Parse(JsonSerializer.Serialize(call, MesosJson.Default.SchedulerCall));
        Assert.True(JsonElement.DeepEquals(expected.RootElement, actual.RootElement), actual.RootElement.ToString());
    }

    [Fact]
    public void Enums_carry_protobufs_spelling()
    {
        var status = new TaskStatusInfo
        {
            TaskId = new TaskId("t"),
            State = TaskState.GoneByOperator,
            Source = StatusSource.Agent,
            Reason = StatusReason.ContainerLimitationMemory,
            Uuid = [1, 2, 3],
        };

        Assert.Equal(
            """{"task_id":{"value":"t"},"state":"TASK_GONE_BY_OPERATOR","source":"SOURCE_AGENT","reason":"REASON_CONTAINER_LIMITATION_MEMORY","uuid":"AQID"}""",
            JsonSerializer.Serialize(status, MesosJson.Default.TaskStatusInfo));
    }

    [Fact]
    public void A_field_that_we_do_not_know_is_skipped_from_others_and_refused_by_our_servers()
    {
        const string Json = """{"type": "REVIVE", "framework_id": {"value": "f"}, "colour": "red"}""";

        Assert.Equal(CallType.Revive, JsonSerializer.Deserialize(Json, MesosJson.Default.SchedulerCall)!.Type);
        var thrown = Assert.Throws<JsonException>(() => JsonSerializer.Deserialize(Json, MesosJson.Strict.SchedulerCall));
        Assert.Contains("colour", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_word_that_we_do_not_know_from_others_does_not_break_the_stream()
    {
        var @event = JsonSerializer.Deserialize("""{"type": "INVERSE_OFFERS"}""", MesosJson.Default.SchedulerEvent)!;
        Assert.Equal(EventType.Unknown, @event.Type);

        const string Json = """{"task_id": {"value": "t"}, "state": "TASK_FAILED", "reason": "REASON_OF_A_LATER_VERSION"}""";
        Assert.Equal(StatusReason.Other, JsonSerializer.Deserialize(Json, MesosJson.Default.TaskStatusInfo)!.Reason);
    }

    [Theory]
    [InlineData("""{"type": "EXPLODE"}""")]
    [InlineData("""{"type": 3}""")]
    [InlineData("""{"framework_id": {"value": "f"}}""")]
    public void A_call_without_a_known_type_is_refused(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize(json, MesosJson.Strict.SchedulerCall));
}
