using System.Text.Json;

namespace LifecycleManager.Metrics.Sources;

/// <summary>What an agent measures of one container; NaN where it does not measure it.</summary>
/// <param name="Task">The task's id.</param>
/// <param name="Timestamp">When, seconds since 1970.</param>
/// <param name="CpuSeconds">Cpu time used, user and system.</param>
/// <param name="CpuLimit">The limit in cpus.</param>
/// <param name="MemoryBytes">Memory in use.</param>
/// <param name="MemoryLimit">The limit in bytes.</param>
/// <param name="ReceivedBytes">Network bytes in.</param>
/// <param name="SentBytes">Network bytes out.</param>
internal readonly record struct AgentStatistics(
    string Task, double Timestamp, double CpuSeconds, double CpuLimit, double MemoryBytes, double MemoryLimit,
    double ReceivedBytes, double SentBytes)
{
    /// <summary>Reads the answer of <c>/monitor/statistics</c>, ours and Mesos' alike.</summary>
    /// <exception cref="JsonException">Malformed; with its place or with what is wrong.</exception>
    public static List<AgentStatistics> Read(ReadOnlyMemory<byte> json) => UntrustedJson.Read(json, Read);

    private static List<AgentStatistics> Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Array) throw new JsonException("an array of containers is needed");
        var all = new List<AgentStatistics>();
        foreach (var container in root.EnumerateArray())
        {
            if (container.ValueKind != JsonValueKind.Object) throw new JsonException("a container is an object");
            // A task without an executor of its own lends its id to the executor that Mesos makes for it.
            var task = Text(container, "executor_id") is { Length: > 0 } id ? id : Text(container, "source");
            if (string.IsNullOrEmpty(task) || !container.TryGetProperty("statistics", out var statistics)
                || statistics.ValueKind != JsonValueKind.Object)
                continue;
            all.Add(new AgentStatistics(
                task, Number(statistics, "timestamp"),
                Number(statistics, "cpus_user_time_secs") + Number(statistics, "cpus_system_time_secs"),
                Number(statistics, "cpus_limit"), Number(statistics, "mem_rss_bytes"), Number(statistics, "mem_limit_bytes"),
                Number(statistics, "net_rx_bytes"), Number(statistics, "net_tx_bytes")));
        }

        return all;
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static double Number(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
            && value.TryGetDouble(out var number)
            ? number
            : double.NaN;
}
