using LifecycleManager.Console.Components;
using LifecycleManager.Console.Pages;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Console.Tests.Components;

public sealed class GroupTiesTests
{
    private static readonly Group Root = new()
    {
        Id = "/",
        Groups =
        [
            new Group { Id = "/a", Dependencies = ["/b"], Groups = [new Group { Id = "/a/b", Dependencies = ["/a/c/x"] }] },
            new Group { Id = "/b" }, new Group { Id = "/c", Dependencies = ["/a"] },
        ],
    };

    private static readonly App[] Apps =
    [
        new() { Id = "/a/b/web", Dependencies = ["/b/db"] }, new() { Id = "/a/c/x" },
        new() { Id = "/ab/y", Dependencies = ["/a/b/web"] },
        new() { Id = "/b/db" },
    ];

    [Theory]
    [InlineData("/a", "/b /b/db", "/ab/y /c")]
    [InlineData("/a/b", "/a/c/x /b/db", "/ab/y")]
    [InlineData("/b", "", "/a /a/b/web")]
    [InlineData("/", "", "")]
    public void What_a_group_needs_and_what_waits_for_it_is_outside_of_it(string id, string needed, string needing)
    {
        Assert.Equal(needed, string.Join(' ', GroupTies.Needed(Root, Apps, id)));
        Assert.Equal(needing, string.Join(' ', GroupTies.Needing(Root, Apps, id)));
    }

    [Fact]
    public void A_group_is_found_by_its_whole_id()
    {
        Assert.Equal("/a/b", GroupTies.Find(Root, "/a/b")?.Id);
        Assert.Equal("/", GroupTies.Find(Root, "/")?.Id);
        Assert.Null(GroupTies.Find(Root, "/a/c"));
        Assert.Equal(["/a/b", "/a"], GroupTies.Above("/a/b/web"));
        Assert.False(GroupTies.IsWithin("/ab/y", "/a"));
        Assert.False(GroupTies.IsWithin("/a", "/a"));
        Assert.True(GroupTies.IsWithin("/a", "/"));
    }

    [Theory]
    [InlineData(3, 1.5, 5)]
    [InlineData(3, 0, 0)]
    [InlineData(1, 0.1, 1)]
    public void A_count_is_rounded_up_as_the_scheduler_does(int count, double factor, double scaled) =>
        Assert.Equal(scaled, GroupTies.Scaled(count, factor));

    [Fact]
    public void A_group_shows_its_own_apps_and_sums_up_the_groups_in_it()
    {
        var rows = AppRow.Tree(
            Apps.Take(2).Append(new App { Id = "/a/one" }).Select(app => new AppRow(app.Id!, app, AppStanding.Of(app, null), 0)),
            _ => true, "/a");

        Assert.Equal(["/a/b", "/a/c", "/a/one"], rows.Select(row => row.Path));
        Assert.Equal([1, 1, 0], rows.Select(row => row.Count));
    }
}
