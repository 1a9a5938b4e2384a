namespace LifecycleManager.Security.Tests;

public sealed class AppScopeTests
{
    private static readonly AppScope Shop = new(Permission.None,
    [
        new GroupGrant("/shop/**", GroupPermission.View), new GroupGrant("/shop/*", GroupPermission.Logs),
        new GroupGrant("/shop/web", GroupPermission.Scale), new GroupGrant("/lab/**", GroupPermission.Deploy),
    ]);

    [Theory]
    [InlineData(GroupPermission.View, "/shop/web", true)]
    [InlineData(GroupPermission.View, "/shop/eu/web", true)]
    [InlineData(GroupPermission.Logs, "/shop/eu/web", false)]
    [InlineData(GroupPermission.Logs | GroupPermission.Scale, "/shop/web", true)]
    [InlineData(GroupPermission.Deploy, "/shop/web", false)]
    [InlineData(GroupPermission.Files, "/shop/web", false)]
    [InlineData(GroupPermission.Exec, "/shop/web", false)]
    [InlineData(GroupPermission.Scale, "/shop/api", false)]
    [InlineData(GroupPermission.View, "/shop", false)]
    [InlineData(GroupPermission.View, "/shopping/web", false)]
    [InlineData(GroupPermission.View, "/other/shop/web", false)]
    [InlineData(GroupPermission.View, "/", false)]
    [InlineData(GroupPermission.Scale | GroupPermission.View, "/lab/a", true)]
    public void Grants_add_up_and_what_none_names_is_refused(GroupPermission permission, string app, bool may) =>
        Assert.Equal(may, Shop.May(permission, app));

    [Theory]
    [InlineData(GroupPermission.View, "/shop", true)]
    [InlineData(GroupPermission.View, "/shop/eu", true)]
    [InlineData(GroupPermission.Logs, "/shop", false)]
    [InlineData(GroupPermission.Deploy, "/lab", true)]
    [InlineData(GroupPermission.View, "/", false)]
    [InlineData(GroupPermission.View, "/shopping", false)]
    public void Of_a_group_all_that_may_come_below_counts(GroupPermission permission, string group, bool may) =>
        Assert.Equal(may, Shop.MayBelow(permission, group));

    [Fact]
    public void What_may_be_done_below_a_group_may_be_done_with_all_that_is_there()
    {
        var random = new Random(15);
        string[] parts = ["a", "b", "*", "**", "?"];
        string Path(string[] of, int most) =>
            string.Concat(Enumerable.Range(0, random.Next(1, most + 1)).Select(_ => "/" + of[random.Next(of.Length)]));
        var proved = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var scope = new AppScope(Permission.None, [new GroupGrant(Path(parts, 3), GroupPermission.View)]);
            var group = Path(["a", "b"], 2);
            if (!scope.MayBelow(GroupPermission.View, group)) continue;
            proved++;
            Assert.True(scope.May(GroupPermission.View, group + Path(["a", "b", "ab"], 4)));
        }

        Assert.True(proved > 100);
    }

    [Theory]
    [InlineData(Permission.View, GroupPermission.Files, true)]
    [InlineData(Permission.View, GroupPermission.Scale, false)]
    [InlineData(Permission.Operate, GroupPermission.Deploy | GroupPermission.Files, true)]
    [InlineData(Permission.Operate, GroupPermission.Exec, false)]
    [InlineData(Permission.Exec, GroupPermission.Exec | GroupPermission.Logs, true)]
    [InlineData(Permission.Exec, GroupPermission.Scale, false)]
    [InlineData(Permission.Agent, GroupPermission.View, false)]
    [InlineData(Permission.None, GroupPermission.View, false)]
    public void What_may_be_done_with_the_cluster_may_be_done_with_all_apps(
        Permission cluster, GroupPermission permission, bool may)
    {
        var scope = new AppScope(cluster, []);
        Assert.Equal((may, may, may),
            (scope.May(permission, "/any/app"), scope.MayBelow(permission, "/"), scope.MayEverywhere(permission)));
        Assert.True(AppScope.All.MayEverywhere(permission));
    }
}
