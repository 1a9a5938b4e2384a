using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Prometheus;

namespace LifecycleManager.Security.Tests;

/// <summary>Who makes calls for others is believed where he may, of those alone who have shown a certificate.</summary>
public sealed class OnBehalfTests : IAsyncLifetime
{
    private const string Certificate = "X-Test-Certificate";
    private const string Known = """
        {"credentials": [
          {"principal": "console", "permissions": ["view", "impersonate"]},
          {"principal": "console", "secret": "c", "permissions": ["view", "impersonate"]},
          {"principal": "past", "secret": "p", "permissions": ["impersonate"], "until": "2027-01-29T00:00:00Z"},
          {"principal": "ops", "permissions": ["operate", "agent"], "roles": ["*"]},
          {"principal": "everything"},
          {"principal": "viewer", "permissions": ["view"]},
          {"principal": "guest", "permissions": ["view"], "until": "2027-01-29T00:00:00Z"},
          {"principal": "secret", "secret": "s", "permissions": ["operate"]}
        ]}
        """;

    private readonly CertificateAuthority _authority = new("clients");
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2027, 1, 30, 0, 0, 0, TimeSpan.Zero))
    {
        AutoAdvanceAmount = TimeSpan.Zero,
    };

    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly OnBehalf _own = new();
    private readonly HttpClient _client = new();
    private readonly string _file = Path.GetTempFileName();
    private Principals _principals = null!;
    private WebApplication _app = null!;

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(_file, Known);
        _principals = Principals.OfFile(_file);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        _app = builder.Build();
        _app.Use((context, next) =>
        {
            if (context.Request.Headers[Certificate] is [{ Length: > 0 } name])
                context.Features.Set<ITlsConnectionFeature>(new Shown(_authority.Issue(name)));
            return next(context);
        });
        _app.UseRouting();
        _app.UseAccessControl(new AccessControl(_principals, "test", _registry, _time, own: _own));
        _app.Map("/who", (HttpContext context) =>
        {
            var principal = AccessControl.PrincipalOf(context)!;
            return context.Response.WriteAsync(
                $"{principal.Name} {principal.Permissions} {string.Join(',', principal.Roles)}");
        });
        _app.MapGet("/stream", async context =>
        {
            await context.Response.WriteAsync("begun");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        await _app.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
        _authority.Dispose();
        File.Delete(_file);
    }

    [Fact]
    public async Task Whoever_may_speak_for_others_is_believed_by_his_certificate_or_secret()
    {
        foreach (var speaker in (Credential?[])[null, new Credential("console", "c")])
        {
            Assert.Equal("viewer View ", await WhoAsync(OnBehalf.By("viewer", speaker), speaker is null ? "console" : null));

            // More than a person's is nobody's for whom another speaks: no agent registers so, and no framework.
            Assert.Equal("ops Operate ", await WhoAsync(OnBehalf.By("ops", speaker), speaker is null ? "console" : null));
            Assert.Equal(
                $"everything {Permission.Operate | Permission.Exec} ",
                await WhoAsync(OnBehalf.By("everything", speaker), speaker is null ? "console" : null));
        }

        // He may do no more than he for whom it is, whatever his own permissions are.
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(OnBehalf.By("viewer", null), "console", HttpMethod.Post));
    }

    [Theory]
    [InlineData("ops", null, HttpStatusCode.Forbidden)]
    [InlineData("everything", null, HttpStatusCode.Forbidden)]
    [InlineData(null, null, HttpStatusCode.Unauthorized)]
    [InlineData("stranger", null, HttpStatusCode.Unauthorized)]
    [InlineData("console", "console:wrong", HttpStatusCode.Unauthorized)]
    [InlineData(null, "secret:s", HttpStatusCode.Forbidden)]
    [InlineData(null, "past:p", HttpStatusCode.Unauthorized)]
    public async Task Nobody_else_is_believed(string? certificate, string? secret, HttpStatusCode status)
    {
        var speaker = secret?.Split(':') is [var name, var word] ? new Credential(name, word) : null;
        Assert.Equal(status, await AskAsync(OnBehalf.By("viewer", speaker), certificate));
    }

    [Theory]
    [InlineData("stranger")]
    [InlineData("secret")]
    [InlineData("guest")]
    public async Task Nobody_is_spoken_for_who_is_not_known_by_a_certificate_now(string name) =>
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(OnBehalf.By(name, null), "console"));

    [Fact]
    public async Task A_process_is_believed_by_itself_of_that_very_call_alone()
    {
        Assert.Equal("ops Operate ", await WhoAsync(_own.ByThisProcess("ops", "GET", "/who"), null));
        foreach (var said in (AuthenticationHeaderValue[])
        [
            new OnBehalf().ByThisProcess("ops", "GET", "/who"), _own.ByThisProcess("ops", "POST", "/who"),
            _own.ByThisProcess("ops", "GET", "/who?x=1"), _own.ByThisProcess("nobody", "GET", "/who"),
            new(OnBehalf.Scheme, OnBehalf.By("ops", null).Parameter + " "
                + _own.ByThisProcess("viewer", "GET", "/who").Parameter!.Split(' ')[1]),
        ])
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(said, null));
    }

    [Theory]
    [InlineData("On-Behalf ")]
    [InlineData("On-Behalf %%%")]
    [InlineData("On-Behalf gA==")]
    [InlineData("On-Behalf b3Bz own:")]
    [InlineData("On-Behalf b3Bz own:x more")]
    [InlineData("On-Behalf b3Bz basic:")]
    [InlineData("on-behalf b3Bz basic:%")]
    [InlineData("On-Behalf")]
    public async Task What_cannot_be_read_lets_nobody_in(string said)
    {
        // Not as the certificate beside it either: where something is said, it alone counts.
        using var request = new HttpRequestMessage(HttpMethod.Get, Url("/who"));
        request.Headers.TryAddWithoutValidation("Authorization", said);
        request.Headers.Add(Certificate, "ops");
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(request));
    }

    [Fact]
    public void A_server_that_knows_nothing_of_it_lets_nobody_in()
    {
        Assert.Null(_principals.Authenticate(OnBehalf.By("ops", null).ToString(), "console"));
        Assert.Null(_principals.Authenticate(OnBehalf.By("ops", new Credential("secret", "s")).ToString(), "console"));
    }

    [Theory]
    [InlineData("{\"principal\": \"viewer\"", "{\"principal\": \"another\"")]
    [InlineData("{\"principal\": \"console\", \"permissions\": [\"view\", \"impersonate\"]}",
        "{\"principal\": \"console\", \"permissions\": [\"view\"]}")]
    public async Task An_open_call_ends_when_he_is_gone_or_nobody_may_speak_for_him_any_more(string before, string after)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Url("/stream"));
        request.Headers.Authorization = OnBehalf.By("viewer", null);
        request.Headers.Add(Certificate, "console");
        using var answer = await _client.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        var body = await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        await body.ReadExactlyAsync(new byte[5], TestContext.Current.CancellationToken);

        await File.WriteAllTextAsync(_file, Known.Replace(before, after, StringComparison.Ordinal));
        _principals.File!.Look();
        _time.Advance(OpenCalls.Interval);

        await Assert.ThrowsAnyAsync<IOException>(() => body.CopyToAsync(Stream.Null));
    }

    private async Task<string> WhoAsync(AuthenticationHeaderValue said, string? certificate)
    {
        using var request = Request(said, certificate, HttpMethod.Get);
        using var answer = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    private async Task<HttpStatusCode> AskAsync(AuthenticationHeaderValue said, string? certificate, HttpMethod? method = null)
    {
        using var request = Request(said, certificate, method ?? HttpMethod.Get);
        return await StatusAsync(request);
    }

    private async Task<HttpStatusCode> StatusAsync(HttpRequestMessage request)
    {
        // Who is not believed waits by this clock, as who guesses secrets.
        var asking = _client.SendAsync(request, TestContext.Current.CancellationToken);
        while (!asking.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(5));
            await Task.WhenAny(asking, Task.Delay(20, TestContext.Current.CancellationToken));
        }

        using var answer = await asking;
        return answer.StatusCode;
    }

    private HttpRequestMessage Request(AuthenticationHeaderValue said, string? certificate, HttpMethod method)
    {
        var request = new HttpRequestMessage(method, Url("/who"));
        request.Headers.Authorization = said;
        if (certificate is not null) request.Headers.Add(Certificate, certificate);
        return request;
    }

    private Uri Url(string path) => new(new Uri(_app.Urls.Single()), path);

    private sealed class Shown(X509Certificate2 certificate) : ITlsConnectionFeature
    {
        public X509Certificate2? ClientCertificate { get; set; } = certificate;

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) =>
            Task.FromResult(ClientCertificate);
    }
}
