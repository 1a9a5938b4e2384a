using LifecycleManager.Scheduler.Core.Definitions;

namespace LifecycleManager.Scheduler.Core.Tests.Definitions;

public sealed class AppIdTests
{
    [Theory]
    [InlineData("a", "/g", "/g/a")]
    [InlineData("/a", "/g", "/a")]
    [InlineData("../a", "/g/h", "/g/a")]
    [InlineData("./a/", "/", "/a")]
    [InlineData("../../../a", "/g", "/a")]
    [InlineData("", "/g", "/g")]
    [InlineData("//a//b", "/g", "/a/b")]
    public void An_id_is_resolved_within_its_group(string text, string group, string path) =>
        Assert.Equal(path, AppId.Resolve(text, new AppId(group)).Path);

    [Fact]
    public void An_id_knows_its_groups()
    {
        var id = new AppId("/a/b/c");
        Assert.Equal(["/", "/a", "/a/b"], id.Ancestors.Select(group => group.Path));
        Assert.Equal((new AppId("/a/b"), "c", "a_b_c"), (id.Parent, id.Name, id.Safe));
        Assert.Equal(AppId.Root, new AppId("/a").Parent);
        Assert.True(id.IsWithin(new AppId("/a/b")));
        Assert.True(id.IsWithin(AppId.Root));
        Assert.False(new AppId("/ab").IsWithin(new AppId("/a")));
    }

    [Fact]
    public void A_tree_is_changed_without_touching_the_rest()
    {
        var a = new AppDefinition { Id = new AppId("/g/a"), Version = default, Wire = new() { Id = "/g/a" } };
        var b = new AppDefinition { Id = new AppId("/h/i/b"), Version = default, Wire = new() { Id = "/h/i/b" } };
        var tree = GroupDefinition.Empty.PutApp(a).PutApp(b);
        Assert.Equal(["/", "/g", "/h", "/h/i"], tree.AllGroups.Select(group => group.Id.Path));
        Assert.Same(b, tree.FindApp(b.Id));
        Assert.Null(tree.FindApp(new AppId("/h/b")));
        var less = tree.RemoveApp(b.Id);
        Assert.Null(less.FindApp(b.Id));
        Assert.Same(tree.FindGroup(new AppId("/g")), less.FindGroup(new AppId("/g")));
        Assert.Null(tree.RemoveGroup(new AppId("/h")).FindGroup(new AppId("/h/i")));
        Assert.Same(tree, tree.RemoveGroup(new AppId("/none")));
    }
}
