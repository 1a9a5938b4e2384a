using LifecycleManager.Testing;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>
/// Ten tasks of an on-call night by the console alone, on real roles; the tenth, to look around in an instance, is that of
/// <see cref="RealInstanceTests"/>.
/// </summary>
public sealed class OnCallPagesTests(Chromium browser, NightStack night) : IClassFixture<NightStack>
{
    [Fact]
    public async Task Find_the_crash_loop_and_read_its_last_log()
    {
        await night.DeployAsync("/night/crash", "echo no database at db:5432 >&2; exit 3");
        await using var open = await OpenAsync("/ui");
        await open.FollowAsync("/night/crash", "/night/crash", exact: true);
        await SeesAsync(open, "exit code 3");
        await open.FollowAsync("Logs", "Logs of /night/crash", exact: true);
        await open.Page.GetByRole(AriaRole.Combobox, new() { Name = "Instance" })
            .SelectOptionAsync(new SelectOptionValue { Index = 1 });
        await SeesAsync(open, "no database at db:5432");

        await open.Page.GotoAsync(new Uri(night.Console, "/ui/apps/night/crash").ToString());
        await open.LiveAsync();
        await PressAsync(open, "Destroy", force: true);
        await night.SeesAsync("/night/crash", app => app is null, "its end");
    }

    [Fact]
    public async Task Roll_back_what_was_deployed_last()
    {
        await night.DeployAsync("/night/release", "exec sleep 1000", new { env = new { RELEASE = "good" } });
        await night.RunsAsync("/night/release", 1);
        await night.DeployAsync("/night/release", "exit 1", new { env = new { RELEASE = "bad" } });
        await using var open = await OpenAsync("/ui/apps/night/release");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Show what differs" }).ClickAsync();
        await Assertions.Expect(open.Page.Locator(".difference")).ToContainTextAsync("exit 1");
        await PressAsync(open, "Roll back to the first", "Roll back", force: true);
        await night.SeesAsync(
            "/night/release", app => app?.GetProperty("env").GetProperty("RELEASE").GetString() == "good", "the version before");
        await night.RunsAsync("/night/release", 1);
    }

