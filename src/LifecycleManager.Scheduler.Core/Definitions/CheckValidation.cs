using LifecycleManager.Primitives.Text;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions.Json;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>Marathon's rules for health checks and readiness checks.</summary>
internal static class CheckValidation
{
    private const double MaxSeconds = 365 * 86_400d;
    private static readonly string[] Protocols = ["HTTP", "HTTPS", "TCP", "COMMAND", "MESOS_HTTP", "MESOS_HTTPS", "MESOS_TCP"];

    public static void Validate(App app, string path, Problems problems)
    {
        var onHost = app.Networks is [{ Mode: NetworkNotation.Host }, ..] or null;
        var mappings = app.Container?.PortMappings ?? [];
        var ports = onHost ? (app.PortDefinitions ?? []).Select(port => port.Name).ToList() : mappings.Select(port => port.Name)
            .ToList();
        var checks = app.HealthChecks!;
        for (var index = 0; index < checks.Count; index++)
        {
            var at = $"{path}/healthChecks({index})";
            Health(checks[index], ports.Count, at, problems);
            if (!onHost && checks[index].PortIndex is >= 0 and var port && port < mappings.Count
                && mappings[port].HostPort is null)
                problems.Add($"{at}/portIndex",
                    $"the port {port} is not published on the host, where it would be asked: give it a hostPort");
        }

        problems.Unless(
            checks.Count(check => check.Protocol is "COMMAND" or "MESOS_HTTP" or "MESOS_HTTPS" or "MESOS_TCP") <= 1,
            $"{path}/healthChecks", "AppDefinition can contain at most one Mesos health check");

        var readiness = app.ReadinessChecks!;
        problems.Unless(readiness.Count <= 1, $"{path}/readinessChecks", "must have at most one element");
        for (var index = 0; index < readiness.Count; index++)
            Readiness(readiness[index], ports, $"{path}/readinessChecks({index})", problems);
    }

    private static void Health(AppHealthCheck check, int ports, string at, Problems problems)
    {
        if (!Protocols.Contains(check.Protocol, StringComparer.Ordinal))
        {
            problems.Add($"{at}/protocol", $"'{check.Protocol}' must be one of {string.Join(", ", Protocols)}"
                + NearestName.Hint(check.Protocol!, Protocols));
            return;
        }

        if (check.Protocol == "COMMAND")
        {
            problems.Unless(check.Command is { Value.Length: > 0 }, $"{at}/command", "must be set for COMMAND");
            problems.Unless(check.Command?.Value.Contains('\0', StringComparison.Ordinal) is not true, $"{at}/command",
                "must not have a NUL");
            problems.Unless(check.Port is null && check.PortIndex is null, at, "COMMAND takes neither port nor portIndex");
        }
        else
        {
            problems.Unless(check.Command is null, $"{at}/command", "must only be set for COMMAND");
            problems.Unless(check.Port is null || check.PortIndex is null, at,
                "HealthCheck must specify either a port or a portIndex");
            problems.Unless(check.Port is null or (> 0 and <= 65_535), $"{at}/port", "must be between 1 and 65535");
            problems.Unless(
                check.PortIndex is null || (check.PortIndex >= 0 && check.PortIndex < ports), $"{at}/portIndex",
                "Health check port indices must address an element of the ports array or container port mappings."
                    + $" There are {ports} ports, and the index is {check.PortIndex}");
        }

        UrlPath(check.Path, at, problems);
        Between(check.GracePeriodSeconds, 0, $"{at}/gracePeriodSeconds", problems);
        Between(check.IntervalSeconds, 0.1, $"{at}/intervalSeconds", problems);
        Between(check.TimeoutSeconds, 0.1, $"{at}/timeoutSeconds", problems);
        Between(check.DelaySeconds, 0, $"{at}/delaySeconds", problems);
        problems.Unless(check.MaxConsecutiveFailures >= 0, $"{at}/maxConsecutiveFailures", "must not be negative");
        problems.Unless(check.IpProtocol is "IPv4" or "IPv6", $"{at}/ipProtocol", "must be one of IPv4, IPv6");
    }

    private static void Readiness(ReadinessCheck check, List<string?> ports, string at, Problems problems)
    {
        problems.Unless(
            check.Name is { Length: > 0 and <= 255 } name && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'),
            $"{at}/name", "must fully match regular expression '^[a-zA-Z0-9_-]{1,255}$'");
        problems.Unless(check.Protocol is "HTTP" or "HTTPS", $"{at}/protocol", $"'{check.Protocol}' must be one of HTTP, HTTPS");
        problems.Unless(ports.Contains(check.PortName), $"{at}/portName", $"No port definition is named '{check.PortName}'");
        UrlPath(check.Path, at, problems);
        Between(check.IntervalSeconds, 0.1, $"{at}/intervalSeconds", problems);
        Between(check.TimeoutSeconds, 0.1, $"{at}/timeoutSeconds", problems);
        problems.Unless(check.TimeoutSeconds < check.IntervalSeconds, $"{at}/timeoutSeconds",
            "must be less than intervalSeconds");
        problems.Unless(
            check.HttpStatusCodesForReady is { Count: > 0 } codes && codes.All(code => code is >= 100 and <= 599),
            $"{at}/httpStatusCodesForReady", "must have codes between 100 and 599");
    }

    private static void UrlPath(string? path, string at, Problems problems) => problems.Unless(
        path is null || (path.Length is > 0 and <= 2_048 && !path.Any(c => char.IsWhiteSpace(c) || char.IsControl(c))),
        $"{at}/path", "must be the path of a URL, without spaces");

    private static void Between(double? seconds, double least, string at, Problems problems)
    {
        if (seconds >= least && seconds <= MaxSeconds) return;
        FormattableString text = $"{seconds} must be between {least} and {MaxSeconds} seconds";
        problems.Add(at, FormattableString.Invariant(text));
    }
}
