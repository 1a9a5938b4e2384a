using LifecycleManager.Security.Admission;

namespace LifecycleManager.Security.Tests.Admission;

public sealed class AdmissionFileTests
{
    [Theory]
    [InlineData("", "it holds no rules")]
    [InlineData("[]", "it holds no rules")]
    [InlineData("rules: []", "rules: a list of 1 to 1000 rules is needed")]
    [InlineData("rules: [x]", "rules[0]: a rule is needed")]
    [InlineData("rule: [{ name: a }]", "rule: is not known; did you mean 'rules'?")]
    [InlineData("rules: [{ nam: a }]", "rules[0].nam: is not known; did you mean 'name'?")]
    [InlineData("rules: [{ level: baseline }]", "rules[0].name: a name of 1 to 100 characters is needed")]
    [InlineData("rules: [{ name: a }, { name: a }]", "rules[1].name: 'a' is the name of rules[0] already")]
    [InlineData("rules: [{ name: a, level: open }]", "rules[0].level: 'open' must be privileged, baseline or restricted")]
    [InlineData("rules: [{ name: a, level: privileged, volumes: [/srv] }]",
        "rules[0].volumes: the level 'privileged' admits everything")]
    [InlineData("rules: [{ name: a, apps: [shop] }]", "rules[0].apps: 'shop' must begin with a slash")]
    [InlineData("rules: [{ name: a, roles: [\"a*\"] }]", "rules[0].roles: 'a*' must be a role")]
    [InlineData("rules: [{ name: a, volumes: [srv] }]", "rules[0].volumes: 'srv' must be an absolute path")]
    [InlineData("rules: [{ name: a, privileged: 1 }]", "rules[0].privileged: true or false is needed")]
    [InlineData("rules: [{ name: a, images: busybox }]", "rules[0].images: a list of texts is needed")]
    [InlineData("rules: [{ name: a, users: [{}] }]", "rules[0].users[0]: a text is needed")]
    [InlineData("rules:\n  - name: [", "it is no YAML: line ")]
    [InlineData("{\"rules\": [{\"name\": \"a\", \"name\": \"b\"}]}", "it is no JSON: line ")]
    public void What_is_wrong_is_said_with_its_place(string text, string expected) =>
        Assert.StartsWith(expected, Assert.Throws<FormatException>(() => AdmissionRules.Parse(text)).Message);

    [Fact]
    public void The_readmes_example_does_what_it_says()
    {
        var rules = AdmissionRules.Parse(Example());
        var container = new AdmissionRequest
        {
            App = "/shop/web",
            IsContainer = true,
            Image = new Stated("/container/docker/image",
                "registry.example.com/shop/web:1"),
        };
        Assert.Empty(rules.Judge(container with
        {
            Volumes = [new StatedVolume("/v", "/srv/shop/data", false), new StatedVolume("/v", "/etc/ssl/certs", true)],
            Parameters = [new StatedParameter("/p", "cap-add", "NET_ADMIN"), new StatedParameter("/p", "device", "/dev/fuse")],
        }));
        Assert.Equal("shop", Assert.Single(rules.Judge(container with { Privileged = "/container/docker/privileged" })).Rule);
        Assert.Equal("shop", Assert.Single(rules.Judge(container with { Image = new Stated("/i", "nginx") })).Rule);
        Assert.Empty(rules.Judge(container with { App = "/infra/dns", Privileged = "/p", Image = new Stated("/i", "x") }));
        var other = container with { App = "/other", User = new Stated("/user", "1000"), HostNetwork = "/networks" };
        Assert.Empty(rules.Judge(other));
        Assert.Equal("everybody", Assert.Single(rules.Judge(other with { User = null })).Rule);
        Assert.True(rules.Believes("marathon"));
    }

    /// <summary>The block of the README that begins with the file's name.</summary>
    private static string Example()
    {
        var lines = File.ReadAllLines(Repository.Path("README.md"));
        var first = Array.FindIndex(lines, line => line.TrimStart() == "# admission.yml");
        Assert.True(first >= 0, "the README has no block that begins with '# admission.yml'");
        return string.Join('\n', lines[first..].TakeWhile(line => line.Length > 0));
    }
}
