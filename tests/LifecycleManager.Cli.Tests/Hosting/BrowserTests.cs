using System.Net;
using LifecycleManager.Security;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>Every route of every role, as it is mapped, called as a page of another site has a browser call it.</summary>
public sealed class BrowserTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-hosts-").FullName;

    public static TheoryData<string> Roles => [.. RunningRole.Names];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_rebound_name_reaches_no_route(string role)
    {
        await using var running = await RunningRole.StartAsync(role, new AllowedHosts(), _directory);
        Assert.NotEmpty(running.Routes);
        foreach (var (method, path) in running.Routes)
        {
            using var answer = await running.SendAsync(method, path, "evil.example:8080", "http://evil.example:8080");
            Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{method} {path} is {answer.StatusCode}");
            Assert.Equal("DENY", answer.Headers.GetValues("X-Frame-Options").Single());
        }
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Another_sites_page_changes_nothing_whoever_may_call(string role)
    {
        await using var running = await RunningRole.StartAsync(role, null, _directory);
        foreach (var (method, path) in running.Routes.Where(route => route.Method is not ("GET" or "HEAD")))
        {
            foreach (var origin in (string[])["http://evil.example", "null", "https://lcm.example.com:8443"])
            {
                using var answer = await running.SendAsync(method, path, "lcm.example.com", origin);
                Assert.True(answer.StatusCode == HttpStatusCode.Forbidden,
                    $"{method} {path} from {origin} is {answer.StatusCode}");
            }

            // A page of its own comes further than that, wherever it gets.
            using var own = await running.SendAsync(method, path, "lcm.example.com", "https://lcm.example.com");
            Assert.DoesNotContain("a page of another site", await own.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Nothing_may_be_shown_in_a_frame_and_no_page_runs_a_script_that_stands_in_it(string role)
    {
        await using var running = await RunningRole.StartAsync(role, new AllowedHosts(), _directory);
        foreach (var (_, path) in running.Routes.Where(route => route.Method == "GET"))
        {
            using var answer = await running.SendAsync("GET", path, "localhost", null);
            Assert.True(
                answer.Headers.NonValidated.TryGetValues("X-Frame-Options", out var options) && options.ToString() == "DENY"
                && answer.Headers.NonValidated.TryGetValues("Content-Security-Policy", out var policy)
                && policy.ToString().Contains("frame-ancestors 'none'", StringComparison.Ordinal),
                $"{path} ({answer.StatusCode}) may be framed: {answer}");
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
            if (answer.Content.Headers.ContentType?.MediaType != "text/html") continue;
            var bounds = answer.Headers.NonValidated["Content-Security-Policy"].ToString();
            Assert.Contains("script-src 'self';", bounds, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe-eval", bounds, StringComparison.Ordinal);

            // Scalar's own pages of single documents have one, which the policy does not run; ours is at /docs.
            if (path.StartsWith("/docs/", StringComparison.Ordinal)) continue;
            var page = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.DoesNotMatch("<script[^>]*>[^<]|\\son[a-z]+=|javascript:", page);
        }
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task No_body_is_a_defect_of_ours_whatever_the_route_takes(string role)
    {
        await using var running = await RunningRole.StartAsync(role, new AllowedHosts(), _directory);
        var routes = running.Routes
            .SelectMany(route => (string[])[route.Method, "POST"], (route, method) => (Method: method, route.Path))
            .Where(route => route.Method is not ("GET" or "HEAD")).Distinct();
        (string? Type, string Body)[] bodies =
        [
            ("multipart/form-data", "x"), ("multipart/form-data; boundary=", "x"), ("application/x-www-form-urlencoded", "%"),
            ("application/json", """{"type":"\ud800"}"""), ("application/json", """{"type":1,"type":2}"""),
            ("application/json", "[]"), ("application/json", "{"), ("application/json; charset=nothing", "{}"), (null, ""),
        ];
        foreach (var (method, path) in routes)
        {
            foreach (var (type, body) in bodies)
            {
                using var answer = await running.SendAsync(method, path, "localhost", null, (type, body));
                Assert.True(answer.StatusCode != HttpStatusCode.InternalServerError,
                    $"{method} {path} of {type} '{body}' is {(int)answer.StatusCode}");
            }
        }
    }
}
