using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Discovery.Proxies;

/// <summary>The proxies that a configuration can be written for.</summary>
public enum ProxyKind
{
    /// <summary>nginx with its stream module.</summary>
    Nginx,

    /// <summary>HAProxy 2.x.</summary>
    HaProxy,
}

/// <summary>How the proxy listens.</summary>
public sealed record ProxyOptions
{
    /// <summary>The address to listen on.</summary>
    public string Address { get; init; } = "0.0.0.0";

    /// <summary>The port of virtual hosts.</summary>
    public int HttpPort { get; init; } = 80;
}

/// <summary>
/// Writes a proxy's whole configuration: each service port leads to the instances that run, have come up, fail no health check,
/// and are not about to end. Pure, and the same text for the same instances, so that a proxy is reloaded when it differs and
/// only then.
/// </summary>
/// <remarks>
/// Labels of the app tune port N: <c>lcm.proxy.N.vhost</c> (or marathon-lb's <c>HAPROXY_N_VHOST</c>), host names by commas,
/// serves it on the HTTP port by name; <c>lcm.proxy.N.mode</c> (or <c>HAPROXY_N_MODE</c>) is <c>tcp</c> or <c>http</c>;
/// <c>lcm.proxy: false</c> leaves the app out. What cannot be served is named in a comment.
/// A connection that has brought no request within <see cref="FirstRequest"/> is closed, without a word: the worker of an older
/// configuration would lead its request to an instance that has left meanwhile. (Connections that idle after a request, both
/// proxies close at a reload by themselves.)
/// </remarks>
internal static partial class ProxyConfiguration
{
    /// <summary>So long a client may take for the head of a request, from the opening of a connection on: what an instance's
    /// <c>lcm.drain</c> must outlast.</summary>
    private const string FirstRequest = "5s";

    /// <summary>Writes.</summary>
    /// <param name="kind">For which proxy.</param>
    /// <param name="tasks">All instances, as <c>/v2/tasks</c> gives them.</param>
    /// <param name="apps">The apps, for their labels and protocols; those that are missing are served as TCP.</param>
    /// <param name="options">How it listens.</param>
    /// <param name="unresolved">Hosts that cannot be resolved: servers there are left out, which a comment counts.</param>
    public static string Render(ProxyKind kind, IEnumerable<AppTask> tasks, IEnumerable<App>? apps = null,
        ProxyOptions? options = null, IReadOnlySet<string>? unresolved = null)
    {
        if (unresolved is { Count: > 0 })
        {
            var all = tasks.ToList();
            var reached = all.Where(task => task.Host is null || !unresolved.Contains(task.Host)).ToList();
            var text = Render(kind, reached, apps, options);
            var hosts = string.Join(", ", unresolved.Order(StringComparer.Ordinal).Select(host => Plain(host)));
            return $"# {all.Count - reached.Count} instances are left out, whose hosts cannot be resolved: {hosts}\n{text}";
        }

        var known = (apps ?? []).Where(app => app.Id is not null).DistinctBy(app => app.Id)
            .ToDictionary(app => app.Id!, StringComparer.Ordinal);
        var listening = options ?? new ProxyOptions();
        var services = Services(tasks, known).ToList();
        if (services.Exists(service => service.Hosts.Count > 0))
        {
            services = [.. services.Select(service => service.Port != listening.HttpPort ? service
                : service with { IsLeftOut = true, Note = $"the service port {service.Port} is the port of virtual hosts" })];
        }

        return kind == ProxyKind.Nginx ? Nginx(services, listening) : HaProxy(services, listening);
    }

