using System.Text.Json.Nodes;
using LifecycleManager.Demo;

namespace LifecycleManager.EndToEnd.Tests.Harness;

/// <summary>App definitions of the sample services.</summary>
internal static class SampleApps
{
    /// <summary>The BrownField definitions as their authors wrote them.</summary>
    public static string File(string name) =>
        System.IO.File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Apps", name + ".json"));

    /// <summary>The search service as a process.</summary>
    public static string SearchProcess(string id, int instances = 1, string options = "") => new JsonObject
    {
        ["id"] = id,
        ["cmd"] =
            $"exec dotnet '{BrownFieldOutput.Program}' --service search --bind $HOST --port $PORT0 --tpm-window 5s {options}",
        ["cpus"] = 0.1,
        ["mem"] = 128,
        ["instances"] = instances,
        ["healthChecks"] = new JsonArray(new JsonObject
        {
            ["protocol"] = "HTTP",
            ["path"] = "/admin/health",
            ["portIndex"] = 0,
            ["gracePeriodSeconds"] = 30,
            ["intervalSeconds"] = 1,
        }),
    }.ToJsonString();

    /// <summary>A process that does nothing for a long time.</summary>
    public static string Sleeper(string id, int instances = 1) => new JsonObject
    {
        ["id"] = id,
        ["cmd"] = "echo up; exec sleep 100000",
        ["cpus"] = 0.01,
        ["mem"] = 16,
        ["instances"] = instances,
    }.ToJsonString();
}
