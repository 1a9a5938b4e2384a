using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Discovery.Tests.Eureka;

/// <summary>
/// A Eureka server as Spring Cloud's answers in JSON, with its overrides, its rules for registrations anew, and a login where
/// one is set; <see cref="FakeEurekaTests"/> holds it against recordings of the real one.
/// </summary>
internal sealed class FakeEureka : IAsyncDisposable
{
    private static readonly string[] Statuses = ["UP", "DOWN", "STARTING", "OUT_OF_SERVICE", "UNKNOWN"];
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, string> _overrides = new();
    private int _renewals;

    private FakeEureka(WebApplication app) => _app = app;

    public Uri Root => new(_app.Urls.Single());

    public Uri Url => new(Root, "eureka/");

    /// <summary>Who is let in: a whole header; null: everybody.</summary>
    public string? Login { get; set; }

    /// <summary>What is known, by the id of the instance.</summary>
    public ConcurrentDictionary<string, JsonNode> Instances { get; } = new();

    /// <summary>Every call that changed something, <c>POST id status</c>, in order.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    public int Renewals => _renewals;

    public static async Task<FakeEureka> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var eureka = new FakeEureka(app);
        app.Run(eureka.AnswerAsync);
        await app.StartAsync();
        return eureka;
    }

    public string? StatusOf(string id) => (string?)Instances.GetValueOrDefault(id)?["status"];

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        if (Login is { } login && context.Request.Headers.Authorization != login)
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"Realm\"";
            return;
        }

        var parts = context.Request.Path.Value!.Trim('/').Split('/');
        var (status, body) = (context.Request.Method, parts) switch
        {
            ("GET", ["eureka", "apps"]) => (200, Apps()),
            ("GET", ["eureka", "apps", var app]) => Of(app) is { Count: > 0 } all
                ? (200, new JsonObject { ["application"] = App(all) }) : (404, null),
            ("GET", ["eureka", "apps", _, var id]) => Instances.TryGetValue(id, out var one)
                ? (200, new JsonObject { ["instance"] = one.DeepClone() }) : (404, null),
            ("POST", ["eureka", "apps", _]) => await RegisterAsync(context),
            ("PUT", ["eureka", "apps", _, var id]) => (Renew(context, id), null),
            ("PUT", ["eureka", "apps", _, var id, "status"]) => (Override(id, context.Request.Query["value"]!), null),
            ("DELETE", ["eureka", "apps", _, var id, "status"]) => (Return(id, context.Request.Query["value"]!), null),
            ("DELETE", ["eureka", "apps", _, var id]) => (Cancel(id), (JsonObject?)null),
            _ => (404, null),
        };
        context.Response.StatusCode = status;
        if (status is 404 or 500)
        {
            body = new JsonObject
            {
                ["timestamp"] = "2026-11-28T21:50:21.024+00:00",
                ["status"] = status,
                ["error"] = status == 404 ? "Not Found" : "Internal Server Error",
                ["path"] = context.Request.Path.Value,
            };
        }

        if (body is null) return;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(body.ToJsonString());
    }

    private List<JsonNode> Of(string app) =>
        [.. Instances.ToArray().OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => one.Value)
            .Where(one => ((string)one["app"]!).Equals(app, StringComparison.OrdinalIgnoreCase))];

    private JsonObject Apps() => new()
    {
        ["applications"] = new JsonObject
        {
            ["versions__delta"] = "1",
            ["apps__hashcode"] = string.Concat(Instances.Values.CountBy(one => (string)one["status"]!)
                .OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Key}_{count.Value}_")),
            ["application"] = new JsonArray(
                [.. Instances.Values.Select(one => (string)one["app"]!).Distinct().Order().Select(app => App(Of(app)))]),
        },
    };

    private static JsonObject App(List<JsonNode> all) => new()
    {
        ["name"] = (string)all[0]["app"]!,
        ["instance"] = new JsonArray([.. all.Select(one => one.DeepClone())]),
    };

    private async Task<(int, JsonObject?)> RegisterAsync(HttpContext context)
    {
        JsonNode? sent;
        try
        {
            sent = (await JsonNode.ParseAsync(context.Request.Body))?["instance"];
        }
        catch (JsonException)
        {
            return (400, new JsonObject { ["error"] = "text" });
        }

        if (sent?["instanceId"] is null || sent["hostName"] is null || sent["ipAddr"] is null || sent["app"] is null
            || sent["dataCenterInfo"]?["name"] is null) return (400, new JsonObject { ["error"] = "text" });
        var id = (string)sent["instanceId"]!;
        var known = Instances.GetValueOrDefault(id);
        var now = Text(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());

        // What the caller has changed earlier than what is known, is not news.
        if (known is not null && Long(sent["lastDirtyTimestamp"]) is { } dirty && dirty < Long(known["lastDirtyTimestamp"]))
            sent = known;
        var status = StatusOf((string)sent["status"]!, id, known);
        Calls.Enqueue($"POST {id} {sent["status"]}");
        Instances[id] = Written(sent, known, status, _overrides.GetValueOrDefault(id) ?? "UNKNOWN", now);
        return (204, null);
    }

    // DOWN and STARTING are the instance's own word; else an override goes first, and a lease that is UP or OUT_OF_SERVICE.
    private string StatusOf(string asked, string id, JsonNode? known) =>
        asked is not ("UP" or "OUT_OF_SERVICE") ? asked
        : _overrides.GetValueOrDefault(id) is { } overridden ? overridden
        : (string?)known?["status"] is "UP" or "OUT_OF_SERVICE" ? (string)known["status"]! : asked;

    private int Renew(HttpContext context, string id)
    {
        if (!Instances.TryGetValue(id, out var known)) return 404;
        if (Long(context.Request.Query["lastDirtyTimestamp"].ToString()) > Long(known["lastDirtyTimestamp"])) return 404;
        Interlocked.Increment(ref _renewals);
        return 200;
    }

    private int Override(string id, string value)
    {
        if (!Instances.TryGetValue(id, out var known)) return 404;
        if (!Statuses.Contains(value)) return 500;
        Calls.Enqueue($"PUT {id} {value}");
        _overrides[id] = value;
        Set(known, value, value);
        return 200;
    }

    private int Return(string id, string value)
    {
        if (!Instances.TryGetValue(id, out var known)) return 404;
        _overrides.TryRemove(id, out _);
        Set(known, value, "UNKNOWN");
        return 200;
    }

    private int Cancel(string id)
    {
        _overrides.TryRemove(id, out _);
        Calls.Enqueue($"DELETE {id}");
        return Instances.TryRemove(id, out _) ? 200 : 404;
    }

    private void Set(JsonNode known, string status, string overridden)
    {
        var changed = (JsonObject)known.DeepClone();
        (changed["status"], changed["overriddenStatus"], changed["actionType"]) = (status, overridden, "MODIFIED");
        Instances[(string)known["instanceId"]!] = changed;
    }

    // As the server writes what it was sent, in its order and with what it adds.
    private static JsonObject Written(JsonNode sent, JsonNode? known, string status, string overridden, string now)
    {
        var lease = sent["leaseInfo"];
        var upSince = Long(known?["leaseInfo"]?["serviceUpTimestamp"]) is > 0 and { } up ? up : status == "UP" ? long.Parse(now,
            CultureInfo.InvariantCulture) : 0;
        var written = new JsonObject
        {
            ["instanceId"] = sent["instanceId"]!.DeepClone(),
            ["hostName"] = sent["hostName"]!.DeepClone(),
            ["app"] = sent["app"]!.DeepClone(),
            ["ipAddr"] = sent["ipAddr"]!.DeepClone(),
            ["status"] = status,
            ["overriddenStatus"] = overridden,
            ["port"] = Port(sent["port"], 7001, true),
            ["securePort"] = Port(sent["securePort"], 7002, false),
            ["countryId"] = 1,
            ["dataCenterInfo"] = sent["dataCenterInfo"]!.DeepClone(),
            ["leaseInfo"] = new JsonObject
            {
                ["renewalIntervalInSecs"] = (int?)lease?["renewalIntervalInSecs"] ?? 30,
                ["durationInSecs"] = (int?)lease?["durationInSecs"] ?? 90,
                ["registrationTimestamp"] = long.Parse(now, CultureInfo.InvariantCulture),
                ["lastRenewalTimestamp"] = long.Parse(now, CultureInfo.InvariantCulture),
                ["evictionTimestamp"] = 0,
                ["serviceUpTimestamp"] = upSince,
            },
            ["metadata"] = sent["metadata"]?.DeepClone() ?? new JsonObject { ["@class"] = "java.util.Collections$EmptyMap" },
        };
        foreach (var name in (string[])["homePageUrl", "statusPageUrl", "healthCheckUrl", "secureHealthCheckUrl", "vipAddress",
            "secureVipAddress"])
        {
            if (sent[name] is { } value) written[name] = value.DeepClone();
        }

        written["isCoordinatingDiscoveryServer"] = "false";
        written["lastUpdatedTimestamp"] = now;
        written["lastDirtyTimestamp"] = Long(sent["lastDirtyTimestamp"]) is { } dirty ? Text(dirty) : now;
        written["actionType"] = "ADDED";
        return written;
    }

    private static JsonObject Port(JsonNode? port, int otherwise, bool isEnabled) => new()
    {
        ["$"] = Long(port?["$"]) ?? otherwise,
        ["@enabled"] = port?["@enabled"]?.ToString() ?? (isEnabled ? "true" : "false"),
    };

    private static long? Long(JsonNode? number) => Long(number?.ToString());

    private static long? Long(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
