using System.Text.Json;
using LifecycleManager.Console.Clients;

namespace LifecycleManager.Console.Tests.Clients;

public sealed class JsonPlacesTests
{
    private const string Text = """
        {
          "id": "/ä",
          "env": { "A/B": "x", "ä": "y", "C": "z" },
          "healthChecks": [
            { "protocol": "HTTP" },
            { "protocol": "TCP", "path": "/" }
          ]
        }
        """;

    [Theory]
    [InlineData("/id", 2, 3)]
    [InlineData("/env(C)", 3, 34)]
    [InlineData("/env/A~1B", 3, 12)]
    [InlineData("/healthChecks(1)/path", 6, 26)]
    [InlineData("/healthChecks/1", 6, 5)]
    [InlineData("/healthChecks(1)/none", 6, 5)]
    [InlineData("/healthChecks(7)/path", 4, 3)]
    [InlineData("/none", 1, 1)]
    [InlineData("/", 1, 1)]
    [InlineData("/id/deeper", 2, 3)]
    public void A_path_is_found_or_the_nearest_above_it(string path, int line, int column) =>
        Assert.Equal((line, column), JsonPlaces.Of(Text, JsonPlaces.Parts(path)));

    [Theory]
    [InlineData("{\n  'a': 1\n}", 2, 3)]
    [InlineData("[]", 1, 1)]
    [InlineData("{\"a\": 1, \"a\": 2}", 1, 1)]
    public void What_is_no_definition_is_refused_with_its_place(string text, int line, int column)
    {
        var problem = Assert.ThrowsAny<JsonException>(() => Definitions.Read(text));

        Assert.Equal(line, JsonPlaces.Of(problem).Line);
        Assert.True(JsonPlaces.Of(problem).Column >= column);
    }
}
