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
}
