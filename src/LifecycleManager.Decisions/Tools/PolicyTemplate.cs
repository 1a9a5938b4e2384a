namespace LifecycleManager.Decisions.Tools;

/// <summary>What <c>lcm policy init</c> writes of one kind, and a test of it.</summary>
/// <param name="Kind">The kind's name.</param>
/// <param name="Metrics">The entries of <c>metrics</c>.</param>
/// <param name="Rules">The entries of <c>rules</c>.</param>
/// <param name="Series">The test's series.</param>
/// <param name="Expect">What the test expects of them.</param>
internal sealed record PolicyTemplate(string Kind, string Metrics, string Rules, string Series, string Expect)
{
    // Boot 1 has its endpoints at the root, or where the app says: /admin is usual.
    private const string Calls =
        """http.server.requests{uri!~"/(actuator|admin|health|info|metrics|prometheus)(/.*)?",statistic=""";

    private const string RequestRate =
        $$"""
          # Requests a second, all instances together, without those of health checks and scrapes; Spring Boot 1.5 and later.
          # Where an app has more than 60 pages, its Prometheus text is cheaper: prometheus: http_server_requests_seconds_count
          rps:
            actuator: '{{Calls}}"COUNT"}'
            rate: 1m
            across: sum
        """;

    private const string CpuTarget =
        """
          - rule: keep the cpu near 60%
            target: { metric: cpu, value: 60%, tolerance: 10% }
        """;

    /// <summary>All of them; the first is the one that is written where none is named.</summary>
    public static IReadOnlyList<PolicyTemplate> All { get; } =
    [
        new(
            PolicyInit.DefaultKind,
            """
              # The container's share of its cpu limit: the mean over instances, and all that they use together.
              cpu: { container: cpu, window: 15s }
              load: { container: cpu, across: sum, window: 15s }
            """,
            CpuTarget + "\n" +
            """
              - rule: be there when the load is
                # Where it will be in 40 s, about what an instance takes to start, if it goes on as in the last 45 s.
                target: { metric: 'predict(load, 45s, 40s)', value: 80%, per: instance, tolerance: 0% }
              - rule: a rush is no ramp
                # What doubles within a minute fills the cpu, which tells no more then, before instances have started.
                target:
                  metric: 'if(cpu > 0.5 and predict(load, 30s, 1m) > 2 * load, predict(load, 30s, 80s), load)'
                  value: 80%
                  per: instance
                  tolerance: 0%
              - rule: give back what is not needed for long
                target: { metric: 'avg(load, 4m)', value: 60%, per: instance }
            """,
            "cpu: '0.9x12'", "{ at: 0s, instances: 2 }")
        {
            Interval = "15s",
            ScaleOut = "{ stabilization: 0s, limit: none }",
            ScaleIn = "{ stabilization: 90s, limit: none }",
        },
        new(
            "requests", RequestRate,
            """
              - rule: 50 requests a second each
                target: { metric: rps, value: 50, per: instance }
            """,
            "rps: '80x5'", "{ at: 0s, instances: 2 }"),
        new(
            "latency",
            $$"""
              # The slowest request of the last two minutes in seconds (Boot 1.5: of the last of each page),
              # the mean over instances.
              slowest:
                actuator: '{{Calls}}"MAX"}'
                window: 1m
            """,
            """
              - rule: too slow
                when: slowest > 1 and healthy == instances
                for: 30s
                then: { add: 50% }
              - rule: quick enough for one fewer
                when: slowest < 0.3
                for: 10m
                then: { remove: 1 }
            """,
            "slowest: '0.5x2 2x5'", "{ at: 4m, instances: 2 }"),
        new(
            "process-cpu",
            """
              # The process's share of the machine's cpus. Boot 1.5 does not measure it: there it is the machine's
              # load average over its cpus, 1 at most.
              cpu: { actuator: process.cpu.usage, window: 1m }
            """,
            CpuTarget, "cpu: '0.9x5'", "{ at: 0s, instances: 2 }"),
        new(
            "heap",
            """
              # The least of five minutes is what garbage collection leaves.
              used: { actuator: 'jvm.memory.used{area="heap"}', window: 5m, function: min }
              most: { actuator: 'jvm.memory.max{area="heap"}' }
            """,
            """
              - rule: the heap is full
                when: used > 0.8 * most
                for: 2m
                then: { add: 1 }
              - rule: the heap is empty enough for one fewer
                when: instances > 1 and used * instances < 0.6 * most * (instances - 1)
                for: 15m
                then: { remove: 1 }
            """,
            "{ used: '450x9', most: '512x9' }", "{ at: 2m, instances: 2 }"),
        new(
            "threshold", RequestRate,
            """
              - rule: too many requests
                when: rps > 50 * instances and healthy == instances
                for: 30s # without a break
                then: { add: 50% }
              - rule: too few requests
                # Only when one instance fewer would have a fifth to spare.
                when: instances > 1 and rps < 40 * (instances - 1)
                for: 2m
                then: { remove: 1 }
            """,
            "rps: '30x2 70x5'", "{ at: 4m, instances: 2 }"),
        new(
            "step", "  queue: { rabbitmq: jobs }",
            """
              - rule: the queue is long
                # Of several steps that hold the narrowest counts.
                step:
                  metric: queue / max(instances, 1)
                  steps: [ { above: 50, add: 1 }, { above: 200, add: 3 }, { below: 10, remove: 1 } ]
            """,
            "queue: '60x5'", "{ at: 0s, instances: 2 }"),
        new(
            "rabbitmq",
            """
              # Messages that wait for a consumer; read: messages counts those that are being worked on, too.
              waiting: { rabbitmq: jobs, read: ready }
            """,
            """
              - rule: 100 messages each
                target: { metric: waiting, value: 100, per: instance }
            """,
            "waiting: '180x5'", "{ at: 0s, instances: 2 }"),
        new(
            "promql",
            """
              # $app is the app's id; the window is four scrapes long, so that one may fail.
              rps: { promql: 'sum(rate(http_requests_total{app="$app"}[1m]))' }
            """,
            """
              - rule: 50 requests a second each
                target: { metric: rps, value: 50, per: instance }
            """,
            "rps: '80x5'", "{ at: 0s, instances: 2 }"),
        new(
            "schedule", "  cpu: { container: cpu, window: 1m }",
            """
              - rule: the morning rush
                # Quartz' cron: second minute hour day month weekday.
                schedule: { cron: '0 0 7 ? * MON-FRI', until: '0 0 10 ? * MON-FRI', zone: Europe/London }
                then: { min: 5 }
            """ + "\n" + CpuTarget,
            "cpu: '0.6x600'", "{ at: 7h, instances: 5 }"),
        new(
            "forecast", RequestRate,
            """
              - rule: before the rush
                # Learns the day's pattern; acts only to scale out early, and only while its error is small.
                forecast: { metric: rps, value: 50, per: instance, season: 1d, ahead: 10m, maxError: 25% }
              - rule: 50 requests a second each
                target: { metric: rps, value: 50, per: instance }
            """,
            "rps: '80x5'", "{ at: 0s, instances: 2 }"),
        new(
            "zero",
            """
              # What wakes an app at zero must not come from its own instances.
              waiting: { rabbitmq: jobs }
            """,
            """
              - rule: twenty messages each
                target: { metric: waiting, value: 20, per: instance, activation: 0 }
            """,
            "waiting: '0 0 35x5'", "{ at: 2m, instances: 2 }") { Least = 0 },
    ];

