using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Testing;

/// <summary>A scheduler that speaks Marathon's shapes, and fails as it is told.</summary>
public sealed class FakeMarathon : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, FakeApp> _apps = new();

    private int _made;

    private FakeMarathon(WebApplication app) => _app = app;

    public Uri Address { get; private set; } = null!;

    /// <summary>Sees each request first; true where it has answered (or broken) it.</summary>
    public Func<HttpContext, Task<bool>>? Fault { get; set; }

    /// <summary>Whether it is a real Marathon, which does not say when an app was made and knows no conditions.</summary>
    public bool IsReal { get; set; }

    /// <summary>Whether a change begins a deployment that goes on until <see cref="FinishDeployments"/>.</summary>
    public bool SlowDeployments { get; set; }

    /// <summary>Apps that the list lacks, though they are there.</summary>
    public ConcurrentDictionary<string, bool> Unlisted { get; } = new();

    public ConcurrentQueue<Put> Puts { get; } = new();

    public ConcurrentQueue<string> Requests { get; } = new();

    public static async Task<FakeMarathon> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var fake = new FakeMarathon(app);
        app.Run(fake.AnswerAsync);
        await app.StartAsync();
        fake.Address = new Uri(app.Urls.First());
        return fake;
    }

    /// <summary>Makes an app, or makes it anew.</summary>
    public FakeApp Add(string id, int instances, bool healthChecks = false, params (string Key, string Value)[] labels) =>
        _apps[id] = new FakeApp
        {
            CreatedAt = $"2026-11-24T18:00:00.{_made++:000}Z",
            Id = id,
            Instances = instances,
            Running = instances,
            HealthChecks = healthChecks,
            Labels = labels
        };

    public FakeApp this[string id] => _apps[id];

    public void Remove(string id) => _apps.TryRemove(id, out _);

    public void FinishDeployments()
    {
        foreach (var app in _apps.Values)
        {
            app.Deployment = null;
            app.Running = app.Instances;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        Requests.Enqueue($"{http.Request.Method} {http.Request.Path}");
        if (Fault is { } fault && await fault(http)) return;
        var path = http.Request.Path.Value!;
        if (http.Request.Method == "GET" && path == "/v2/apps")
        {
            await Json(http, 200,
                new JsonObject
                {
                    ["apps"] = new JsonArray([.. _apps.Values.Where(app => !Unlisted.ContainsKey(app.Id))
                    .Select(app => (JsonNode)app.ToJson(IsReal))])
                });
        }
        else if (http.Request.Method == "GET" && _apps.TryGetValue(path["/v2/apps".Length..], out var one))
        {
            await Json(http, 200, new JsonObject { ["app"] = one.ToJson(IsReal) });
        }
        else if (http.Request.Method == "PUT")
        {
            await PutAsync(http, path["/v2/apps".Length..]);
        }
        else
        {
            await Json(http, 404, new JsonObject { ["message"] = $"App '{path}' does not exist" });
        }
    }

    public async Task PutAsync(HttpContext http, string id)
    {
        var body = await new StreamReader(http.Request.Body).ReadToEndAsync();
        var force = http.Request.Query["force"] == "true";
        Puts.Enqueue(new Put(id, body, force, http.Request.Headers["Lcm-Count-Owner"]));
        if (!_apps.TryGetValue(id, out var app))
        {
            await Json(http, 404, new JsonObject { ["message"] = $"App '{id}' does not exist" });
            return;
        }

        var owner = (string?)http.Request.Headers["Lcm-Count-Owner"];
        if (JsonNode.Parse(body)!["instances"] is null)
        {
            if (owner == "none") app.Owner = null;
            await Json(http, 200, new JsonObject { ["version"] = "2026-11-24T19:00:00.000Z", ["deploymentId"] = "none" });
            return;
        }

        var asked = JsonNode.Parse(body)!["instances"]!.GetValue<int>();
        string? from = http.Request.Headers["Lcm-If-Instances"], made = http.Request.Headers["Lcm-If-Created-At"];
        if (!IsReal && ((made is not null && made != app.CreatedAt)
            || (from is not null && from != $"{app.Instances}" && asked != app.Instances)))
        {
            await Json(http, 412, new JsonObject
            {
                ["message"] = $"App '{id}' is not as the request has it",
                ["instances"] = app.Instances,
                ["createdAt"] = app.CreatedAt,
            });
            return;
        }

        if (app.Deployment is { } deployment && !force)
        {
            await Json(http, 409, new JsonObject
            {
                ["message"] = "App is locked by one or more deployments. Override with the option '?force=true'.",
                ["deployments"] = new JsonArray(new JsonObject { ["id"] = deployment }),
            });
            return;
        }

        app.Owner = owner ?? app.Owner;
        app.Instances = asked;
        var id2 = Guid.NewGuid().ToString();
        if (SlowDeployments) app.Deployment = id2;
        else app.Running = app.Instances;
        await Json(http, 200, new JsonObject { ["version"] = "2026-11-24T19:00:00.000Z", ["deploymentId"] = id2 });
    }

    public static async Task Json(HttpContext http, int status, JsonNode body)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(body.ToJsonString());
    }

    public static Func<HttpContext, Task<bool>> OnPut(Func<HttpContext, Task> answer) => async http =>
    {
        if (http.Request.Method != "PUT") return false;
        await answer(http);
        return true;
    };

    public sealed record Put(string App, string Body, bool Force, string? Owner);

    public sealed class FakeApp
    {
        public required string Id { get; init; }
        public required string CreatedAt { get; init; }
        public required int Instances { get; set; }
        public required int Running { get; set; }
        public bool HealthChecks { get; init; }
        public int Healthy { get; set; }
        public IReadOnlyList<(string Key, string Value)> Labels { get; init; } = [];
        public string? Deployment { get; set; }
        public string? Owner { get; set; }
        public bool Suspended { get; set; }

        public JsonObject ToJson(bool isReal = false)
        {
            var labels = new JsonObject();
            foreach (var (key, value) in Labels) labels[key] = value;
            var app = new JsonObject
            {
                ["id"] = Id,
                ["countOwner"] = Owner,
                ["countSuspended"] = Suspended ? true : null,
                ["instances"] = Instances,
                ["labels"] = labels,
                ["tasksRunning"] = Running,
                ["tasksStaged"] = 0,
                ["tasksHealthy"] = Healthy,
                ["tasksUnhealthy"] = 0,
                ["healthChecks"] = HealthChecks ? new JsonArray(new JsonObject { ["protocol"] = "HTTP" }) : new JsonArray(),
                ["deployments"] = Deployment is null ? new JsonArray() : new JsonArray(new JsonObject { ["id"] = Deployment }),
                ["versionInfo"] = new JsonObject { ["lastScalingAt"] = CreatedAt, ["lastConfigChangeAt"] = CreatedAt },
                ["someFieldOfTheFuture"] = JsonValue.Create(true),
            };
            if (!isReal) app["createdAt"] = CreatedAt;
            return app;
        }
    }
}
