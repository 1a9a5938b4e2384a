using System.Text;
using LifecycleManager.Testing;

namespace LifecycleManager.Security.Tests;

/// <summary>The README's example of teams is read, and gives what it says.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void The_example_of_teams_gives_what_is_said_of_it()
    {
        var lines = File.ReadAllLines(Path.Combine(Repository.Root, "README.md"));
        var section = lines.SkipWhile(line => line != "### Teams").Skip(1);
        var example = section.SkipWhile(line => !line.StartsWith("    {", StringComparison.Ordinal))
            .TakeWhile(line => line.StartsWith("    ", StringComparison.Ordinal));
        var principals = Principals.Parse(string.Join('\n', example));
        Assert.True(principals.Believes("marathon") && !principals.Believes("other"));

        var shop = Who("shop");
        Assert.True(shop.Scope.May(GroupPermission.Deploy | GroupPermission.Files | GroupPermission.Exec, "/shop/eu/web"));
        Assert.False(shop.Scope.May(GroupPermission.View, "/other/db") || shop.May(Permission.View) || shop.MayRunAs("*"));
        var ci = Who("shop-ci");
        Assert.True(ci.Until is not null && ci.Scope.May(GroupPermission.Scale, "/shop/web"));
        Assert.False(ci.Scope.May(GroupPermission.View, "/shop/eu/web") || ci.Scope.May(GroupPermission.Logs, "/shop/web"));
        var onCall = Who("on-call");
        Assert.True(onCall.May(Permission.View) && onCall.Scope.May(GroupPermission.Scale | GroupPermission.Files, "/any/app"));
        Assert.False(onCall.Scope.May(GroupPermission.Deploy, "/any/app") || onCall.May(Permission.Operate));
        Assert.True(Who("ops").Scope.MayEverywhere(GroupPermission.Deploy | GroupPermission.Exec));
        Assert.False(Who("manager").Scope.MayEverywhere(GroupPermission.Exec));

        Principal Who(string name) => principals.Authenticate(
            "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(name + ":…")), null)!;
    }
}
