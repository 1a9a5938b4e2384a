using System.Globalization;
using System.Net;

namespace BrownField;

/// <summary>Which of the three services an instance is.</summary>
public enum ServiceKind
{
    /// <summary>Searches flights and fares.</summary>
    Search,

    /// <summary>Passes <c>/api/search</c> on to the search instances.</summary>
    SearchApiGateway,

    /// <summary>A page that asks the gateway.</summary>
    Website,
}

/// <summary>Which Spring Boot's management endpoints an instance serves.</summary>
[Flags]
public enum BootShape
{
    /// <summary>Boot 1.x: <c>/admin/health</c>, <c>/admin/metrics</c>.</summary>
    One = 1,

    /// <summary>Boot 2 and 3: <c>/actuator/health</c>, <c>/actuator/metrics/{name}</c>, <c>/actuator/prometheus</c>.</summary>
    Two = 2,

    /// <summary>Both of them.</summary>
    Both = One | Two,
}

/// <summary>What the metrics endpoints do wrong, to try a collector.</summary>
public enum MetricsFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>They answer 500.</summary>
    Error,

    /// <summary>They answer 200 with an HTML page.</summary>
    Html,

    /// <summary>Their body never ends.</summary>
    Endless,

    /// <summary>They take the request and never answer.</summary>
    Hang,
}

/// <summary>The settings of one instance: an option <c>--name value</c> wins over the variable <c>BROWNFIELD_NAME</c>.</summary>
public sealed record BrownFieldOptions
{
    /// <summary>The text of <c>--help</c>.</summary>
    public const string Help = """
        BrownField: one of the sample services, with Spring Boot's management endpoints.

          --service search|search-apigateway|website   which one (required)
          --boot 1|2|both       /admin/* of Boot 1.x, /actuator/* of Boot 2 and 3, or both (default 1)
          --port N              default $PORT0, $PORT, then 8090, 8095, 8001; 0 takes any free one
          --bind ADDRESS        default 127.0.0.1; 0.0.0.0 serves other machines
          --tpm-window TIME     the window of gauge.servo.tpm, scaled to a minute; default 60s
          --search-url URLS     the gateway's search instances, comma separated
          --gateway-url URL     the website's gateway
          --timeout TIME        how long gateway and website wait for an answer; default 5s
          --drain TIME          how long a stopping instance serves on, not ready; default 1s
          --fault error|html|endless|hang   what the metrics endpoints do wrong; default none

        TIME is 500ms, 10s or 1m. Each option is also a variable: BROWNFIELD_SERVICE, BROWNFIELD_TPM_WINDOW, ...
        """;

    private static readonly string[] Names =
        ["service", "boot", "port", "bind", "tpm-window", "search-url", "gateway-url", "timeout", "drain", "fault"];

    /// <summary>Which service this is.</summary>
    public required ServiceKind Service { get; init; }

    /// <summary>Which management endpoints it serves.</summary>
    public BootShape Boot { get; init; } = BootShape.One;

    /// <summary>The TCP port; 0 takes any free one.</summary>
    public int Port { get; init; }

    /// <summary>The address to listen on.</summary>
    public IPAddress Bind { get; init; } = IPAddress.Loopback;

