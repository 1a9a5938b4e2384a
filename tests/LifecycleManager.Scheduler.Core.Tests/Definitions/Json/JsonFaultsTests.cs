using System.Text;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Json;

namespace LifecycleManager.Scheduler.Core.Tests.Definitions.Json;

/// <summary>What is no JSON is said in our words, with its place.</summary>
public sealed class JsonFaultsTests
{
    private const string Damage = "{}[]\",:\\1t\u0001n-eé/";

    // Words of the reader's own messages.
    private static readonly string[] Readers =
    [
        "LineNumber", "BytePosition", "Expected", "invalid start", "reader", "depth", "literal", "deserializ", "Duplicate",
    ];

    [Theory]
    [InlineData("", "it ends before it is complete (line 1, column 1)")]
    [InlineData("{", "it ends before it is complete (line 1, column 2)")]
    [InlineData("{\"id\":\n \"/a\",}", "'}' is not expected (line 2, column 7)")]
    [InlineData("{\"id\":'x'}", "''' is not expected (line 1, column 7)")]
    [InlineData("{\"id\":é}", "'é' is not expected (line 1, column 7)")]
    [InlineData("{\"id\":\"a\tb\"}", "the character U+0009 is not expected (line 1, column 9)")]
    [InlineData("{\"a\":1,\"b\":{\"c\":1,\n\"c\":2}}", "the field 'c' is there twice (line 2, column 1)")]
    [InlineData("{} {}", "'{' is not expected (line 1, column 4)")]
    [InlineData("{\"cpus\":01}", "'1' is not expected (line 1, column 10)")]
    [InlineData("// no\n{}", "'/' is not expected (line 1, column 1)")]
    public void A_fault_is_named_with_its_place(string body, string message) =>
        Assert.Equal(message, Assert.Throws<MalformedJsonException>(() => Read(body)).Message);

    [Fact]
    public void Too_many_levels_are_said() => Assert.Equal(
        "it has more than 64 levels (line 1, column 65)",
        Assert.Throws<MalformedJsonException>(() => Read(new string('[', 100))).Message);

    /// <summary>Damage at any place of a definition.</summary>
    [Fact]
    public void No_fault_is_told_in_the_readers_words()
    {
        const string Whole =
            """{"id":"/a","cmd":"x \"y\" é","instances":2,"env":{"A":"b"},"ports":[0,1.5e3],"requirePorts":true}""";
        var random = new Random(1);
        for (var round = 0; round < 4_000; round++)
        {
            var body = new StringBuilder(Whole);
            var at = random.Next(body.Length);
            if (random.Next(3) == 0) body.Length = at;
            else body[at] = Damage[random.Next(Damage.Length)];
            try
            {
                Read(body.ToString());
            }
            catch (MalformedJsonException e)
            {
                Assert.DoesNotContain(Readers, word => e.Message.Contains(word, StringComparison.Ordinal));
                Assert.Contains("(line ", e.Message, StringComparison.Ordinal);
            }
            catch (ChangeRefusedException)
            {
                // JSON, and no app.
            }
        }
    }

    private static void Read(string body) => WireJson.Read(Encoding.UTF8.GetBytes(body), MarathonJson.Default.App);
}
