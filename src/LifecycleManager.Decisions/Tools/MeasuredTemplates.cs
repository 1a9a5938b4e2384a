namespace LifecycleManager.Decisions.Tools;

/// <summary>
/// The templates whose metrics an app's instances may tell, in the order in which they are preferred, with where those are looked
/// for: services have them in an actuator, or in Prometheus text under the names that their library gives them.
/// </summary>
internal static class MeasuredTemplates
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<(PolicyTemplate Template, string Where)> All { get; } =
    [
        (Kind("target"), "container"),
        (Kind("process-cpu"), "actuator"),
        (Kind("process-cpu") with
        {
            Metrics = """
                  # The process's share of the machine's cpus, as Micrometer tells it.
                  cpu: { prometheus: process_cpu_usage, window: 1m }
                """,
        }, "Prometheus text of Micrometer"),
        (Kind("process-cpu") with
        {
            Metrics = """
                  # Cores that the process uses, as Prometheus' client libraries tell it: 60% of one.
                  cpu: { prometheus: process_cpu_seconds_total, rate: 1m }
                """,
        }, "Prometheus text of a client library"),
        (Kind("requests"), "actuator"),
        (Kind("requests") with
        {
            Metrics = """
                  # Requests a second, all instances together, without those of scrapes.
                  rps:
                    prometheus: 'http_server_requests_seconds_count{uri!~"/actuator.*"}'
                    rate: 1m
                    across: sum
                """,
        }, "Prometheus text of Micrometer"),
        (Kind("requests") with
        {
            Metrics = """
                  # Requests a second, all instances together; those of scrapes may be among them.
                  rps: { prometheus: http_server_request_duration_seconds_count, rate: 1m, across: sum }
                """,
        }, "Prometheus text of OpenTelemetry"),
        (Kind("requests") with
        {
            Metrics = """
                  # Requests a second, all instances together; those of scrapes may be among them.
                  rps: { prometheus: http_requests_total, rate: 1m, across: sum }
                """,
        }, "Prometheus text, http_requests_total"),
        (Kind("latency"), "actuator"),
        (Kind("latency") with
        {
            Metrics = """
                  # The slowest request of the last two minutes in seconds, the mean over instances.
                  slowest:
                    prometheus: 'http_server_requests_seconds_max{uri!~"/actuator.*"}'
                    within: max
                    window: 1m
                """,
        }, "Prometheus text of Micrometer"),
        (Kind("heap"), "actuator"),
        (Kind("heap") with
        {
            Metrics = """
                  # The least of five minutes is what garbage collection leaves.
                  used: { prometheus: 'jvm_memory_used_bytes{area="heap"}', window: 5m, function: min }
                  most: { prometheus: 'jvm_memory_max_bytes{area="heap"}' }
                """,
        }, "Prometheus text of Micrometer"),
    ];

    private static PolicyTemplate Kind(string kind) => PolicyTemplate.All.First(template => template.Kind == kind);
}