    [Fact]
    public async Task Drain_a_host_and_take_it_back()
    {
        await night.DeployAsync("/night/moved", "exec sleep 1000",
            new { instances = 2, constraints = new[] { new[] { "hostname", "GROUP_BY" } } });
        await night.RunsAsync("/night/moved", 2);
        await using var open = await OpenAsync("/ui/agents");
        await PressAsync(open, "Drain 127.0.0.3", "Drain");
        await Assertions.Expect(Button(open, "Resume 127.0.0.3")).ToBeVisibleAsync();
        await night.SeesAsync("/night/moved", app => app!.Value.GetProperty("tasks").EnumerateArray()
            .Count(task => task.GetProperty("host").GetString() == "127.0.0.2"
                && task.GetProperty("state").GetString() == "TASK_RUNNING") == 2, "both elsewhere");
        await PressAsync(open, "Resume 127.0.0.3", "Resume");
        await Assertions.Expect(Button(open, "Drain 127.0.0.3")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Hold_a_policy()
    {
        await night.DeployAsync("/night/held", "exec sleep 1000");
        await using var open = await OpenAsync("/ui/apps/night/held");
        await open.Page.GetByLabel("Reason").FillAsync("an incident");

        // A deployment that is under way can be paused, too.
        var policy = open.Page.Locator("form").Filter(new() { Has = open.Page.GetByLabel("Reason") });
        await PressAsync(open, "Pause", within: policy);
        await SeesAsync(open, ": an incident");
        await PressAsync(open, "Resume", within: policy);
        await Assertions.Expect(policy.GetByRole(AriaRole.Button, new() { Name = "Pause" })).ToBeVisibleAsync();
        await night.RunsAsync("/night/held", 2);
    }

    [Fact]
    public async Task Take_a_count_and_give_it_back()
    {
        await night.DeployAsync("/night/count", "exec sleep 1000", new { instances = 2 });
        await using var open = await OpenAsync("/ui/apps/night/count");
        await open.Page.GetByLabel("Override with").FillAsync("3");
        await open.Page.GetByLabel("Reason").FillAsync("a sale");
        await PressAsync(open, "Override");
        await SeesAsync(open, "has set 3 instances");
        await night.RunsAsync("/night/count", 3);
        await PressAsync(open, "Release");
        await night.RunsAsync("/night/count", 2);
    }

    [Fact]
    public async Task Skip_tonights_schedule()
    {
        await using var open = await OpenAsync("/ui/schedules");
        await open.Page.GetByText("Add a job").ClickAsync();
        foreach (var (field, text) in ((string, string)[])
            [("Name", "nightly"), ("Applications", "/night/batch"), ("Instances", "2"), ("Time", "0 30 1 * * ?")])
            await open.Page.GetByLabel(field).FillAsync(text);
        await open.Page.GetByLabel("When").SelectOptionAsync("cron");
        await PressAsync(open, "Add");
        await PressAsync(open, "Skip next nightly", "Skip next");
        await SeesAsync(open, "left out");
        await PressAsync(open, "Remove nightly", "Remove");
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Link, new() { Name = "nightly" })).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Find_who_scaled_it()
    {
        await night.DeployAsync("/night/who", "exec sleep 1000");
        await night.RunsAsync("/night/who", 2);
        await using var open = await OpenAsync("/ui/apps/night/who");
        var decision = open.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "1 → 2" }).First;
        await Assertions.Expect(decision).ToContainTextAsync("night");
        await Assertions.Expect(decision).ToContainTextAsync("applied");
    }

    [Fact]
    public async Task See_why_something_waits_and_free_the_deployment_that_is_stuck()
    {
        await night.DeployAsync("/night/wide", "exec sleep 1000",
            new { constraints = new[] { new[] { "hostname", "CLUSTER", "nowhere" } } });
        await using var open = await OpenAsync("/ui/queue");
        var wide = open.Page.GetByRole(AriaRole.Region, new() { Name = "/night/wide" });
        await Assertions.Expect(wide).ToContainTextAsync("127.0.0.2");
        await open.FollowAsync("/night/wide", "/night/wide");
        await PressAsync(open, "Roll back");
        await night.SeesAsync("/night/wide", app => app is null, "that it was never there");
    }

    [Fact]
    public async Task Kill_the_instance_that_hangs_and_stop_all_changes_for_a_while()
    {
        await night.DeployAsync("/night/hangs", "exec sleep 1000");
        await night.RunsAsync("/night/hangs", 1);
        await using var open = await OpenAsync("/ui/apps/night/hangs");
        var kill = open.Page.GetByRole(AriaRole.Button, new() { NameRegex = new("^Kill night_hangs") });
        var hangs = await kill.GetAttributeAsync("aria-label");
        await PressAsync(open, hangs!, "Kill");
        await Assertions.Expect(Button(open, hangs!)).ToHaveCountAsync(0);
        await Assertions.Expect(kill).ToHaveCountAsync(1);
        await night.RunsAsync("/night/hangs", 1);

        await open.Page.GotoAsync(new Uri(night.Console, "/ui/schedules").ToString());
        await open.LiveAsync();
        await open.Page.GetByLabel("Reason").FillAsync("until we know more");
        await PressAsync(open, "Stop all changes");
        await SeesAsync(open, "until we know more");
        await PressAsync(open, "Start all changes");
        await Assertions.Expect(Button(open, "Stop all changes")).ToBeVisibleAsync();
    }

    private Task<OpenPage> OpenAsync(string path) => browser.OpenAsync(new Uri(night.Console, path));

    private static ILocator Button(OpenPage open, string name) =>
        open.Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    private static Task SeesAsync(OpenPage open, string text) =>
        Assertions.Expect(open.Page.GetByText(text).First).ToBeVisibleAsync();

    /// <summary>
    /// Presses a button, and the one of what is asked then; by force where something stands in the way. By its key: under a
    /// pointer it may move away, where more is known of what is above it.
    /// </summary>
    private static async Task PressAsync(
        OpenPage open, string button, string? asked = null, bool force = false, ILocator? within = null)
    {
        var pressed = (within ?? open.Page.Locator("body"))
            .GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).First;
        await Assertions.Expect(pressed).ToBeEnabledAsync();
        await pressed.PressAsync("Enter");
        var dialog = open.Page.GetByRole(AriaRole.Dialog);
        await Assertions.Expect(dialog).ToBeVisibleAsync();
        var held = dialog.GetByRole(AriaRole.Checkbox);
        if (force && await held.CountAsync() > 0) await held.CheckAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = asked ?? button, Exact = true }).ClickAsync();
        await Assertions.Expect(dialog).ToHaveCountAsync(0);
    }
}
