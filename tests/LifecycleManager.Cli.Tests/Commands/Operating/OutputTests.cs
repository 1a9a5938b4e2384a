using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Definitions;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Runtime.Documents;

namespace LifecycleManager.Cli.Tests.Commands.Operating;

public sealed class OutputTests
{
    [Fact]
    public void A_pipe_gets_each_row_whole_and_without_colors()
    {
        var wide = new string('x', 500);
        var table = new Table("APP", "STATE", "WHY").Add("/a", "failed", wide).Add("/longer", null, "");
        Assert.Equal($"APP      STATE   WHY\n/a       failed  {wide}\n/longer  -       -\n", Written(table, isTerminal: false));
    }

    [Fact]
    public void A_terminal_gets_the_same_words_within_its_width()
    {
        var words = string.Join(' ', Enumerable.Repeat("word", 100));
        var lines = Written(new Table("APP", "WHY").Add("/a", words), isTerminal: true).Split('\n');
        Assert.All(lines, line => Assert.True(line.TrimEnd().Length <= 80, line));
        Assert.Equal(100, lines.Sum(line => line.Split("word").Length - 1));
    }

    [Fact]
    public void What_comes_from_outside_is_made_safe_in_every_format()
    {
        var evil = "\u001b]52;c;cm0=\u0007";
        var table = new Table("APP").Add(evil);
        Assert.DoesNotContain('\u001b', Written(table, isTerminal: false));
        Assert.DoesNotContain('\u0007', Written(table, isTerminal: true));
        foreach (var format in Enum.GetValues<OutputFormat>())
        {
            using var output = new StringWriter();
            new Printer(format, new Terminal(output, TextWriter.Null, false, false))
                .List(new JsonObject { ["app"] = evil + "\u009b" }, [evil], () => table);
            Assert.DoesNotContain(output.ToString(), c => char.IsControl(c) && c != '\n');
        }
    }

    [Theory]
    [InlineData("""{"a":"1","b":1,"c":"yes","d":null,"e":[],"f":{},"g":["x",{"h":true}],"j":" a: b # c","k":1.5}""")]
    [InlineData("""{"a":"~","b":"0x1f","c":"2026-11-24","d":"- x","e":"","f":"a\nb","g":"null","1":"é"}""")]
    public void Yaml_reads_back_as_what_was_written(string json)
    {
        using var output = new StringWriter();
        YamlText.Write(JsonNode.Parse(json), output);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), YamlJson.Read(output.ToString())), output.ToString());
    }

    private static string Written(Table table, bool isTerminal)
    {
        using var output = new StringWriter();
        new Terminal(output, TextWriter.Null, isTerminal, isColored: false).Write(table);
        return output.ToString().ReplaceLineEndings("\n");
    }
}
