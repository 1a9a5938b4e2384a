using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LifecycleManager.Security;
using LifecycleManager.Testing;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>The agents: what fills them, and what may be done with them, as who looks.</summary>
public sealed class AgentsTests(Chromium browser)
{
    private static readonly Principals Known = Principals.Parse("""
        {"credentials": [
          {"principal": "admin", "secret": "a", "permissions": ["view", "operate"]},
          {"principal": "guest", "secret": "g", "permissions": ["view"]}]}
        """);

    [Fact]
    public async Task A_drain_says_what_ends_and_where_it_would_go_and_is_asked_for_as_who_looks()
    {
        await using var console = await ConsoleUnderTest.StartAsync(principals: Known);
        console.ShowAll();
        console.Answers["/slaves"] = Agents("node-1", "node-3");
        await using var open = await browser.OpenAsync(console, "/ui/agents/a-1", name: "admin", secret: "a");
        await open.Page.GetByLabel("A task may take").SelectOptionAsync("30");

        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Drain node-1" }).ClickAsync();
        var dialog = open.Page.GetByRole(AriaRole.Dialog);
        await Assertions.Expect(dialog).ToContainTextAsync(
            "2 instances on node-1 end, each within its grace period, and no longer than 30 s");
        await Assertions.Expect(dialog).ToContainTextAsync("/shop/search: 1 to node-3");
        await Assertions.Expect(dialog).ToContainTextAsync("/shop/pair: 1 to node-3");
        await Assertions.Expect(dialog).ToContainTextAsync("Nothing starts there until it is resumed.");
        await open.IsForEverybodyAsync();
        await open.PictureAsync("dialog-drain");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Drain" }).ClickAsync();

        await Assertions.Expect(open.Page.GetByText("node-1 is being drained.")).ToBeVisibleAsync();
        var (method, path, body) = Assert.Single(console.Changes);
        Assert.Equal(("POST", "/api/v1",
            """{"type":"DRAIN_AGENT","drain_agent":{"agent_id":{"value":"a-1"},"max_grace_period":"""
            + """{"nanoseconds":30000000000}}}"""),
            (method, path, body));
        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("admin:a")), console.Callers["/api/v1"]);
        Assert.Equal(console.Callers["/api/v1"], console.Callers["/slaves"]);

        // How far it is, and back.
        console.Answers["/slaves"] = Agents("node-1", "node-3", """{"state": "DRAINING"}""");
        console.Tell();
        await Assertions.Expect(open.Page.GetByText("It can be resumed once nothing runs there.")).ToBeVisibleAsync();
        console.Answers["/slaves"] = Agents("node-1", "node-3", """{"state": "DRAINED"}""");
        console.Tell();
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Resume node-1" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        await Eventually.TrueAsync(() => console.Changes.Count == 2);
        Assert.Equal("""{"type":"REACTIVATE_AGENT","reactivate_agent":{"agent_id":{"value":"a-1"}}}""",
            console.Changes.Last().Body);
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task What_finds_no_room_is_said_before_and_what_the_master_refuses_after()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        console.ChangeAnswer = (HttpStatusCode.Forbidden, "Forbidden: principal 'team' lacks the permission 'operate'");
        await using var open = await browser.OpenAsync(console, "/ui/agents");
        var card = open.Page.GetByRole(AriaRole.Region, new() { Name = "node-1" });
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Status).First).ToHaveTextAsync("2 of 2");

        await card.GetByRole(AriaRole.Button, new() { Name = "Drain node-1" }).ClickAsync();
        var dialog = open.Page.GetByRole(AriaRole.Dialog);
        await Assertions.Expect(dialog).ToContainTextAsync(
            "/shop/search: 1 will wait: no other agent has 0.5 cpus and 256 MB free");
        await Assertions.Expect(dialog).ToContainTextAsync("0.5 cpus and 128 MB more are in use there");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Drain" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("lacks the permission 'operate'")).ToBeVisibleAsync();

        await open.Page.GetByLabel("Agent", new() { Exact = true }).FillAsync("rack: 1");
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Status).First).ToHaveTextAsync("1 of 2");
        await Assertions.Expect(open.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("name=rack"));
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task Maintenance_is_planned_and_taken_back_and_what_others_planned_stays()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        const string Others = """
            {"windows": [{"machine_ids": [{"hostname": "node-9"}], "unavailability": {"start": {"nanoseconds": 5}}, "more": 1}]}
            """;
        console.Answers["/maintenance/schedule"] = Others;
        await using var open = await browser.OpenAsync(console, "/ui/agents/a-1");
        await open.Page.GetByLabel("Away from").FillAsync("2031-05-06T07:08");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Plan" }).ClickAsync();
        var dialog = open.Page.GetByRole(AriaRole.Dialog);
        await Assertions.Expect(dialog).ToContainTextAsync(
            "From 2031-05-06 07:08:00 UTC to 2031-05-06 09:08:00 UTC the machine node-1");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Plan" }).ClickAsync();

        await Eventually.TrueAsync(() => console.Changes.Count == 1);
        var planned = console.Changes.Last();
        Assert.Equal(("POST", "/maintenance/schedule"), (planned.Method, planned.Path));
        var windows = JsonNode.Parse(planned.Body)!["windows"]!.AsArray();
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Others)!["windows"]![0], windows[0]));
        Assert.Equal("node-1", (string?)windows[1]!["machine_ids"]![0]!["hostname"]);

        console.Answers["/maintenance/schedule"] = planned.Body;
        console.Tell();
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Take back" }).ClickAsync();
        await open.PictureAsync("dialog-away");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Take back" }).ClickAsync();
        await Eventually.TrueAsync(() => console.Changes.Count == 2);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Others), JsonNode.Parse(console.Changes.Last().Body)));
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task Who_may_not_operate_is_offered_nothing_and_an_agent_that_is_gone_is_404()
    {
        await using var console = await ConsoleUnderTest.StartAsync(principals: Known);
        console.ShowAll();
        using var guest = new HttpClient { BaseAddress = console.Url };
        guest.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("guest:g")));

        foreach (var path in new[] { "/ui/agents", "/ui/agents/a-1" })
        {
            var page = await guest.GetStringAsync(path, TestContext.Current.CancellationToken);
            Assert.Contains("node-1", page, StringComparison.Ordinal);
            Assert.DoesNotContain("Drain", page, StringComparison.Ordinal);
        }

        using var gone = await guest.GetAsync("/ui/agents/a-9", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    private static string Agents(string one, string other, string? drain = null) => $$"""
        {"slaves": [{"id": "a-1", "hostname": "{{one}}", "active": {{(drain is null ? "true" : "false")}},
          "resources": {"cpus": 8, "mem": 1024}, "used_resources": {"cpus": 2, "mem": 384}
          {{(drain is null ? "" : $", \"drain_info\": {drain}, \"deactivated\": true")}}},
         {"id": "a-3", "hostname": "{{other}}", "active": true, "resources": {"cpus": 8, "mem": 1024},
          "used_resources": {"cpus": 0, "mem": 0} } ] }
        """;
}
