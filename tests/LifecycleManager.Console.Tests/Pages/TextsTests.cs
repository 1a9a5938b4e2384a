using System.Net;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>What pages say before their socket is there, and to whoever has no JavaScript.</summary>
public sealed class TextsTests
{
    [Theory]
    [InlineData("/ui", "night.yml:7:3: error: unknown name &#x27;tmp&#x27;", "0.2 of 0.5 cpus are free", "/shop/pair")]
    [InlineData("/ui/apps", "href=\"/ui/apps/shop/search\"", "2 / 3", "policy search, 1 to 9")]
    [InlineData("/ui/apps/shop/search", "href=\"http://10.0.0.7:31005\"", "503 Service Unavailable",
        "busy: tpm 24 &gt; 10 * instances 2 for 30s, &#x2B;1")]
    [InlineData("/ui/groups/shop", "1 unhealthy", "2 applications, 1 pod, 1 group", "3 / 5", "d-1", "/shop/new",
        "href=\"/ui/groups/data\"", "href=\"/ui/groups/mail\"", "1.5 cpus, 768 MB")]
    [InlineData("/ui/groups", "4 groups", "href=\"/ui/groups/shop\"", "2 applications")]
    [InlineData("/ui/pods", "/shop/pair", "web running, unhealthy :31005", "1 / 2")]
    [InlineData("/ui/queue", "1 waiting", "node-3", "0.2 of 0.5 cpus are free")]
    [InlineData("/ui/agents", "2.5 / 8", "rack: 1", "/shop/pair", "eu-1, eu")]
    [InlineData("/ui/agents/a-1", "2.5 / 8", "rack: 1", "shop_pair.instance-0123456789ab", "31005",
        "/ui/logs/shop/search?task=t")]
    [InlineData("/ui/cluster", "master-1", "s1:8080", "marathon", "cpus 4", "mem 900", "2.5", "eu-1")]
    [InlineData("/ui/rebalance", "two of it are on node-1", "Make 2 moves")]
    [InlineData("/ui/sizes", "0.2 cpus and 128 MB would do", "0.5 → 0.2")]
    [InlineData("/ui/schedules?from=2031-05-06", "23:00:00 UTC", "(01:00 Europe/Berlin)", "the rule low begins", "a freeze",
        "Failed")]
    [InlineData("/ui/schedules/nightly", "jobs.yml", "2031-05-07 23:00:00 UTC", "the scheduler refused it", "locked")]
    [InlineData("/ui/policies", "the policy &#x27;search&#x27; has a rule without effect", "7 instances", "40.5 an hour")]
    [InlineData("/ui/policies", "night.yml:7:3: error: unknown name &#x27;tmp&#x27;", "unknown", "http://h:1/admin")]
    [InlineData("/ui/decisions", "2026-11-24 12:00:00 UTC", "2 → 3", "1 stays")]
    [InlineData("/ui/decisions?change=hold", "1 of 2", "nobody calls", "held")]
    public async Task A_page_shows_what_there_is(string path, params string[] texts)
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();

        var page = WebUtility.HtmlDecode(await console.GetAsync(path));

        foreach (var text in texts) Assert.Contains(WebUtility.HtmlDecode(text), page, StringComparison.Ordinal);
        Assert.Contains("<noscript>", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/ui")]
    [InlineData("/ui/apps")]
    [InlineData("/ui/apps/shop/search")]
    [InlineData("/ui/groups")]
    [InlineData("/ui/groups/shop")]
    [InlineData("/ui/logs/shop/search")]
    [InlineData("/ui/files/shop/search")]
    [InlineData("/ui/terminal/shop/search")]
    [InlineData("/ui/charts/shop/search")]
    [InlineData("/ui/pods/shop/pair")]
    [InlineData("/ui/pods")]
    [InlineData("/ui/deployments")]
    [InlineData("/ui/queue")]
    [InlineData("/ui/agents")]
    [InlineData("/ui/agents/a-1")]
    [InlineData("/ui/decisions")]
    [InlineData("/ui/cluster")]
    [InlineData("/ui/rebalance")]
    [InlineData("/ui/sizes")]
    [InlineData("/ui/schedules")]
    [InlineData("/ui/schedules/nightly")]
    [InlineData("/ui/policies")]
    public async Task A_role_that_does_not_answer_is_said_on_the_page(string path)
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.AreAway = true;

        Assert.Contains("the state store refuses writes", await console.GetAsync(path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_manager_its_pages_are_left_out()
    {
        await using var console = await ConsoleUnderTest.StartAsync(manager: false);
        console.Show(Examples.Search);

        Assert.DoesNotContain("/ui/decisions", await console.GetAsync("/ui"), StringComparison.Ordinal);
        Assert.DoesNotContain("Policy", await console.GetAsync("/ui/apps/shop/search"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_root_leads_to_the_console_and_an_address_that_is_none_is_404()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = console.Url };
        using var root = await client.GetAsync("/", TestContext.Current.CancellationToken);
        using var none = await client.GetAsync("/ui/nowhere", TestContext.Current.CancellationToken);

        Assert.Equal("/ui", root.Headers.Location!.ToString());
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        var text = await none.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("No such page", text, StringComparison.Ordinal);
    }
}