    private static IEnumerable<Service> Services(IEnumerable<AppTask> tasks, Dictionary<string, App> apps)
    {
        var taken = new HashSet<int>();
        foreach (var group in tasks.Where(IsServing).GroupBy(task => task.AppId)
            .OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var app = apps.GetValueOrDefault(group.Key);
            if (Label(app, "lcm.proxy") == "false") continue;
            for (var index = 0; index < group.Max(task => task.ServicePorts?.Count ?? 0); index++)
            {
                if (AppPorts.Position(app, index) is not { } position) continue;
                var servers = group.Where(task => position < task.Ports.Count && index < (task.ServicePorts?.Count ?? 0)
                    && IsHost(task.Host))
                    .Select(task => new Backend(Plain(task.Id), Bracketed(task.Host!), task.Ports[position]))
                    .OrderBy(server => server.Name, StringComparer.Ordinal).ToList();
                var servicePort = group.Select(task => index < (task.ServicePorts?.Count ?? 0) ? task.ServicePorts![index] : 0)
                    .FirstOrDefault(port => port > 0);
                if (servicePort == 0 || servers.Count == 0) continue;
                var hosts = (Label(app, $"lcm.proxy.{index}.vhost") ?? Label(app, $"HAPROXY_{index}_VHOST") ?? "")
                    .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
                var mode = Label(app, $"lcm.proxy.{index}.mode") ?? Label(app, $"HAPROXY_{index}_MODE") ?? "tcp";
                var note = !taken.Add(servicePort) ? $"the service port {servicePort} is served for another app" : null;
                var bad = hosts.Where(host => !VirtualHost().IsMatch(host)).ToList();
                yield return new Service(
                    Plain(group.Key.TrimStart('/').Replace('/', '_')) + "_" + Text(servicePort), Plain(group.Key, '/'),
                    servicePort, mode == "http" || hosts.Length > 0, IsUdp(app, index),
                    [.. hosts.Except(bad).Distinct(StringComparer.OrdinalIgnoreCase)], servers,
                    note ?? (bad.Count > 0 ? "a virtual host is not a host name and is left out" : null), note is not null);
            }
        }
    }

    // One that has come up and has no verdict at the moment is served: a new leader has yet to ask, and that is no failure.
    private static bool IsServing(AppTask task) => task is { State: "TASK_RUNNING", InService: not false, Started: not false }
        && task.HealthCheckResults?.Any(result => !result.Alive) != true;

    private static string Nginx(List<Service> services, ProxyOptions options)
    {
        var text = new StringBuilder("# Written by LifecycleManager from what runs; changes here are lost.\n")
            // Debian's nginx has its stream module in a file of its own; where there is none, nothing is included.
            .Append("include /etc/nginx/modules-enabled/*.conf;\nworker_processes auto;\nworker_rlimit_nofile 65536;\n")
            .Append("events {\n  worker_connections 16384;\n}\n\nstream {\n");
        foreach (var service in services)
        {
            text.Append(Note(service));
            if (service.IsLeftOut) continue;
            Upstream(text, service, "  ");
            text.Append(
                $"  server {{\n    listen {options.Address}:{Text(service.Port)}{(service.IsUdp ? " udp" : "")};\n    proxy_connect_timeout 5s;\n")
                .Append($"    proxy_next_upstream on;\n    proxy_pass {service.Name};\n  }}\n");
        }

        text.Append($"}}\n\nhttp {{\n  client_header_timeout {FirstRequest};\n")
            .Append("  map $http_upgrade $connection_upgrade {\n    default upgrade;\n    '' '';\n  }\n");
        foreach (var service in services.Where(service => service is { IsLeftOut: false, Hosts.Count: > 0 }))
        {
            Upstream(text, service, "  ");
            text.Append(
                $"  server {{\n    listen {options.Address}:{Text(options.HttpPort)};\n    server_name {string.Join(' ', service.Hosts)};\n")
                .Append($"    location / {{\n      proxy_pass http://{service.Name};\n      proxy_http_version 1.1;\n")
                .Append(
                    "      proxy_set_header Host $host;\n      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n")
                .Append("      proxy_set_header X-Forwarded-Proto $scheme;\n      proxy_set_header Upgrade $http_upgrade;\n")
                .Append("      proxy_set_header Connection $connection_upgrade;\n      proxy_connect_timeout 5s;\n")
                .Append("      proxy_next_upstream error timeout;\n    }\n  }\n");
        }

        return text.Append("}\n").ToString();
    }

