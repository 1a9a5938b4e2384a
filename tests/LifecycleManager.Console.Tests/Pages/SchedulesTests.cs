using System.Net;
using LifecycleManager.Testing;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>What is scheduled, and what people do to it.</summary>
public sealed class SchedulesTests(Chromium browser)
{
    [Fact]
    public async Task Each_thing_that_is_done_to_a_job_is_said_before_and_a_refusal_after()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        await using var open = await browser.OpenAsync(console, "/ui/schedules?from=2031-05-06");
        var dialog = open.Page.GetByRole(AriaRole.Dialog);

        await DoAsync("Pause nightly", "Pause", "Its times pass, and are not made up for".ToLowerInvariant());
        await DoAsync("Skip next nightly", "Skip next", "its fire of 2031-05-06 23:00:00 utc is left out");
        await DoAsync("Run now nightly", "Run now", "it sets 20 instances of /shop/search now");
        await DoAsync("Resume sale", "Resume", "it fires again, next at 2031-05-07 08:00:00 utc");
        await DoAsync("Remove sale", "Remove", "it fires no more");
        Assert.Equal(
            [("POST", "/v1/schedules/nightly/pause"), ("POST", "/v1/schedules/nightly/skip"),
             ("POST", "/v1/schedules/nightly/run"), ("POST", "/v1/schedules/sale/resume"), ("DELETE", "/v1/schedules/sale")],
            console.Changes.Select(change => (change.Method, change.Path)));

        // What is in a file is not removed here, and what is paused leaves nothing out.
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Button, new() { Name = "Remove nightly" })).ToHaveCountAsync(0);
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Button, new() { Name = "Skip next sale" })).ToHaveCountAsync(0);

        console.ChangeAnswer = (HttpStatusCode.Conflict,
            """{"message": "the schedule 'nightly' is paused: all its fire times are left out"}""");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Skip next nightly" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Skip next" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("all its fire times are left out")).ToBeVisibleAsync();
        Assert.Empty(open.Errors);

        async Task DoAsync(string button, string word, string effect)
        {
            var before = console.Changes.Count;
            await open.Page.GetByRole(AriaRole.Button, new() { Name = button }).ClickAsync();
            await Assertions.Expect(dialog).ToContainTextAsync(effect, new() { IgnoreCase = true });
            await dialog.GetByRole(AriaRole.Button, new() { Name = word }).ClickAsync();
            await Eventually.TrueAsync(() => console.Changes.Count == before + 1);
            await Assertions.Expect(dialog).ToHaveCountAsync(0);
        }
    }

    [Fact]
    public async Task A_job_is_added_with_its_fields_and_all_changes_are_stopped_and_made_again()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        await using var open = await browser.OpenAsync(console, "/ui/schedules");
        var dialog = open.Page.GetByRole(AriaRole.Dialog);
        await open.Page.GetByText("Add a job").ClickAsync();
        await open.Page.GetByLabel("Name").FillAsync("batch");
        await open.Page.GetByLabel("Applications", new() { Exact = true }).FillAsync("/batch/*");
        await open.Page.GetByLabel("Instances").FillAsync("20");
        await open.Page.GetByLabel("Time", new() { Exact = true }).FillAsync("2031-01-02T03:04");
        await open.Page.GetByLabel("For", new() { Exact = true }).FillAsync("4h");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
        await Assertions.Expect(dialog).ToContainTextAsync(
            "It sets 20 instances of /batch/*, once 2031-01-02T03:04 (UTC), for 4h.");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("batch is added.")).ToBeVisibleAsync();
        Assert.Equal(("POST", "/v1/schedules",
            """{"name":"batch","app":"/batch/*","once":"2031-01-02T03:04","zone":"UTC","instances":20,"for":"4h"}"""),
            Assert.Single(console.Changes));

        await open.Page.GetByLabel("Reason").FillAsync("a freeze");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Stop all changes" }).ClickAsync();
        await open.PictureAsync("dialog-stop");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Stop all changes" }).ClickAsync();
        await Eventually.TrueAsync(() => console.Changes.Count == 2);
        Assert.Equal(("POST", "/v1/stop", """{"reason":"a freeze"}"""), console.Changes.Last());

        console.Answers["/v1/stop"] =
            """{"stopped": true, "since": "2026-11-24T12:00:00Z", "by": "ann", "reason": "a freeze", "message": "stopped"}""";
        await open.Page.ReloadAsync();
        await open.LiveAsync();
        const string Stopped = "All changes of all policies and schedules are stopped";
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Alert).Filter(new() { HasText = Stopped }))
            .ToContainTextAsync("by ann: a freeze");
        await open.IsForEverybodyAsync();
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Start all changes" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Start all changes" }).ClickAsync();
        await Eventually.TrueAsync(() => console.Changes.Count == 3);
        Assert.Equal("/v1/start", console.Changes.Last().Path);
        Assert.Empty(open.Errors);
    }
}