    /// <summary>The least count.</summary>
    public int Least { get; init; } = 1;

    /// <summary>The time between two values of the test's series.</summary>
    public string Interval { get; init; } = "1m";

    /// <summary>How growth is tempered.</summary>
    public string ScaleOut { get; init; } = "{ stabilization: 0s, limit: [ 4 per 15s, 100% per 15s ] }";

    /// <summary>How shrinking is tempered.</summary>
    public string ScaleIn { get; init; } = "{ stabilization: 5m, limit: 50% per 1m }";

    /// <summary>The most instances.</summary>
    public int Most { get; init; } = 10;

    /// <summary>The policy's text for an app.</summary>
    /// <param name="app">The app's id, as YAML has it.</param>
    /// <param name="name">The policy's name, as YAML has it.</param>
    /// <param name="remarks">Lines of comment above it, each with its sign and its end.</param>
    public string Policy(string app, string name, string remarks = "") =>
        $"""
        # {app}: what scales it. Check with `lcm policy check`, try with `lcm policy test` and `lcm policy replay`.
        {remarks}policy: {name}
        app: {app}
        instances: {"{"} min: {Least}, max: {Most} {"}"}
        metrics:
        {Metrics}
        rules:
        {Rules}
        scaleOut: {ScaleOut}
        scaleIn: {ScaleIn}
        onMissingMetrics: hold # hold | min | max | fallback:N

        """;

    /// <summary>The text of its test.</summary>
    /// <param name="app">The app's id, as YAML has it.</param>
    public string Test(string app)
    {
        var series = Series.StartsWith('{') ? Series : $"{{ {Series} }}";
        return $"""
            # In promtool's notation: '5x2' is 5 three times.
            interval: {Interval}
            tests:
              - name: it scales out
                app: {app}
                start: 2026-01-05T00:00:00Z
                instances: {Least}
                series: {series}
                expect:
                  - {Expect}

            """;
    }
}
