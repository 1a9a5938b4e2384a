using System.Text.Json;
using LifecycleManager.Master.Registry;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Api;

/// <summary>What operators have set, in the shape of Mesos' v1 messages: quotas, weights, maintenance.</summary>
internal static class SettingsViews
{
    // As Mesos: whatever is in the schedule is draining, until an operator says that it is down (START_MAINTENANCE).
    public static void MaintenanceStatus(Utf8JsonWriter json, MaintenanceSchedule schedule)
    {
        json.WriteStartObject("status");
        Machines(json, schedule);
        json.WriteEndObject();
    }

    /// <summary>The machines that drain, and those that are down.</summary>
    public static void Machines(Utf8JsonWriter json, MaintenanceSchedule schedule)
    {
        json.WriteStartArray("draining_machines");
        foreach (var machine in (schedule.Windows ?? []).SelectMany(window => window.MachineIds))
        {
            json.WriteStartObject();
            json.WritePropertyName("id");
            JsonSerializer.Serialize(json, machine, RegistryJson.Default.MachineId);
            OperatorViews.EmptyList(json, "statuses");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        OperatorViews.EmptyList(json, "down_machines");
    }

    public static void Quotas(Utf8JsonWriter json, RolesEntry roles)
    {
        json.WriteStartObject("status");
        QuotaStatus(json, roles);
        json.WriteEndObject();
    }

    /// <summary>The guarantees as quotas were before they had limits (<c>infos</c>), and all of them (<c>configs</c>).</summary>
    public static void QuotaStatus(Utf8JsonWriter json, RolesEntry roles)
    {
        json.WriteStartArray("infos");
        foreach (var quota in roles.Quotas)
        {
            json.WriteStartObject();
            json.WriteString("role", quota.Role);
            json.WriteStartArray("guarantee");
            foreach (var (name, scalar) in quota.Guarantees ?? new Dictionary<string, Scalar>())
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteString("type", "SCALAR");
                json.WriteStartObject("scalar");
                json.WriteNumber("value", scalar.Value);
                json.WriteEndObject();
                json.WriteString("role", Resources.Roles.Default);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("configs");
        foreach (var quota in roles.Quotas)
        {
            json.WriteStartObject();
            json.WriteString("role", quota.Role);
            Scalars(json, "guarantees", quota.Guarantees);
            Scalars(json, "limits", quota.Limits);
            json.WriteEndObject();
        }

        json.WriteEndArray();

        static void Scalars(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, Scalar>? scalars)
        {
            if (scalars is null) return;
            json.WriteStartObject(name);
            foreach (var (resource, scalar) in scalars)
            {
                json.WriteStartObject(resource);
                json.WriteNumber("value", scalar.Value);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }
    }

    public static void Weights(Utf8JsonWriter json, RolesEntry roles)
    {
        json.WritePropertyName("weight_infos");
        WeightList(json, roles);
    }

    /// <summary>The weights that were set.</summary>
    public static void WeightList(Utf8JsonWriter json, RolesEntry roles)
    {
        json.WriteStartArray();
        foreach (var (role, weight) in roles.Weights)
        {
            json.WriteStartObject();
            json.WriteString("role", role);
            json.WriteNumber("weight", weight);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void Schedule(Utf8JsonWriter json, MaintenanceSchedule schedule)
    {
        json.WritePropertyName("schedule");
        JsonSerializer.Serialize(json, schedule, RegistryJson.Default.MaintenanceSchedule);
    }
}
