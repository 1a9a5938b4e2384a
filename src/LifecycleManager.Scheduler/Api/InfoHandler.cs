using System.Reflection;

namespace LifecycleManager.Scheduler.Api;

/// <summary><c>/v2/info</c>, <c>/v2/leader</c>, <c>/v2/plugins</c> and <c>/ping</c>.</summary>
internal static class InfoHandler
{
    // What clients compare with to know what they may ask.
    private const string MarathonVersion = "1.11.24";

    private static readonly string OwnVersion =
        typeof(InfoHandler).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    public static readonly OperationTable PingOperations = new(
    [
        new("GET", "/ping", Needs.NoApp, PingAsync, "Server", "Answers pong, as a JSON text to who asks for JSON.")
        {
            Media = ["text/plain", "application/json"],
        },
    ]);

    public static readonly OperationTable InfoOperations = new(
    [
        new("GET", "/v2/info", Needs.NoApp, InfoAsync, "Server", "The scheduler, its framework and its options."),
    ]);

    public static readonly OperationTable PluginOperations = new(
    [
        new("GET", "/v2/plugins", Needs.NoApp, PluginsAsync, "Server", "The plugins: there are none."),
    ]);

    public static readonly OperationTable LeaderOperations = new(
    [
        new("GET", "/v2/leader", Needs.NoApp, LeaderAsync, "Server", "Who leads.") { Failures = [404] },
        new("DELETE", "/v2/leader", Needs.Cluster, AbdicateAsync, "Server", "Gives the leadership up.") { Failures = [503] },
    ]);

    private static Task PingAsync(ApiRequest request) =>
        request.AsksForJson ? request.JsonAsync(json => json.WriteStringValue("pong")) : request.TextAsync("pong");

    private static Task PluginsAsync(ApiRequest request) => request.JsonAsync(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("plugins");
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static Task InfoAsync(ApiRequest request)
    {
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
                options.MasterDirectory?.Name.ToString()
                ?? string.Join(',', options.Masters.Select(master => master.GetLeftPart(UriPartial.Authority))));
            if (snapshot.Framework.Master is { } current) json.WriteString("mesos_leader_ui_url", current);
            json.WriteString("framework_name", options.FrameworkName);
            json.WriteString("hostname", options.Address.Host);
            json.WriteString("webui_url", options.Address.GetLeftPart(UriPartial.Authority));
            json.WriteString("executor", "//cmd");
            json.WriteString("mesos_role", options.Role);
            if (options.User.Length > 0) json.WriteString("mesos_user", options.User);
            json.WriteBoolean("checkpoint", true);
            json.WriteBoolean("ha", true);
            json.WriteNumber("failover_timeout", options.FailoverTimeout.TotalSeconds);
            json.WriteNumber("local_port_min", request.Rules.FirstServicePort);
            json.WriteNumber("local_port_max", request.Rules.LastServicePort);
            json.WriteNumber("task_launch_timeout", options.LaunchTimeout.TotalMilliseconds);
            json.WriteNumber("task_reservation_timeout", 20_000);
            json.WriteNumber("reconciliation_initial_delay", 0);
            json.WriteNumber("reconciliation_interval", options.ReconciliationInterval.TotalMilliseconds);
            json.WriteNumber("leader_proxy_connection_timeout_ms", LeaderProxy.ConnectTimeout.TotalMilliseconds);
            json.WriteNumber("leader_proxy_read_timeout_ms", 0);
            json.WriteStartArray("features");
            json.WriteEndArray();
            json.WriteEndObject();
            // Clients read all of it. Where the state is, is nobody's business here, and there need be no ZooKeeper: nothing and
            // 0 stand for what there is not.
            json.WriteStartObject("zookeeper_config");
            json.WriteString("zk", "");
            json.WriteNumber("zk_timeout", 0);
            json.WriteNumber("zk_connection_timeout", 0);
            json.WriteNumber("zk_session_timeout", 0);
            json.WriteNumber("zk_max_versions", options.MaxVersions);
            json.WriteEndObject();
            var isSecure = options.Address.Scheme == Uri.UriSchemeHttps;
            json.WriteStartObject("http_config");
            json.WriteNumber("http_port", isSecure ? 0 : options.Address.Port);
            json.WriteNumber("https_port", isSecure ? options.Address.Port : 0);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    private static Task LeaderAsync(ApiRequest request)
    {
        var leader = Leader(request) ?? throw ApiException.NotFound("There is no leader");
        return AnswerAsync(request, "leader", leader);
    }

    private static async Task AbdicateAsync(ApiRequest request)
    {
        foreach (var name in new[] { "backup", "restore" })
            if (request.Text(name) is not null)
                throw ApiException.BadRequest($"'{name}' is not supported here: see lcm backup --help");
        await request.Scheduler.AbdicateAsync();
        await AnswerAsync(request, "message", "Leadership abdicated");
    }

    private static Task AnswerAsync(ApiRequest request, string name, string value) => request.JsonAsync(json =>
    {
        json.WriteStartObject();
        json.WriteString(name, value);
        json.WriteEndObject();
    });

    // Marathon names it as host:port.
    private static string? Leader(ApiRequest request) =>
        (request.Snapshot.Leader.IsLeading ? LeaderProxy.Own(request) : request.Snapshot.Leader.Address) is not { } address ? null
            : Uri.TryCreate(address, UriKind.Absolute, out var uri) ? uri.Authority : address;
}
