using System.Text;

namespace LifecycleManager.Security.Tests;

public sealed class PrincipalsTests
{
    private static readonly Principals Some = Principals.Parse("""
        {"credentials": [
          {"principal": "mesos", "secret": "as in Mesos"},
          {"principal": "ops", "secret": "o", "permissions": ["operate"]},
          {"principal": "prometheus", "secret": "p", "permissions": ["view"]},
          {"principal": "marathon", "secret": "old", "roles": ["web", "team/*"]},
          {"principal": "marathon", "secret": "new:er", "roles": ["web", "team/*"]},
          {"principal": "*.agents.example.org", "permissions": ["agent"]},
          {"principal": "root-ca-admin", "permissions": ["operate"]}
        ]}
        """);

    [Fact]
    public void Who_has_neither_permissions_nor_roles_may_do_everything()
    {
        var mesos = Some.Authenticate(Basic("mesos:as in Mesos"), null)!;
        Assert.True(mesos.May(Permission.Operate | Permission.View | Permission.Agent | Permission.Exec));
        Assert.True(mesos.MayRunAs("*") && mesos.MayRunAs("anything"));
    }

    [Fact]
    public void Who_operates_also_views_and_nothing_else()
    {
        var ops = Some.Authenticate(Basic("ops:o"), null)!;
        Assert.True(ops.May(Permission.Operate) && ops.May(Permission.View));
        Assert.False(ops.May(Permission.Agent) || ops.May(Permission.Exec) || ops.MayRunAs("web"));
        var prometheus = Some.Authenticate(Basic("prometheus:p"), null)!;
        Assert.True(prometheus.May(Permission.View));
        Assert.False(prometheus.May(Permission.Operate));
    }

    [Theory]
    [InlineData("web", true)]
    [InlineData("team/a", true)]
    [InlineData("team/a/b", true)]
    [InlineData("team", false)]
    [InlineData("teams/a", false)]
    [InlineData("*", false)]
    [InlineData("Web", false)]
    public void Roles_are_exact_or_all_below_one(string role, bool may) =>
        Assert.Equal(may, Some.Authenticate(Basic("marathon:old"), null)!.MayRunAs(role));

    [Fact]
    public void Two_secrets_of_one_principal_are_both_valid()
    {
        Assert.NotNull(Some.Authenticate(Basic("marathon:old"), null));
        Assert.NotNull(Some.Authenticate(Basic("marathon:new:er"), null));
    }

    [Theory]
    [InlineData("Basic")]
    [InlineData("Basic !!!")]
    [InlineData("Bearer abc")]
    [InlineData("Basic bm9jb2xvbg==")]
    public void What_is_no_basic_authentication_is_nobody(string header) => Assert.Null(Some.Authenticate(header, null));

    [Theory]
    [InlineData("ops:")]
    [InlineData("ops:O")]
    [InlineData("ops:oo")]
    [InlineData("nobody:o")]
    [InlineData("*.agents.example.org:")]
    public void A_wrong_secret_is_nobody(string pair) => Assert.Null(Some.Authenticate(Basic(pair), null));

    [Fact]
    public void An_endless_header_is_nobody() => Assert.Null(Some.Authenticate("Basic " + new string('A', 100_000), null));

    [Fact]
    public void Who_may_run_commands_says_so_and_may_also_view()
    {
        var some = Principals.Parse("""{"credentials": [{"principal": "p", "secret": "s", "permissions": ["exec"]}]}""");
        var shell = some.Authenticate(Basic("p:s"), null)!;
        Assert.True(shell.May(Permission.Exec) && shell.May(Permission.View));
        Assert.False(shell.May(Permission.Operate) || shell.May(Permission.Agent));
    }

    [Fact]
    public void A_certificate_is_its_common_name()
    {
        var node = Some.Authenticate(null, "node7.agents.example.org")!;
        Assert.Equal("node7.agents.example.org", node.Name);
        Assert.True(node.May(Permission.Agent));
        Assert.True(Some.Authenticate("", "root-ca-admin")!.May(Permission.Operate));
        Assert.Null(Some.Authenticate(null, "agents.example.org"));
        // A principal with a secret is not to be had with a certificate of its name.
        Assert.Null(Some.Authenticate(null, "ops"));
        // Who sends a wrong secret is not let in by his certificate.
        Assert.Null(Some.Authenticate(Basic("ops:wrong"), "root-ca-admin"));
    }

    [Theory]
    [InlineData("""{"credentials": []}""", "credentials: at least one")]
    [InlineData("""{}""", "credentials: at least one")]
    [InlineData("""null""", "credentials: at least one")]
    [InlineData("""{"credentials": [{"secret": "hush"}]}""", "credentials[0].principal: is missing")]
    [InlineData("""{"credentials": [null]}""", "credentials[0].principal: is missing")]
    [InlineData("""{"credentials": [{"principal": "a:b", "secret": "hush"}]}""", "holds a colon")]
    [InlineData("""{"credentials": [{"principal": "a", "secret": ""}]}""", "credentials[0].secret: is empty")]
    [InlineData("""{"credentials": [{"principal": "a", "secret": "hush", "permissions": ["root"]}]}""",
        "'root' must be view, operate, exec, agent or impersonate")]
    [InlineData("""{"credentials": [{"principal": "a", "secret": "hush", "roles": ["w*"]}]}""", "'w*' must be a role")]
    [InlineData("""{"credentials": [{"principal": "a", "secret": "hush", "role": "web"}]}""", "line 1")]
    [InlineData("""{"credentials": [{"principal": "a*b"}]}""", "neither a name nor a pattern")]
    [InlineData("""{"credentials": [{"principal": "a", "secret": "hush" """, "line 1")]
    [InlineData("""{"credentials": [{"principal": "a", "secret": ["hush"]}]}""", "line 1")]
    public void A_bad_file_says_what_is_wrong_and_no_secret(string text, string expected)
    {
        var e = Assert.Throws<FormatException>(() => Principals.Parse(text));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_credential_shows_no_secret_and_is_what_the_server_reads()
    {
        var credential = new Credential("ops", "o");
        Assert.DoesNotContain(":o", $"{credential}", StringComparison.Ordinal);
        Assert.Equal("ops", Some.Authenticate(credential.Header.ToString(), null)!.Name);
    }

    private static string Basic(string pair) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(pair));
}