    /// <summary>The span over which transactions are counted; the gauge is scaled to a minute. From 1 s to 1 h.</summary>
    public TimeSpan TpmWindow { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The search instances of a gateway.</summary>
    public IReadOnlyList<Uri> SearchUrls { get; init; } = [];

    /// <summary>The gateway of a website.</summary>
    public Uri? GatewayUrl { get; init; }

    /// <summary>How long a call to another service may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an instance told to stop goes on serving while its health says it is not ready.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What the metrics endpoints do wrong.</summary>
    public MetricsFault Fault { get; init; }

    /// <summary>The service's name as its app and image call it.</summary>
    public string ServiceName => Service switch
    {
        ServiceKind.Search => "search",
        ServiceKind.SearchApiGateway => "search-apigateway",
        _ => "website",
    };

    /// <summary>Reads options and variables.</summary>
    /// <exception cref="FormatException">An option is unknown or its value cannot be used; the message says which.</exception>
    public static BrownFieldOptions Parse(IReadOnlyList<string> args, Func<string, string?> environment)
    {
        var given = ReadArguments(args);
        string? Value(string name) => given.GetValueOrDefault(name)
            ?? NullIfEmpty(environment("BROWNFIELD_" + name.ToUpperInvariant().Replace('-', '_')));

        var service = Value("service") switch
        {
            "search" => ServiceKind.Search,
            "search-apigateway" => ServiceKind.SearchApiGateway,
            "website" => ServiceKind.Website,
            null => throw new FormatException("--service is required: search, search-apigateway or website"),
            var other => throw new FormatException($"--service {other}: search, search-apigateway or website are known"),
        };
        var port = Value("port") ?? NullIfEmpty(environment("PORT0")) ?? NullIfEmpty(environment("PORT"));
        return new BrownFieldOptions
        {
            Service = service,
            Boot = Value("boot") switch
            {
                null or "1" => BootShape.One,
                "2" or "3" => BootShape.Two,
                "both" => BootShape.Both,
                var other => throw new FormatException($"--boot {other}: 1, 2 or both are known"),
            },
            Port = port is null ? DefaultPort(service) : ReadPort(port),
            Bind = Value("bind") is { } bind ? ReadAddress(bind) : IPAddress.Loopback,
            TpmWindow = ReadTime("tpm-window", Value("tpm-window") ?? "60s", TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            SearchUrls = [.. (Value("search-url") ?? "")
                .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(url => ReadUrl("search-url", url))],
            GatewayUrl = Value("gateway-url") is { } gateway ? ReadUrl("gateway-url", gateway) : null,
            Timeout = ReadTime("timeout", Value("timeout") ?? "5s", TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(10)),
            Drain = ReadTime("drain", Value("drain") ?? "1s", TimeSpan.Zero, TimeSpan.FromMinutes(10)),
            Fault = Value("fault") switch
            {
                null or "none" => MetricsFault.None,
                "error" => MetricsFault.Error,
                "html" => MetricsFault.Html,
                "endless" => MetricsFault.Endless,
                "hang" => MetricsFault.Hang,
                var other => throw new FormatException($"--fault {other}: error, html, endless or hang are known"),
            },
        };
    }

    private static Dictionary<string, string> ReadArguments(IReadOnlyList<string> args)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < args.Count; i++)
        {
            var (name, value) = args[i].Split('=', 2) is [var left, var right] ? (left, right) : (args[i], null);
            if (!name.StartsWith("--", StringComparison.Ordinal) || !Names.Contains(name[2..]))
                throw new FormatException($"{name} is no option; --help lists them");
            given[name[2..]] = value ?? (++i < args.Count ? args[i] : throw new FormatException($"{name} needs a value"));
        }

        return given;
    }

    private static int DefaultPort(ServiceKind service) => service switch
    {
        ServiceKind.Search => 8090,
        ServiceKind.SearchApiGateway => 8095,
        _ => 8001,
    };

    private static int ReadPort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= 65535
            ? port
            : throw new FormatException($"port {text}: a number from 0 to 65535 is needed");

    private static IPAddress ReadAddress(string text) =>
        text == "localhost" ? IPAddress.Loopback
        : IPAddress.TryParse(text, out var address) ? address
        : throw new FormatException($"--bind {text}: an IP address is needed");

    private static Uri ReadUrl(string name, string text) =>
        Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new FormatException($"--{name} {text}: an http or https address is needed");

    private static TimeSpan ReadTime(string name, string text, TimeSpan min, TimeSpan max)
    {
        var (digits, unit) = text switch
        {
            [.. var d, 'm', 's'] => (d, TimeSpan.FromMilliseconds(1)),
            [.. var d, 's'] => (d, TimeSpan.FromSeconds(1)),
            [.. var d, 'm'] => (d, TimeSpan.FromMinutes(1)),
            _ => ("", TimeSpan.Zero),
        };
        if (!double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            throw new FormatException($"--{name} {text}: a time such as 500ms, 10s or 1m is needed");
        var time = number * unit;
        return time >= min && time <= max ? time : throw new FormatException($"--{name} {text}: from {min} to {max} is possible");
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
