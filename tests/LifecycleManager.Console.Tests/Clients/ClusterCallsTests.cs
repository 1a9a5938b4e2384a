using System.Net;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Console.Callers;
using LifecycleManager.Console.Clients;
using LifecycleManager.Security;

namespace LifecycleManager.Console.Tests.Clients;

/// <summary>The master is asked as who looks at the page, and nothing is changed in anybody else's name.</summary>
public sealed class ClusterCallsTests
{
    private static readonly Credential Own = new("console", "c");

    [Fact]
    public async Task Who_says_who_he_is_reads_and_changes_as_himself()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        using var http = Of(console);
        var master = http.Cluster(new PageCaller("Basic YW5uOmE=", AppScope.All), new AddressList(console.Url), Own);

        Assert.Equal(2, (await master.AgentsAsync(TestContext.Current.CancellationToken)).Count);
        Assert.Null(await master.ResumeAsync("a-1"));
        Assert.Equal(("Basic YW5uOmE=", "Basic YW5uOmE="), (console.Callers["/slaves"], console.Callers["/api/v1"]));
    }

    [Fact]
    public async Task For_who_does_not_the_console_reads_as_itself_and_changes_nothing_in_its_own_name()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        using var http = Of(console);
        var master = http.Cluster(PageCaller.Anyone, new AddressList(console.Url), Own);

        await master.AgentsAsync(TestContext.Current.CancellationToken);
        await master.DrainAsync("a-1", null);

        Assert.Equal(Own.Header.ToString(), console.Callers["/slaves"]);
        Assert.Equal("", console.Callers["/api/v1"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_has_shown_a_certificate_is_named_and_the_consoles_secret_goes_with_what_he_may_alone(bool mayChange)
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        using var http = Of(console);
        var ann = new PageCaller(null, mayChange ? AppScope.All : new AppScope(Permission.View, []),
            new PageCertificate("ann", DateTimeOffset.UtcNow.AddDays(1)));
        var master = http.Cluster(ann, new AddressList(console.Url), Own);

        await master.AgentsAsync(TestContext.Current.CancellationToken);
        await master.ResumeAsync("a-1");

        Assert.Equal(OnBehalf.By("ann", Own).ToString(), console.Callers["/slaves"]);
        Assert.Equal(OnBehalf.By("ann", mayChange ? Own : null).ToString(), console.Callers["/api/v1"]);
    }

    [Fact]
    public async Task Who_has_shown_a_certificate_that_is_over_by_now_asks_for_nothing_any_more()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        using var http = Of(console);
        var past = new PageCaller(null, AppScope.All, new PageCertificate("ann", DateTimeOffset.UtcNow.AddSeconds(-1)));
        using var scheduler = http.For(past, console.Url);

        using var answer = await scheduler.GetAsync("/v2/apps", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Empty(console.Callers);
    }

    [Fact]
    public async Task A_page_that_is_opened_for_somebody_else_has_nobody_named_by_the_consoles_certificate()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(console.Url, "/ui/policies"));
        request.Headers.Authorization = OnBehalf.By("admin", null);
        using var client = new HttpClient();
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.All(console.Callers, call => Assert.Equal("", call.Value));
        Assert.NotEmpty(console.Callers);
    }

    private static RoleHttp Of(ConsoleUnderTest console) =>
        new(new ConsoleOptions { Scheduler = console.Url }, new OnBehalf(), TimeProvider.System);
}
