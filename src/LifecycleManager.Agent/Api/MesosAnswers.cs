using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Resources;
using LifecycleManager.Protocol.Mesos;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Agent.Api;

/// <summary>JSON in the shapes that Mesos' tools read.</summary>
internal static class MesosAnswers
{
    /// <summary>An answer of JSON.</summary>
    public static IResult Answer(JsonNode json, int status = StatusCodes.Status200OK) =>
        Microsoft.AspNetCore.Http.Results.Text(json.ToJsonString(), "application/json", statusCode: status);

    /// <summary>An answer of an error, in plain text as Mesos has it.</summary>
    public static IResult Error(int status, string message) =>
        Microsoft.AspNetCore.Http.Results.Text(message + "\n", "text/plain", statusCode: status);

    /// <summary>Resources as one object: <c>{"cpus": 2, "ports": "[8000-9000]"}</c>.</summary>
    public static JsonObject Of(IEnumerable<Resource> resources)
    {
        var json = new JsonObject { ["cpus"] = 0, ["mem"] = 0, ["disk"] = 0, ["gpus"] = 0 };

        // As Mesos has it: what is revocable apart.
        var list = resources.Select(resource => resource.Revocable is null ? resource
            : resource with { Name = resource.Name + "_revocable" }).ToList();
        foreach (var (name, amount) in MachineResources.Totals(list))
        {
            var ranges = list.Where(resource => resource.Name == name).SelectMany(resource => resource.Ranges?.Range ?? [])
                .ToList();
            var items = list.Where(resource => resource.Name == name).SelectMany(resource => resource.Set?.Item ?? []).ToList();
            json[name] = ranges.Count > 0 ? $"[{string.Join(", ", ranges.Select(range => $"{range.Begin}-{range.End}"))}]"
                : items.Count > 0 ? $"{{{string.Join(", ", items)}}}" : amount;
        }

        return json;
    }

    /// <summary>Attributes as one object.</summary>
    public static JsonObject Of(IEnumerable<AgentAttribute> attributes)
    {
        var json = new JsonObject();
        foreach (var attribute in attributes)
        {
            json[attribute.Name] = attribute.Type switch
            {
                ResourceType.Scalar => attribute.Scalar?.Value,
                ResourceType.Ranges =>
                    $"[{string.Join(", ", (attribute.Ranges?.Range ?? []).Select(range => $"{range.Begin}-{range.End}"))}]",
                ResourceType.Set => $"{{{string.Join(", ", attribute.Set?.Item ?? [])}}}",
                _ => attribute.Text?.Value,
            };
        }

        return json;
    }

    /// <summary>A status.</summary>
    public static JsonNode Of(TaskStatusInfo status) =>
        JsonSerializer.SerializeToNode(status with { Uuid = null }, MesosJson.Default.TaskStatusInfo)!;

    /// <summary>A list of resources as Mesos' v1 API has it.</summary>
    public static JsonNode List(IEnumerable<Resource> resources) =>
        JsonSerializer.SerializeToNode(resources.ToList(), MesosJson.Default.ListResource)!;

    /// <summary>A task state as Mesos spells it.</summary>
    public static string Of(TaskState state) => "TASK_" + JsonNamingPolicy.SnakeCaseUpper.ConvertName(state.ToString());

    /// <summary>Labels as a list.</summary>
    public static JsonArray Of(Labels? labels) =>
        new([.. (labels?.Items ?? []).Select(label => new JsonObject { ["key"] = label.Key, ["value"] = label.Value })]);

    /// <summary>Usage as Mesos' resource statistics.</summary>
    public static JsonObject Of(ContainerStatistics usage, TaskLimits limits)
    {
        var json = new JsonObject
        {
            ["timestamp"] = usage.Time.ToUnixTimeMilliseconds() / 1000.0,
            ["cpus_limit"] = limits.Cpus,
        };
        Add("cpus_user_time_secs", usage.CpuUser);
        Add("cpus_system_time_secs", usage.CpuSystem);
        Add("cpus_nr_throttled", usage.Throttled);
        Add("cpus_throttled_time_secs", usage.ThrottledSeconds);
        Add("mem_rss_bytes", usage.MemoryRss);
        Add("mem_total_bytes", usage.MemoryTotal);
        Add("mem_limit_bytes", usage.MemoryLimit ?? (limits.LimitsMemory ? limits.MemoryBytes : null));
        Add("processes", usage.Processes);
        Add("net_rx_bytes", usage.NetRxBytes);
        Add("net_rx_packets", usage.NetRxPackets);
        Add("net_rx_errors", usage.NetRxErrors);
        Add("net_rx_dropped", usage.NetRxDropped);
        Add("net_tx_bytes", usage.NetTxBytes);
        Add("net_tx_packets", usage.NetTxPackets);
        Add("net_tx_errors", usage.NetTxErrors);
        Add("net_tx_dropped", usage.NetTxDropped);
        return json;

        // What is not known is left out, never zero.
        void Add(string name, double? value)
        {
            if (value is { } known) json[name] = known == Math.Floor(known) && Math.Abs(known) < 1L << 53 ? (long)known : known;
        }
    }
}
