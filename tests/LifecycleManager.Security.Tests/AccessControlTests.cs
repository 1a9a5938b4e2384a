using System.Net;
using LifecycleManager.Runtime.Health;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Prometheus;

namespace LifecycleManager.Security.Tests;

public sealed class AccessControlTests : IAsyncLifetime
{
    private const string File = """
        {"credentials": [
          {"principal": "viewer", "secret": "see", "permissions": ["view"]},
          {"principal": "ops", "secret": "do", "permissions": ["operate"]},
          {"principal": "node", "secret": "be", "permissions": ["agent"]},
          {"principal": "team", "secret": "ours", "groups": {"/ours/**": ["view"]}},
          {"principal": "guest", "secret": "soon", "permissions": ["view"], "until": "2027-01-31T00:00:00Z"}
        ]}
        """;

    private readonly HttpClient _client = new();
    private readonly FakeTimeProvider _time = new() { AutoAdvanceAmount = TimeSpan.Zero };
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private WebApplication _app = null!;
    private RoleHealth _health = null!;
    private Uri _address = null!;

    public async ValueTask InitializeAsync() => await StartAsync(Principals.Parse(File));

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _client.Dispose();
    }

    [Theory]
    [InlineData("viewer:see", "GET", "/apps", HttpStatusCode.OK)]
    [InlineData("viewer:see", "HEAD", "/apps", HttpStatusCode.OK)]
    [InlineData("viewer:see", "POST", "/apps", HttpStatusCode.Forbidden)]
    [InlineData("viewer:see", "DELETE", "/apps", HttpStatusCode.Forbidden)]
    [InlineData("viewer:see", "POST", "/tool", HttpStatusCode.OK)]
    [InlineData("viewer:see", "GET", "/nowhere", HttpStatusCode.NotFound)]
    [InlineData("ops:do", "POST", "/apps", HttpStatusCode.OK)]
    [InlineData("ops:do", "GET", "/apps", HttpStatusCode.OK)]
    [InlineData("node:be", "GET", "/apps", HttpStatusCode.Forbidden)]
    [InlineData("team:ours", "GET", "/apps", HttpStatusCode.Forbidden)]
    [InlineData("team:ours", "POST", "/tool", HttpStatusCode.Forbidden)]
    [InlineData("team:ours", "GET", "/nowhere", HttpStatusCode.Forbidden)]
    [InlineData("team:ours", "GET", "/by-app/ours/a", HttpStatusCode.OK)]
    [InlineData("team:ours", "GET", "/by-app/others/a", HttpStatusCode.NotFound)]
    [InlineData("team:ours", "GET", "/no-app", HttpStatusCode.OK)]
    [InlineData("viewer:see", "GET", "/by-app/others/a", HttpStatusCode.OK)]
    [InlineData("viewer:see", "POST", "/by-app/others/a", HttpStatusCode.Forbidden)]
    [InlineData("node:be", "GET", "/no-app", HttpStatusCode.Forbidden)]
    [InlineData(null, "GET", "/no-app", HttpStatusCode.Unauthorized)]
    [InlineData("ops:see", "GET", "/apps", HttpStatusCode.Unauthorized)]
    [InlineData(null, "GET", "/apps", HttpStatusCode.Unauthorized)]
    [InlineData(null, "POST", "/tool", HttpStatusCode.Unauthorized)]
    [InlineData(null, "GET", "/nowhere", HttpStatusCode.Unauthorized)]
    [InlineData(null, "GET", "/health", HttpStatusCode.OK)]
    public async Task A_call_needs_the_permission_of_its_endpoint(string? who, string method, string path, HttpStatusCode status)
    {
        var sending = SendAsync(method, path, who);
        if (status == HttpStatusCode.Unauthorized && who is not null) await AdvanceUntilAsync(sending);
        using var answer = await sending;
        Assert.Equal(status, answer.StatusCode);
        if (status == HttpStatusCode.Unauthorized)
            Assert.Equal("Basic realm=\"test\", charset=\"UTF-8\"", answer.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task Wrong_secrets_wait_and_are_counted_while_a_right_one_is_answered_at_once()
    {
        var wrong = Enumerable.Range(0, 20).Select(i => SendAsync("GET", "/apps", $"ops:guess{i}")).ToList();
        await Eventually.TrueAsync(async () => await RefusedAsync("wrong_secret") == 20);
        for (var i = 0; i < 20; i++)
        {
            using var right = await SendAsync("GET", "/apps", "ops:do");
            Assert.Equal(HttpStatusCode.OK, right.StatusCode);
        }

        using (var unknown = await SendAsync("GET", "/apps", null)) Assert.Equal(HttpStatusCode.Unauthorized, unknown.StatusCode);
        Assert.DoesNotContain(wrong, sending => sending.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        await Eventually.TrueAsync(() => wrong.Count(sending => sending.IsCompleted) == 1);
        _time.Advance(TimeSpan.FromMilliseconds(4_800));
        await Eventually.TrueAsync(() => wrong.Count(sending => sending.IsCompleted) == 6);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        foreach (var sending in wrong)
        {
            using var answer = await sending;
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }

        Assert.Equal((20, 1, 0), (await RefusedAsync("wrong_secret"), await RefusedAsync("no_credentials"),
            await RefusedAsync("not_permitted")));
    }

    [Fact]
    public async Task An_endpoint_that_forgets_to_ask_by_app_shows_a_team_nothing()
    {
        using var forgotten = await SendAsync("GET", "/forgets", "team:ours");
        Assert.Equal(HttpStatusCode.InternalServerError, forgotten.StatusCode);
        Assert.DoesNotContain("secret", await forgotten.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
        using var all = await SendAsync("GET", "/forgets", "viewer:see");
        Assert.Equal(HttpStatusCode.OK, all.StatusCode);
    }

    [Fact]
    public async Task A_secret_ends_at_its_instant_and_health_says_so_a_week_before()
    {
        var end = new DateTimeOffset(2027, 1, 31, 0, 0, 0, TimeSpan.Zero);
        _time.SetUtcNow(end - TimeSpan.FromDays(8));
        using (var before = await SendAsync("GET", "/apps", "guest:soon")) Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        Assert.Empty(_health.Verdict().Warnings);
        _time.SetUtcNow(end - TimeSpan.FromTicks(1));
        using (var last = await SendAsync("GET", "/apps", "guest:soon")) Assert.Equal(HttpStatusCode.OK, last.StatusCode);
        Assert.Equal("a secret of the principal 'guest' ends at 2027-01-31T00:00:00Z", Assert.Single(_health.Verdict().Warnings));
        _time.SetUtcNow(end);
        using (var after = await SendAsync("GET", "/apps", "guest:soon"))
            Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
        Assert.Contains("has ended", Assert.Single(_health.Verdict().Warnings), StringComparison.Ordinal);
        Assert.Equal((1, 0), (await RefusedAsync("ended_secret"), await RefusedAsync("wrong_secret")));
        using var other = await SendAsync("GET", "/apps", "viewer:see");
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Theory]
    [InlineData("viewer:see", true)]
    [InlineData("team:ours", false)]
    [InlineData("node:be", false)]
    [InlineData(null, false)]
    public async Task Health_names_its_reasons_to_who_may_see_all(string? who, bool sees)
    {
        using var watch = _health.Watch(() => "the app /others/a is ill");
        using var warning = _health.Warn(() => "/others/b is odd");
        using var answer = await SendAsync("GET", "/role/health", who);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("DOWN", text, StringComparison.Ordinal);
        Assert.Equal((sees, sees), (text.Contains("/others/a"), text.Contains("/others/b")));
        Assert.NotEqual(sees, text.Contains(HealthEndpoints.Withheld.Split('\'')[0], StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_credentials_nobody_is_asked()
    {
        await _app.DisposeAsync();
        await StartAsync(Principals.Anyone);
        using var answer = await SendAsync("POST", "/apps", null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var byApp = await SendAsync("GET", "/by-app/any", null);
        Assert.Equal(HttpStatusCode.OK, byApp.StatusCode);
        using var watch = _health.Watch(() => "the app /others/a is ill");
        using var health = await SendAsync("GET", "/role/health", null);
        Assert.Contains("/others/a", await health.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST", "cross-site", "http://evil.test", HttpStatusCode.Forbidden)]
    [InlineData("POST", "same-site", "http://evil.test", HttpStatusCode.Forbidden)]
    [InlineData("DELETE", "cross-site", null, HttpStatusCode.Forbidden)]
    [InlineData("POST", null, "http://evil.test", HttpStatusCode.Forbidden)]
    [InlineData("POST", null, "null", HttpStatusCode.Forbidden)]
    [InlineData("POST", null, "http://HOST", HttpStatusCode.OK)]
    [InlineData("POST", "same-origin", "https://behind.a.proxy", HttpStatusCode.Forbidden)]
    [InlineData("OPTIONS", "cross-site", "http://evil.test", HttpStatusCode.Forbidden)]
    [InlineData("POST", "none", null, HttpStatusCode.OK)]
    [InlineData("POST", null, null, HttpStatusCode.OK)]
    [InlineData("GET", "cross-site", "http://evil.test", HttpStatusCode.OK)]
    public async Task Another_sites_page_changes_nothing(string method, string? site, string? origin, HttpStatusCode status)
    {
        using var answer = await SendAsync(method, "/apps", "ops:do", request =>
        {
            if (site is not null) request.Headers.Add("Sec-Fetch-Site", site);
            if (origin is not null)
                request.Headers.Add("Origin", origin.Replace("HOST", _address.Authority, StringComparison.Ordinal));
        });
        Assert.Equal(status, answer.StatusCode);
    }

    [Theory]
    [InlineData("GET", "evil.example:8080", HttpStatusCode.Forbidden)]
    [InlineData("HEAD", "evil.example", HttpStatusCode.Forbidden)]
    [InlineData("POST", "evil.example", HttpStatusCode.Forbidden)]
    [InlineData("OPTIONS", "evil.example", HttpStatusCode.Forbidden)]
    [InlineData("GET", "lcm.example.com", HttpStatusCode.OK)]
    [InlineData("POST", "lcm.example.com:8080", HttpStatusCode.OK)]
    [InlineData("POST", "localhost", HttpStatusCode.OK)]
    public async Task A_name_that_leads_here_is_not_enough_to_call(string method, string host, HttpStatusCode status)
    {
        using var answer = await SendAsync(method, "/apps", "ops:do", request =>
        {
            request.Headers.Host = host;
            request.Headers.Add("X-Forwarded-Host", "localhost");
            request.Headers.Add("Origin", "http://" + host);
        });
        Assert.Equal(status, answer.StatusCode);
        if (status == HttpStatusCode.Forbidden && method != "HEAD")
            Assert.Contains("--allowed-hosts", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
                StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/apps")]
    [InlineData("GET", "/health")]
    [InlineData("GET", "/nowhere")]
    [InlineData("POST", "/apps")]
    public async Task No_answer_may_be_shown_in_a_frame(string method, string path)
    {
        using var answer = await SendAsync(method, path, null);
        Assert.Equal("DENY", answer.Headers.GetValues("X-Frame-Options").Single());
        Assert.Equal("frame-ancestors 'none'", answer.Headers.GetValues("Content-Security-Policy").Single());
    }

    private async Task AdvanceUntilAsync(Task<HttpResponseMessage> sending) => await Eventually.TrueAsync(() =>
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        return sending.IsCompleted;
    });

    private Task<double> RefusedAsync(string cause) => RefusedCalls.CountAsync(_registry, cause);

    private async Task StartAsync(Principals principals)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        _app = builder.Build();
        _app.UseBrowserProtection(new AllowedHosts("lcm.example.com", "*.shop.example"));
        _app.UseRouting();
        var access = new AccessControl(principals, "test", _registry, _time);
        _health = new RoleHealth(_time);
        access.WarnIn(_health);
        _app.UseAccessControl(access);
        _app.Map("/apps", () => "apps");
        _app.MapPost("/tool", () => "tool").Needs(Permission.View);
        _app.MapGet("/health", () => "well").Needs(Permission.None);
        _app.MapHealth(_health, access, "/role/health");
        _app.MapGet("/no-app", () => "nothing of any").ShowsNoApp();
        _app.MapGet("/forgets", () => "a secret").AsksByApp();
        _app.Map("/by-app/{**id}", (HttpContext context, string id) =>
            AccessControl.ScopeOf(context).May(GroupPermission.View, "/" + id) ? Results.Ok("shown") : Results.NotFound())
            .AsksByApp();
        await _app.StartAsync();
        _address = new Uri(_app.Urls.Single());
    }

    private async Task<HttpResponseMessage> SendAsync(string method, string path, string? who,
        Action<HttpRequestMessage>? with = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(_address, path));
        if (who?.Split(':') is [var principal, var secret])
            request.Headers.Authorization = new Credential(principal, secret).Header;
        with?.Invoke(request);
        return await _client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
