using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Definitions;

namespace LifecycleManager.Cli.Tests.Commands.Operating;

/// <summary>What authors of definitions send, and what it would change.</summary>
public sealed class DefinitionTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-definitions-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("", "is empty")]
    [InlineData(" \n ", "is empty")]
    [InlineData("{\n  \"id\": \"/a\",\n  \"cpus\": ,\n}", ":3:11: it is no JSON")]
    [InlineData("{\"id\":\"/a\",\"id\":\"/b\"}", "it is no JSON")]
    [InlineData("id: [a", "it is no YAML")]
    [InlineData("a: &x [1]\nb: *x\n", "an alias stands here")]
    [InlineData("id: /a\nid: /b\n", "'id' is there twice")]
    [InlineData("just a text", "holds no definition")]
    [InlineData("id: a\n---\nid: b\n", "a second document")]
    [InlineData("[]", "lists no apps")]
    [InlineData("[1]", "no app")]
    [InlineData("cmd: sleep", "no id")]
    [InlineData("id: ..%2f", "is no id")]
    [InlineData("id: 5", "no id")]
    [InlineData("[{\"id\":\"/a\"},{\"id\":\"a\"}]", "/a is there twice")]
    [InlineData("id: /p\ncontainers: []", "lcm pod deploy")]
    [InlineData("id: /g\napps: []", "lcm group deploy")]
    public async Task A_wrong_file_is_one_line_that_names_it(string text, string says)
    {
        var file = Path.Combine(_directory, "app.yml");
        await File.WriteAllTextAsync(file, text);
        await using var scheduler = await Answering.StartAsync(_ => (404, "{}"));
        var run = await Lcm.RunAsync("app", "diff", file, "--scheduler", scheduler.Address.ToString());
        Assert.True(run.Code == 1, $"{run.Code} {run.Error} {run.Output}");
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.Trim().Split('\n'));
    }

    [Fact]
    public async Task Neither_a_directory_nor_what_is_missing_or_binary_or_huge_is_a_definition()
    {
        async Task<string> ErrorAsync(string path)
        {
            var run = await Lcm.RunAsync("app", "deploy", path, "--scheduler", "http://127.0.0.1:9");
            Assert.Equal(1, run.Code);
            return run.Error;
        }

        Assert.Contains("is a directory", await ErrorAsync(_directory), StringComparison.Ordinal);
        Assert.Contains("cannot be read", await ErrorAsync(Path.Combine(_directory, "none")), StringComparison.Ordinal);
        var file = Path.Combine(_directory, "binary");
        await File.WriteAllBytesAsync(file, [0xff, 0xfe, 0x00, 0x80]);
        Assert.Contains("no text in UTF-8", await ErrorAsync(file), StringComparison.Ordinal);
        await using (var huge = File.Create(file)) huge.SetLength(DefinitionFile.MaxBytes + 1L);
        Assert.Contains("larger than 16 MB", await ErrorAsync(file), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_definition_of_a_megabyte_is_sent_as_it_is()
    {
        var file = Path.Combine(_directory, "large.json");
        var text = new string('x', 1_000_000);
        await File.WriteAllTextAsync(
            file, new JsonObject { ["id"] = "/a", ["env"] = new JsonObject { ["A"] = text } }.ToJsonString());
        long sent = 0;
        await using var scheduler = await Answering.OfCallsAsync(call =>
        {
            if (call.Request.HttpMethod != "PUT") return (404, "{}");
            sent = call.Request.ContentLength64;
            return (200, """{"version":"v","deploymentId":"d"}""");
        });
        var run = await Lcm.RunAsync("app", "deploy", file, "--no-wait", "--scheduler", scheduler.Address.ToString());
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.InRange(sent, 1_000_000, 1_100_000);
    }

    [Theory]
    [InlineData("""{"cpus":1,"env":{"A":"1","B":"2"}}""", """{"cpus":1.0,"env":{"A":"1"}}""", "- env.B: \"2\"")]
    [InlineData("""{"cpus":1}""", """{"cpus":2,"mem":5}""", "~ cpus: 1 -> 2|+ mem: 5")]
    [InlineData("""{"instances":3,"cmd":"a"}""", """{"instances":3}""", "")]
    [InlineData("""{"healthChecks":[{"protocol":"HTTP","path":"/","gracePeriodSeconds":300,"intervalSeconds":60}]}""",
        """{"healthChecks":[{"protocol":"HTTP","intervalSeconds":5}]}""", "~ healthChecks[0].intervalSeconds: 60 -> 5")]
    [InlineData("""{"container":{"type":"DOCKER","docker":{"image":"a:1","privileged":true,"parameters":[]}}}""",
        """{"container":{"docker":{"image":"a:2"}}}""",
        "~ container.docker.image: \"a:1\" -> \"a:2\"|- container.docker.privileged: true")]
    [InlineData("""{"constraints":[["hostname","UNIQUE"]]}""", """{"constraints":[]}""",
        "~ constraints: [[\"hostname\",\"UNIQUE\"]] -> []")]
    [InlineData("""{"id":"/a","version":"1","tasksRunning":3}""", """{"id":"/a","version":"2","tasksRunning":0}""", "")]
    public void What_a_definition_changes_is_told_field_by_field(string current, string wanted, string changes)
    {
        var found = DefinitionDiff.Of((JsonObject)JsonNode.Parse(current)!, (JsonObject)JsonNode.Parse(wanted)!);
        Assert.Equal(changes, string.Join('|', found.Select(change => $"{change.Sign} {change.Text}")));
    }

    [Fact]
    public void A_version_that_comes_back_takes_away_what_it_has_not()
    {
        var changes = DefinitionDiff.Of((JsonObject)JsonNode.Parse("""{"cmd":"b","args":[],"user":"x"}""")!,
            (JsonObject)JsonNode.Parse("""{"cmd":"a"}""")!, isWhole: true);
        Assert.Equal(["~ cmd: \"b\" -> \"a\"", "- user: \"x\""], changes.Select(change => $"{change.Sign} {change.Text}"));
    }
}