    private static void Upstream(StringBuilder text, Service service, string indent)
    {
        text.Append($"{indent}upstream {service.Name} {{\n{indent}  least_conn;\n");
        foreach (var server in service.Servers)
            text.Append($"{indent}  server {server.Host}:{Text(server.Port)} max_fails=1 fail_timeout=5s;\n");
        text.Append($"{indent}}}\n");
    }

    private static string HaProxy(List<Service> services, ProxyOptions options)
    {
        var text =
            // How many connections there may be, HAProxy finds by the open files that it is allowed.
            new StringBuilder("# Written by LifecycleManager from what runs; changes here are lost.\ndefaults\n")
            .Append(
                "  mode tcp\n  balance leastconn\n  option redispatch\n  retries 3\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n")
            .Append($"  timeout http-request {FirstRequest}\n  timeout http-keep-alive 1h\n  option http-ignore-probes\n");
        var served = services.Where(service => !service.IsLeftOut).ToList();
        foreach (var service in services)
        {
            text.Append('\n').Append(Note(service));
            if (service.IsLeftOut) continue;
            if (service.IsUdp)
            {
                text.Append($"# {service.App}: HAProxy passes no UDP on\n");
                continue;
            }

            text.Append($"frontend in_{service.Name}\n  bind {options.Address}:{Text(service.Port)}\n");
            if (service.IsHttp) text.Append("  mode http\n");
            text.Append($"  default_backend {service.Name}\n");
            text.Append($"backend {service.Name}\n");
            if (service.IsHttp) text.Append("  mode http\n  option forwardfor\n");
            foreach (var server in service.Servers)
                text.Append($"  server {server.Name} {server.Host}:{Text(server.Port)} check inter 5s fall 2\n");
        }

        var named = served.Where(service => service is { Hosts.Count: > 0, IsHttp: true, IsUdp: false }).ToList();
        if (named.Count == 0) return text.ToString();
        text.Append($"\nfrontend in_http\n  bind {options.Address}:{Text(options.HttpPort)}\n  mode http\n");
        foreach (var (service, host) in named.SelectMany(service => service.Hosts.Select(host => (service, host))))
        {
            var match = host.StartsWith('*') ? $"-m end -i {host[1..]}" : $"-i {host}";
            text.Append($"  use_backend {service.Name} if {{ req.hdr(host),host_only {match} }}\n");
        }

        return text.ToString();
    }

    private static string Note(Service service) => service.Note is null ? "" : $"# {service.App}: {service.Note}\n";

    private static string? Label(App? app, string name) => app?.Labels?.GetValueOrDefault(name);

    private static bool IsUdp(App? app, int index)
    {
        var protocol = app?.Container?.PortMappings is { } mappings && index < mappings.Count ? mappings[index].Protocol
            : app?.PortDefinitions is { } definitions && index < definitions.Count ? definitions[index].Protocol : null;
        return protocol == "udp";
    }

    private static bool IsHost(string? host) => host is not null && Host().IsMatch(host);

    private static string Bracketed(string host) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;

    // Whatever is not plain could end a word of the configuration.
    private static string Plain(string text, char also = '_') =>
        string.Concat(text.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_' || letter == also
            ? letter : '_'));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^[A-Za-z0-9.:_-]{1,255}\z")]
    private static partial Regex Host();

    [GeneratedRegex(@"^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]{0,253})\z")]
    private static partial Regex VirtualHost();

    private sealed record Backend(string Name, string Host, int Port);

    private sealed record Service(
        string Name, string App, int Port, bool IsHttp, bool IsUdp, IReadOnlyList<string> Hosts, IReadOnlyList<Backend> Servers,
        string? Note, bool IsLeftOut);
}
