using System.Text.Json;
using LifecycleManager.Console.Clients;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Console.Tests.Clients;

public sealed class DefinitionsTests
{
    [Theory]
    [InlineData("a\nb\nc", "a\nb\nc", " a| b| c")]
    [InlineData("a\nb\nc", "a\nx\nc", " a|-b|+x| c")]
    [InlineData("a", "a\nb", " a|+b")]
    [InlineData("a\nb\na", "b\na\na", "-a| b|+a| a")]
    public void Lines_are_told_apart(string old, string @new, string expected) =>
        Assert.Equal(expected, string.Join('|', Definitions.Difference(old, @new).Select(line => $"{line.Side}{line.Line}")));

    [Fact]
    public void Texts_of_any_length_are_compared_within_bounds()
    {
        var (old, @new) = (Text("old"), Text("new"));

        var lines = Definitions.Difference($"same\n{old}", $"same\n{@new}");

        Assert.Equal(10_001, lines.Count);
        static string Text(string word) => string.Join('\n', Enumerable.Range(0, 5000).Select(i => $"{word} {i}"));
    }

    [Fact]
    public void What_variables_hold_is_covered_and_how_an_app_stands_is_no_part_of_its_definition()
    {
        var app = new App
        {
            Id = "/a",
            TasksRunning = 3,
            CountOwner = "policy a",
            Env = new Dictionary<string, JsonElement> { ["KEY"] = JsonSerializer.SerializeToElement("hush") },
        };

        Assert.DoesNotContain("hush", Definitions.Shown(app, covered: true), StringComparison.Ordinal);
        Assert.Contains("hush", Definitions.Shown(app, covered: false), StringComparison.Ordinal);
        Assert.DoesNotContain("policy a", Definitions.Shown(app, covered: false), StringComparison.Ordinal);
        Assert.DoesNotContain("hush", string.Join("", Definitions.Difference(app with { Env = null }, app, covered: true)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_two_people_made_of_one_definition_is_in_one_and_what_both_touched_is_told()
    {
        var read = Read("""{"cmd": "a", "mem": 1, "env": {"K": "1"}, "user": "u"}""");
        var theirs = Read("""{"cmd": "theirs", "mem": 2, "env": {"K": "1"}, "disk": 5}""");
        var mine = Read("""{"cmd": "a", "mem": 3, "env": {"K": "2"}, "user": "u"}""");

        var (merged, both) = Definitions.Merge(read, theirs, mine);

        Assert.Equal("mem", Assert.Single(both));
        Assert.Equal(["cmd", "disk", "env", "mem"], merged.Select(field => field.Key).Order());
        Assert.Equal(("theirs", 3, "2", 5),
            ((string)merged["cmd"]!, (int)merged["mem"]!, (string)merged["env"]!["K"]!, (int)merged["disk"]!));
        Assert.Empty(Definitions.Merge(read, mine, mine).Both);
    }

    [Fact]
    public void An_order_is_no_difference_and_what_the_scheduler_adds_at_any_depth_is_no_part_of_what_is_written()
    {
        var old = Definitions.Bare(Read("""
            {"id": "/g", "version": "v",
             "apps": [{"id": "/g/a", "version": "v", "tasksRunning": 1, "cmd": "x", "mem": 1, "args": null}],
             "groups": [{"id": "/g/h", "version": "v", "pods": [{"id": "/g/h/p", "version": "v"}]}]}
            """));
        var @new = Read("""
            {"groups": [{"pods": [{"id": "/g/h/p"}], "id": "/g/h"}], "apps": [{"mem": 1, "id": "/g/a", "cmd": "x"}], "id": "/g"}
            """);

        Assert.All(Definitions.Difference(old, @new, covered: false), line => Assert.Equal(' ', line.Side));
        Assert.Empty(Definitions.Changed(old, @new));
    }

    [Fact]
    public void Variables_are_covered_at_any_depth()
    {
        var old = Read(Holding("hush-1"));
        var @new = Read(Holding("hush-3"));

        var text = string.Join('\n', Definitions.Difference(old, @new, covered: true));

        Assert.DoesNotContain("hush", text, StringComparison.Ordinal);
        Assert.Contains("another value", text, StringComparison.Ordinal);

        static string Holding(string value) => """
            {"apps": [{"env": {"K": "VALUE"}}], "containers": [{"environment": {"K": "hush-2", "S": {"secret": "s"}}}]}
            """.Replace("VALUE", value, StringComparison.Ordinal);
    }

    private static System.Text.Json.Nodes.JsonObject Read(string text) => Definitions.Read(text);
}
