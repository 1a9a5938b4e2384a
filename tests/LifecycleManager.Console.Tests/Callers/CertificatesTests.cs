using LifecycleManager.Console.Tests.Pages;
using LifecycleManager.Testing;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Callers;

/// <summary>Who is known by his certificate alone is at every role who he is at the page's.</summary>
public sealed class CertificatesTests(Chromium browser)
{
    [Fact]
    public async Task Who_shows_a_certificate_sees_and_does_what_he_may_at_a_standby_too_until_it_is_revoked()
    {
        await using var roles = await SecuredRoles.StartAsync();
        await roles.PutAsync("/shop/a", 1);
        await roles.PutAsync("/ops/b", 1);
        var (serial, shown) = roles.Person("ann");
        await using var ann = await OpenAsync(roles.Standby, "/ui/apps/shop/a", shown);
        await Assertions.Expect(ann.Page.GetByText("0 / 1").First).ToBeVisibleAsync();

        // By the socket: what another has changed at the leader.
        await roles.PutAsync("/shop/a", 4);
        await Assertions.Expect(ann.Page.GetByText("0 / 4").First).ToBeVisibleAsync();

        // By the browser to the standby, and from there to the leader.
        await ann.Page.GetByLabel("Scale to").FillAsync("2");
        await ann.Page.GetByRole(AriaRole.Button, new() { Name = "Scale", Exact = true }).ClickAsync();
        await ann.Page.GetByLabel("Force:").CheckAsync();
        await ann.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Scale" }).ClickAsync();
        await Eventually.TrueAsync(async () => await roles.CountAsync("/shop/a") == 2, "the count of the page");

        // The manager is asked as her, and changed by her; so is the master.
        await ann.FollowAsync("Policies", "Policies");
        await Assertions.Expect(ann.Page.GetByText("night.yml").First).ToBeVisibleAsync();
        await ann.FollowAsync("Schedules", "Schedules");
        await ann.Page.GetByRole(AriaRole.Button, new() { Name = "Stop all changes" }).ClickAsync();
        await ann.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Stop all changes" }).ClickAsync();
        await Assertions.Expect(ann.Page.GetByText("All changes of all policies and schedules are stopped")).ToBeVisibleAsync();
        Assert.Equal((true, "ann"), await roles.StopAsync());
        await ann.FollowAsync("Cluster", "Cluster");
        await Assertions.Expect(ann.Page.GetByText("marathon").First).ToBeVisibleAsync();

        // Of what the console may see as itself, a team sees its own apps, and the cluster not at all.
        await using var team = await OpenAsync(roles.Leader, "/ui/apps", roles.Person("team").Shown);
        await Assertions.Expect(team.Page.GetByRole(AriaRole.Link, new() { Name = "/shop/a" })).ToBeVisibleAsync();
        await Assertions.Expect(team.Page.GetByText("/ops/b")).ToHaveCountAsync(0);
        await Assertions.Expect(team.Page.GetByRole(AriaRole.Link, new() { Name = "Agents" })).ToHaveCountAsync(0);

        await roles.RevokeAsync(serial);
        await Assertions.Expect(ann.Page.GetByText("The connection is lost.")).ToBeVisibleAsync();
        await Assert.ThrowsAsync<PlaywrightException>(
            () => ann.Page.Context.NewPageAsync().ContinueWith(page => page.Result.GotoAsync(roles.Standby + "ui")).Unwrap());
    }

    [Fact]
    public async Task An_agent_is_asked_as_whoever_looks_for_logs_files_and_a_terminal()
    {
        await using var roles = await SecuredRoles.StartAsync();
        await roles.StartAgentAsync();
        foreach (var app in (string[])["/shop/a", "/ops/b"])
            await roles.PutAsync(app, 1, $"echo begun {app}; echo kept > note.txt; exec sleep 100000");
        var ann = roles.Person("ann").Shown;
        await using var all = await OpenAsync(roles.Standby, "/ui/logs/ops/b", ann);
        await Assertions.Expect(Log(all)).ToContainTextAsync("begun /ops/b");
        await all.Page.GotoAsync(new Uri(roles.Standby, "/ui/terminal/ops/b").ToString());
        await all.LiveAsync();
        await all.Page.GetByRole(AriaRole.Button, new() { Name = "Open" }).ClickAsync();
        var keys = all.Page.GetByRole(AriaRole.Textbox, new() { Name = "Terminal of" });
        await Assertions.Expect(keys).ToBeFocusedAsync();
        await keys.PressSequentiallyAsync("cat note.txt; echo $((40+2))\n");
        await Assertions.Expect(all.Page.Locator(".tscreen")).ToContainTextAsync("42");

        // A team reads what its own apps write, has no terminal, and learns of nobody else's, whatever it asks for.
        await using var team = await OpenAsync(roles.Leader, "/ui/logs/shop/a", roles.Person("team").Shown);
        await Assertions.Expect(Log(team)).ToContainTextAsync("begun /shop/a");
        await team.Page.GotoAsync(new Uri(roles.Leader, "/ui/terminal/shop/a").ToString());
        await Assertions.Expect(team.Page.GetByText("for who has the permission 'exec' of /shop/a")).ToBeVisibleAsync();
        foreach (var (app, isItsOwn) in ((string, bool)[])[("/shop/a", true), ("/ops/b", false)])
        {
            var answer = await team.Page.Context.APIRequest.GetAsync(
                new Uri(roles.Leader, await roles.DownloadAsync(app, "stdout")).ToString());
            Assert.Equal((app, isItsOwn), (app, answer.Ok));
            Assert.Equal((app, isItsOwn), (app, await answer.TextAsync() == $"begun {app}\n"));
        }
    }

    private static ILocator Log(OpenPage open) => open.Page.GetByRole(AriaRole.Region, new() { Name = "Log of" });

    private async Task<OpenPage> OpenAsync(Uri scheduler, string path, IReadOnlyList<ClientCertificate> shown) =>
        await OpenPage.OpenAsync(await browser.NewContextAsync(certificates: shown), new Uri(scheduler, path), isAlone: true);
}
