using System.Text;
using LifecycleManager.Decisions.Policies.Reading;

namespace LifecycleManager.Decisions.Tests.Policies.Reading;

public sealed class YamlTreeTests
{
    [Fact]
    public void Nodes_have_their_places_and_aliases_are_what_they_stand_for()
    {
        var map = Assert.IsType<YamlMap>(Assert.Single(YamlTree.Read("a: &x [1, 2]\nb: *x\n")));
        Assert.Equal(["a", "b"], map.Entries.Select(entry => entry.Key.Value));
        Assert.Same(map.Entries[0].Value, map.Entries[1].Value);
        Assert.Equal((2, 1), ((int)map.Entries[1].Key.Start.Line, (int)map.Entries[1].Key.Start.Column));
    }

    [Fact]
    public void Aliases_of_aliases_do_not_grow_without_end()
    {
        var bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 12; i++)
            bomb.Append($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        var refused = Assert.Throws<YamlSyntaxException>(() => YamlTree.Read(bomb.ToString()));
        Assert.Equal("the file has more than 50000 values", refused.Message);
    }

    [Theory]
    [InlineData("a: *nobody", 1)]
    [InlineData("a: 1\n? [complex]\n: 2", 2)]
    [InlineData("a: 1\nb: 'open", 2)]
    public void What_is_not_understood_is_refused_at_its_line(string text, int line)
    {
        var refused = Assert.Throws<YamlSyntaxException>(() => YamlTree.Read(text));
        Assert.Equal(line, (int)refused.Mark.Line);
    }

    [Fact]
    public void Nesting_has_an_end()
    {
        var refused = Assert.Throws<YamlSyntaxException>(() => YamlTree.Read(new string('[', 100_000)));
        Assert.Equal("this nests deeper than 24", refused.Message);
    }
}
