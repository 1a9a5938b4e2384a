using System.CommandLine;
using System.Net;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Security.Admission;
using Microsoft.Extensions.Configuration;

namespace LifecycleManager.Cli.Tests.Commands;

public sealed class AdmissionCommandTests : IDisposable
{
    private const string App = """
        {"id": "/shop/web", "container": {"type": "DOCKER", "docker": {"image": "nginx", "privileged": true}}}
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-admission-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task What_would_be_refused_is_told_beforehand()
    {
        var rules = Write("admission.yml",
            "rules: [{ name: shop, apps: [/shop/**], images: [registry.example.com/**] }, { name: rest }]");
        var ran = await Lcm.RunAsync("admission", "check", rules, Write("web.json", App));
        Assert.Equal((ExitStatus.Found, ""), (ran.Code, ran.Error));
        Assert.Equal(
            [
                "/shop/web /container/docker/privileged: the admission rule 'shop' does not admit privileged containers",
                "/shop/web /container/docker/image: the admission rule 'shop' does not admit the image 'nginx'",
            ],
            ran.Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        var fine = await Lcm.RunAsync("admission", "check", rules, Write("b.yml", "id: /other\ncmd: run\n"));
        Assert.Equal((ExitStatus.Success, "/other: admitted"), (fine.Code, fine.Output.Trim()));
    }

    [Theory]
    [InlineData("""{"id": "/shop", "groups": [{"id": "a", "apps": [{"id": "b", "cmd": "x", "user": "root"}]}]}""",
        "/shop/a/b /groups(0)/apps(0)/user: ")]
    [InlineData("""[{"id": "/a", "cmd": "x"}, {"id": "/b", "cmd": "x", "user": "root"}]""", "/b (1)/user: ")]
    [InlineData("""{"id": "/p", "containers": [{"name": "c", "exec": {"command": {"shell": "x"}}, "user": "root"}]}""",
        "/p /containers(0)/user: ")]
    public async Task Groups_pods_and_lists_are_looked_at(string definition, string expected)
    {
        var ran = await Lcm.RunAsync("admission", "check", "default", Write("d.json", definition));
        Assert.Equal((ExitStatus.Found, ""), (ran.Code, ran.Error));
        Assert.Contains(expected + "the admission rule 'default' does not admit processes of 'root'", ran.Output,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rules: [{ nam: x }]", App, "rules[0].nam: is not known; did you mean 'name'?")]
    [InlineData("rules: [{ name: x }]", """{"id": "/a", "cmdd": "x"}""", "/cmdd")]
    [InlineData("rules: [{ name: x }]", "", "is empty")]
    public async Task What_cannot_be_read_is_one_line(string rules, string definition, string expected)
    {
        var ran = await Lcm.RunAsync("admission", "check", Write("admission.yml", rules), Write("web.json", definition));
        Assert.Equal(ExitStatus.Failure, ran.Code);
        Assert.Contains(expected, Assert.Single(ran.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1", "http://127.0.0.1:5050", false)]
    [InlineData("::1", "http://localhost:5050", false)]
    [InlineData("0.0.0.0", "http://127.0.0.1:5050", true)]
    [InlineData("192.0.2.1", "http://127.0.0.1:5050", true)]
    [InlineData("127.0.0.1", "http://m1:5050", true)]
    public void Beyond_loopback_nothing_that_gives_root_is_admitted_where_there_is_no_file(string listen, string master,
        bool isLimited)
    {
        var control = Control([], IPAddress.Parse(listen), new Uri(master));
        Assert.Same(isLimited ? AdmissionRules.Default : AdmissionRules.Open, control.Rules);
        Assert.False(control.File is not null);
        var file = Write("admission.yml", "rules: [{ name: x }]");
        Assert.True(Control(["--admission", file], IPAddress.Parse(listen), new Uri(master)).File is not null);
    }

    [Theory]
    [InlineData("scheduler")]
    [InlineData("agent")]
    [InlineData("up")]
    public async Task A_bad_file_is_an_error_at_the_start(string command)
    {
        var ran = await Lcm.RunAsync(command, "--admission", Write("admission.yml", "rules: []"), "--work-dir", _directory);
        Assert.Equal(ExitStatus.Failure, ran.Code);
        Assert.Contains("rules: a list of 1 to 1000 rules is needed", ran.Error, StringComparison.Ordinal);
    }

    private static AdmissionControl Control(string[] arguments, IPAddress listen, Uri master)
    {
        var command = new Command("role");
        var admission = new AdmissionSettings(command, new Settings(new ConfigurationBuilder().Build()));
        return admission.Control(command.Parse(arguments), listen, [master]);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, text);
        return path;
    }
}
