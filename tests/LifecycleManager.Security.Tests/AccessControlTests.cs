using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Security.Tests;

public sealed class AccessControlTests : IAsyncLifetime
{
    private const string File = """
        {"credentials": [
          {"principal": "viewer", "secret": "see", "permissions": ["view"]},
          {"principal": "ops", "secret": "do", "permissions": ["operate"]},
          {"principal": "node", "secret": "be", "permissions": ["agent"]}
        ]}
        """;

    private readonly HttpClient _client = new();
    private WebApplication _app = null!;
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
    [InlineData("ops:see", "GET", "/apps", HttpStatusCode.Unauthorized)]
    [InlineData(null, "GET", "/apps", HttpStatusCode.Unauthorized)]
    [InlineData(null, "POST", "/tool", HttpStatusCode.Unauthorized)]
    [InlineData(null, "GET", "/nowhere", HttpStatusCode.Unauthorized)]
    [InlineData(null, "GET", "/health", HttpStatusCode.OK)]
    public async Task A_call_needs_the_permission_of_its_endpoint(string? who, string method, string path, HttpStatusCode status)
    {
        using var answer = await SendAsync(method, path, who);
        Assert.Equal(status, answer.StatusCode);
        if (status == HttpStatusCode.Unauthorized)
            Assert.Equal("Basic realm=\"test\", charset=\"UTF-8\"", answer.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task Without_credentials_nobody_is_asked()
    {
        await _app.DisposeAsync();
        await StartAsync(Principals.Anyone);
        using var answer = await SendAsync("POST", "/apps", null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
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

    private async Task StartAsync(Principals principals)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        _app = builder.Build();
        _app.UseBrowserProtection(new AllowedHosts("lcm.example.com", "*.shop.example"));
        _app.UseRouting();
        _app.UseAccessControl(new AccessControl(principals, "test"));
        _app.Map("/apps", () => "apps");
        _app.MapPost("/tool", () => "tool").Needs(Permission.View);
        _app.MapGet("/health", () => "well").Needs(Permission.None);
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
