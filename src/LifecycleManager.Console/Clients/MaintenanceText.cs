using System.Text.Json;
using System.Text.Json.Nodes;

namespace LifecycleManager.Console.Clients;

/// <summary>
/// Mesos' maintenance schedule, which is read and set whole: what is not about a machine stays as it is, known here or not.
/// </summary>
internal static class MaintenanceText
{
    /// <summary>When a machine is to be away; null where that is not planned.</summary>
    public static AwayRow? Of(JsonElement schedule, string hostname)
    {
        if (!schedule.TryGetProperty("windows", out var windows) || windows.ValueKind != JsonValueKind.Array) return null;
        foreach (var window in windows.EnumerateArray())
        {
            if (!window.GetProperty("machine_ids").EnumerateArray().Any(machine => Is(machine, hostname))) continue;
            var away = window.GetProperty("unavailability");
            var start = DateTimeOffset.UnixEpoch.AddTicks(away.GetProperty("start").GetProperty("nanoseconds").GetInt64() / 100);
            return new AwayRow(start, away.TryGetProperty("duration", out var duration)
                ? start.AddTicks(duration.GetProperty("nanoseconds").GetInt64() / 100) : null);
        }

        return null;
    }

    /// <summary>The schedule with a machine away for some time, in the place of what was planned for it.</summary>
    public static string With(JsonElement schedule, string hostname, DateTimeOffset start, TimeSpan duration)
    {
        var changed = Left(schedule, hostname);
        ((JsonArray)changed["windows"]!).Add((JsonNode)new JsonObject
        {
            ["machine_ids"] = new JsonArray(new JsonObject { ["hostname"] = hostname }),
            ["unavailability"] = new JsonObject
            {
                ["start"] = new JsonObject { ["nanoseconds"] = (start - DateTimeOffset.UnixEpoch).Ticks * 100 },
                ["duration"] = new JsonObject { ["nanoseconds"] = duration.Ticks * 100 },
            },
        });
        return changed.ToJsonString();
    }

    /// <summary>The schedule without a machine.</summary>
    public static string Without(JsonElement schedule, string hostname) => Left(schedule, hostname).ToJsonString();

    private static JsonObject Left(JsonElement schedule, string hostname)
    {
        var changed = JsonNode.Parse(schedule.GetRawText())!.AsObject();
        var windows = changed["windows"] as JsonArray ?? [];
        foreach (var window in windows.ToList())
        {
            var machines = window!["machine_ids"]!.AsArray();
            foreach (var machine in machines.Where(machine => (string?)machine!["hostname"] == hostname).ToList())
                machines.Remove(machine);

            // A window of no machine is refused.
            if (machines.Count == 0) windows.Remove(window);
        }

        changed["windows"] = windows.Parent is null ? windows : windows.DeepClone();
        return changed;
    }

    private static bool Is(JsonElement machine, string hostname) =>
        machine.TryGetProperty("hostname", out var name) && name.ToString() == hostname;
}
