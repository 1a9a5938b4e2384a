using System.Buffers;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Tools.Import;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Decisions.Tools;

/// <summary><c>lcm policy init</c>: a commented first policy of a kind, and its test.</summary>
public static class PolicyInit
{
    private static readonly SearchValues<char> NoId = SearchValues.Create(" \t\n{}[],'\"");

    /// <summary>The kinds there are.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["threshold", "step", "target", "schedule", "forecast", "zero"];

    /// <summary>Writes a policy for an app.</summary>
    /// <param name="app">The absolute app id.</param>
    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="file">Where to; null for <paramref name="output"/>. Nothing is overwritten. <c>x.yml</c> gets a test
    /// <c>x.test.yml</c> beside it.</param>
    /// <param name="output">Gets the policy, or what was written.</param>
    /// <param name="error">Gets what is wrong.</param>
    /// <param name="files">Where files are written; null for the disk.</param>
    /// <returns>0 written; 2 an argument is wrong, or the file is there already.</returns>
    public static int Run(string app, string kind, string? file, TextWriter output, TextWriter error, IPolicyFiles? files = null)
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        if (!Kinds.Contains(kind))
        {
            error.WriteLine($"there is no kind '{kind}' ({NearestName.Suggest(kind, Kinds)})");
            return ExitCodes.Failed;
        }

        if (!app.StartsWith('/') || app.Length < 2 || app.AsSpan().ContainsAny(NoId))
        {
            error.WriteLine($"'{app}' is not an absolute app id, such as /shop/search");
            return ExitCodes.Failed;
        }

        var (policy, test) = Write(app, kind);
        if (file is null)
        {
            output.Write(policy);
            return ExitCodes.Good;
        }

        var testFile = Path.ChangeExtension(file, ".test" + Path.GetExtension(file));
        try
        {
            foreach (var (path, text) in (ReadOnlySpan<(string, string)>)[(file, policy), (testFile, test)])
            {
                (files ?? DiskFiles.Instance).Write(path, text, isNew: true);
                output.WriteLine($"written: {path}");
            }

            return ExitCodes.Good;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"{file}: cannot be written: {e.Message}");
            return ExitCodes.Failed;
        }
    }

    private static (string Policy, string Test) Write(string app, string kind)
    {
        var (metrics, rules, least, series, expect) = kind switch
        {
            "threshold" => (
                "  # The sum over all instances; a Spring Boot gauge by its name.\n  tpm: { actuator: gauge.servo.tpm, across: sum }",
                "  - rule: too many transactions\n    when: tpm > 10 * instances\n    for: 30s                     # without a break\n    then: { add: 1 }\n  - rule: too few transactions\n    # Only when one instance fewer would have a fifth to spare.\n    when: instances > 1 and tpm < 8 * (instances - 1)\n    for: 2m\n    then: { remove: 1 }",
                1, "tpm: '5x2 15x5'", "{ at: 4m, instances: 2 }"),
            "step" => (
                "  queue: { rabbitmq: jobs }",
                "  - rule: the queue is long\n    step:\n      metric: queue / max(instances, 1)\n      steps:                     # the narrowest that holds counts\n        - { above: 50, add: 1 }\n        - { above: 200, add: 3 }\n        - { below: 10, remove: 1 }",
                1, "queue: '60x5'", "{ at: 0s, instances: 2 }"),
            "target" => (
                "  # The container's share of its cpu limit, the mean over instances and a minute.\n  cpu: { container: cpu, window: 1m }",
                "  - rule: keep the cpu near 60%\n    target: { metric: cpu, value: 60%, tolerance: 10% }",
                1, "cpu: '0.9x5'", "{ at: 0s, instances: 2 }"),
            "schedule" => (
                "  cpu: { container: cpu, window: 1m }",
                "  - rule: the morning rush\n    # Quartz' cron: second minute hour day month weekday.\n    schedule: { cron: '0 0 7 ? * MON-FRI', until: '0 0 10 ? * MON-FRI', zone: Europe/London }\n    then: { min: 5 }\n  - rule: keep the cpu near 60%\n    target: { metric: cpu, value: 60% }",
                1, "cpu: '0.6x600'", "{ at: 7h, instances: 5 }"),
            "forecast" => (
                "  rps: { prometheus: http_server_requests_seconds_count, rate: 1m, across: sum }",
                "  - rule: before the rush\n    # Learns the day's pattern; acts only to scale out early, and only while its error is small.\n    forecast: { metric: rps, value: 50, per: instance, season: 1d, ahead: 10m, maxError: 25% }\n  - rule: 50 requests a second each\n    target: { metric: rps, value: 50, per: instance }",
                1, "rps: '80x5'", "{ at: 0s, instances: 2 }"),
            _ => (
                "  # What wakes an app at zero must not come from its own instances.\n  waiting: { rabbitmq: jobs }",
                "  - rule: twenty messages each\n    target: { metric: waiting, value: 20, per: instance, activation: 0 }",
                0, "waiting: '0 0 35x5'", "{ at: 2m, instances: 2 }"),
        };
        var name = app.Trim('/').Replace('/', ' ');
        var policy = $$"""
            # {{app}}: what scales it. Check with `lcm policy check`, try with `lcm policy test` and `lcm policy replay`.
            policy: {{PolicyDraft.Quote(name)}}
            app: {{PolicyDraft.Quote(app)}}
            instances: { min: {{least}}, max: 10 }
            metrics:
            {{metrics}}
            rules:
            {{rules}}
            scaleOut: { stabilization: 0s, limit: [ 4 per 1m, 100% per 1m ] }
            scaleIn: { stabilization: 5m, limit: 1 per 1m }
            onMissingMetrics: hold           # hold | min | max | fallback:N

            """;
        var test = $$"""
            # In promtool's notation: '5x2' is 5 three times.
            interval: 1m
            tests:
              - name: it scales out
                app: {{PolicyDraft.Quote(app)}}
                start: 2026-01-05T00:00:00Z
                instances: {{(kind == "zero" ? 0 : 1)}}
                series: { {{series}} }
                expect:
                  - {{expect}}

            """;
        return (policy, test);
    }
}
