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

    private async Task<OpenPage> OpenAsync(Uri scheduler, string path, IReadOnlyList<ClientCertificate> shown) =>
        await OpenPage.OpenAsync(await browser.NewContextAsync(certificates: shown), new Uri(scheduler, path), isAlone: true);
}
