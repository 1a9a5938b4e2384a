using System.Reflection;

namespace LifecycleManager.Scheduler.Api;

/// <summary><c>/v2/info</c>, <c>/v2/leader</c> and <c>/ping</c>.</summary>
internal static class InfoHandler
{
    // What clients compare with to know what they may ask.
    private const string MarathonVersion = "1.11.24";

    private static readonly string OwnVersion =
        typeof(InfoHandler).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    public static Task PingAsync(ApiRequest request) =>
        request.Method is "GET" or "HEAD" ? request.TextAsync("pong") : throw request.NotAllowed("GET");

    public static Task InfoAsync(ApiRequest request)
    {
        if (request.Method is not ("GET" or "HEAD")) throw request.NotAllowed("GET");
        var (snapshot, options) = (request.Snapshot, request.Services.Options);
        return request.JsonAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("name", options.FrameworkName);
            json.WriteString("version", MarathonVersion);
            json.WriteString("buildref", $"LifecycleManager {OwnVersion}");
            json.WriteBoolean("elected", snapshot.Leader.IsLeading);
            if (Leader(request) is { } leader) json.WriteString("leader", leader);
            if (snapshot.Framework.FrameworkId is { } framework) json.WriteString("frameworkId", framework);
            json.WriteStartObject("marathon_config");
            json.WriteString("master",
                string.Join(',', options.Masters.Select(master => master.GetLeftPart(UriPartial.Authority))));
            if (snapshot.Framework.Master is { } current) json.WriteString("mesos_leader_ui_url", current);
            json.WriteString("framework_name", options.FrameworkName);
            json.WriteString("mesos_role", options.Role);
            if (options.User.Length > 0) json.WriteString("mesos_user", options.User);
            json.WriteBoolean("checkpoint", true);
            json.WriteBoolean("ha", true);
            json.WriteNumber("failover_timeout", options.FailoverTimeout.TotalSeconds);
            json.WriteNumber("local_port_min", request.Rules.FirstServicePort);
            json.WriteNumber("local_port_max", request.Rules.LastServicePort);
            json.WriteNumber("task_launch_timeout", options.LaunchTimeout.TotalMilliseconds);
            json.WriteNumber("task_reservation_timeout", 20_000);
            json.WriteNumber("reconciliation_interval", options.ReconciliationInterval.TotalMilliseconds);
            json.WriteStartArray("features");
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteStartObject("http_config");
            json.WriteNumber("http_port", options.Address.Port);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    public static async Task LeaderAsync(ApiRequest request)
    {
        if (request.Method == "DELETE")
        {
            foreach (var name in new[] { "backup", "restore" })
                if (request.Text(name) is not null)
                    throw ApiException.BadRequest($"'{name}' is not carried out here: see lcm backup --help");
            await request.Scheduler.AbdicateAsync();
            await Message("Leadership abdicated");
            return;
        }

        if (request.Method is not ("GET" or "HEAD")) throw request.NotAllowed("GET, DELETE");
        if (Leader(request) is not { } leader) throw ApiException.NotFound("There is no leader");
        await request.JsonAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("leader", leader);
            json.WriteEndObject();
        });

        Task Message(string text) => request.JsonAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("message", text);
            json.WriteEndObject();
        });
    }

    // Marathon names it as host:port.
    private static string? Leader(ApiRequest request) =>
        (request.Snapshot.Leader.IsLeading ? Leaders.Own(request) : request.Snapshot.Leader.Address) is not { } address ? null
            : Uri.TryCreate(address, UriKind.Absolute, out var uri) ? uri.Authority : address;
}
