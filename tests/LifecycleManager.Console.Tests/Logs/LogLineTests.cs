using System.Text;
using LifecycleManager.Console.Logs;

namespace LifecycleManager.Console.Tests.Logs;

public sealed class LogLineTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a\tb", "a    b")]
    [InlineData("\u001b[1;31mred\u001b[0m!", "red!")]
    [InlineData("\u001b[31", "\uFFFD[31")]
    [InlineData("\u001b", "\uFFFD")]
    [InlineData("\u0000\u009b", "\uFFFD\uFFFD")]
    [InlineData("a\u202eb", "a\uFFFDb")]
    [InlineData("größe €", "größe €")]
    public void A_line_is_text_and_nothing_else(string line, string shown) =>
        Assert.Equal(shown, LogLine.Shown(Encoding.UTF8.GetBytes(line)));

    [Fact]
    public void Of_any_bytes_little_is_shown_and_how_much_there_is_is_told()
    {
        var random = new Random(1);
        for (var size = 1; size < 100_000; size *= 3)
        {
            var bytes = new byte[size];
            random.NextBytes(bytes);
            var shown = LogLine.Shown(bytes);
            Assert.True(shown.Length < LogLine.Longest + 100);
            Assert.DoesNotContain(shown, character => char.IsControl(character));
            if (size > LogLine.Longest * 4) Assert.Contains($"the line has {size} bytes", shown, StringComparison.Ordinal);
        }
    }
}
