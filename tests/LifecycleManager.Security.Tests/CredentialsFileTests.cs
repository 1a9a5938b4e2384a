using System.Text;

namespace LifecycleManager.Security.Tests;

public sealed class CredentialsFileTests
{
    private const string Teams = """
        {
          // Who is who.
          "schedulers": ["marathon"],
          "credentials": [
            {"principal": "shop", "secret": "hush", "groups": {"/shop/**": ["view", "logs", "deploy"], "/lab/x": ["exec"]}},
            {"principal": "shop", "secret": "old", "groups": {"/shop/**": ["view"]}, "until": "2027-01-31T01:00:00+01:00"},
            {"principal": "both", "secret": "b", "permissions": ["view"], "groups": {"/shop/web": ["scale"]}},
          ]
        }
        """;

    [Fact]
    public void Groups_alone_give_nothing_of_the_cluster()
    {
        var shop = Principals.Parse(Teams).Authenticate(Basic("shop:hush"), null)!;
        Assert.Equal((Permission.None, true), (shop.Permissions, shop.Scope.HasGrants));
        Assert.Empty(shop.Roles);
        Assert.True(shop.Scope.May(GroupPermission.Deploy | GroupPermission.Logs, "/shop/web"));
        Assert.True(shop.Scope.May(GroupPermission.Exec, "/lab/x"));
        Assert.False(shop.Scope.May(GroupPermission.Files, "/shop/web") || shop.Scope.May(GroupPermission.View, "/other/db"));
    }

    [Fact]
    public void Each_secret_of_a_principal_has_its_own_permissions_and_end()
    {
        var principals = Principals.Parse(Teams);
        var old = principals.Authenticate(Basic("shop:old"), null)!;
        Assert.Equal(new DateTimeOffset(2027, 1, 31, 0, 0, 0, TimeSpan.Zero), old.Until);
        Assert.False(old.Scope.May(GroupPermission.Deploy, "/shop/web"));
        Assert.Null(principals.Authenticate(Basic("shop:hush"), null)!.Until);
        var both = principals.Authenticate(Basic("both:b"), null)!;
        Assert.True(both.May(Permission.View) && both.Scope.May(GroupPermission.Scale, "/shop/web"));
        Assert.True(both.Scope.May(GroupPermission.Files, "/other/db") && !both.Scope.May(GroupPermission.Scale, "/other/db"));
    }

    [Fact]
    public void Ends_are_told_a_week_before_and_after()
    {
        var (principals, week) = (Principals.Parse(Teams), TimeSpan.FromDays(7));
        var end = new DateTimeOffset(2027, 1, 31, 0, 0, 0, TimeSpan.Zero);
        Assert.Empty(principals.Endings(end - week - TimeSpan.FromSeconds(1), week));
        Assert.Equal(["a secret of the principal 'shop' ends at 2027-01-31T00:00:00Z"], principals.Endings(end - week, week));
        Assert.Equal(["a secret of the principal 'shop' has ended at 2027-01-31T00:00:00Z"], principals.Endings(end, week));
    }

    [Fact]
    public void A_framework_is_believed_only_where_it_is_named()
    {
        var principals = Principals.Parse(Teams);
        Assert.True(principals.Believes("marathon"));
        Assert.False(principals.Believes("other") || principals.Believes(null) || Principals.Anyone.Believes("marathon"));
        var all = Principals.Parse("""{"schedulers": ["*"], "credentials": [{"principal": "p", "secret": "s"}]}""");
        Assert.True(all.Believes("other") && all.Believes(null));
    }

    [Theory]
    [InlineData("\"groups\": {\"shop/**\": [\"view\"]}", "'shop/**' is no id of an app", "did you mean '/shop/**'?")]
    [InlineData("\"groups\": {\"/shop/\": [\"view\"]}", "'/shop/' is no id of an app", "did you mean '/shop/**'?")]
    [InlineData("\"groups\": {\"/\": [\"view\"]}", "'/' is no id of an app", "did you mean '/**'?")]
    [InlineData("\"groups\": {\"/shop//a\": [\"view\"]}", "'/shop//a' is no id of an app", "did you mean")]
    [InlineData("\"groups\": {\"/shop/***\": [\"view\"]}", "three stars", "")]
    [InlineData("\"groups\": {\"/shop/{a,b}\": [\"view\"]}", "holds '{'", "")]
    [InlineData("\"groups\": {\"/shop/**\": [\"deploi\"]}", "'deploi' must be view, logs, files, scale, deploy, exec",
        "did you mean 'deploy'?")]
    [InlineData("\"groups\": {\"/shop/**\": [7]}", "must be view, logs", "")]
    [InlineData("\"groups\": {\"/shop/**\": []}", "a list is needed of some of view, logs", "")]
    [InlineData("\"groups\": {\"/shop/**\": \"view\"}", "a list is needed", "")]
    [InlineData("\"groups\": {}", "an object is needed", "")]
    [InlineData("\"groups\": [\"/shop/**\"]", "an object is needed", "")]
    [InlineData("\"groups\": {\"/a\": [\"view\"], \"/a\": [\"exec\"]}", "'/a' is there twice", "")]
    [InlineData("\"group\": {\"/shop/**\": [\"view\"]}", "credentials[1].group: is not known", "did you mean 'groups'?")]
    [InlineData("\"permissions\": [\"operat\"]",
        "'operat' must be view, operate, exec, agent or impersonate", "did you mean 'operate'?")]
    [InlineData("\"permissions\": \"view\"", "credentials[1].permissions: a list of texts is needed", "")]
    [InlineData("\"until\": \"2027-01-31\"", "'2027-01-31' is no instant with its zone", "2027-01-31T00:00:00Z")]
    [InlineData("\"until\": \"2027-01-31T00:00:00\"", "is no instant with its zone", "")]
    [InlineData("\"until\": \"soon\"", "'soon' is no instant", "")]
    [InlineData("\"until\": 5", "credentials[1].until: a text is needed", "")]
    public void What_is_wrong_has_its_line_and_what_may_be_meant(string field, string problem, string hint)
    {
        var e = Assert.Throws<FormatException>(() => Principals.Parse($$"""
            {
              "credentials": [
                {"principal": "a", "secret": "b"},
                {
                  "principal": "shop", "secret": "hush",
                  {{field}}
                }
              ]
            }
            """));
        Assert.StartsWith("line 6: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(problem, e.Message, StringComparison.Ordinal);
        Assert.Contains(hint, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_is_cut_or_changed_is_read_or_refused_with_its_line()
    {
        var random = new Random(8);
        for (var i = 0; i < 5_000; i++)
        {
            var text = new StringBuilder(Teams);
            for (var n = random.Next(1, 4); n > 0; n--)
            {
                var at = random.Next(text.Length);
                if (random.Next(2) == 0) text.Remove(at, Math.Min(random.Next(1, 20), text.Length - at));
                else text.Insert(at, "{}[]\",:/*\\n"[random.Next(10)]);
            }

            try
            {
                Principals.Parse(text.ToString());
            }
            catch (FormatException e)
            {
                Assert.StartsWith("line ", e.Message, StringComparison.Ordinal);
                Assert.DoesNotContain("hush", e.Message, StringComparison.Ordinal);
            }
        }
    }

    private static string Basic(string pair) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(pair));
}
