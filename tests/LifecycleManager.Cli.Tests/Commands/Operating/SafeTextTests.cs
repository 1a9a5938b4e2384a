using System.Text;
using LifecycleManager.Cli.Commands.Operating.Output;

namespace LifecycleManager.Cli.Tests.Commands.Operating;

public sealed class SafeTextTests
{
    [Theory]
    [InlineData("plain, größer, 日本 🙂", "plain, größer, 日本 🙂")]
    [InlineData("\u001b[31mred\u001b[0m", "\\x1b[31mred\\x1b[0m")]
    [InlineData("\u001b]0;title\u0007", "\\x1b]0;title\\x07")]
    [InlineData("\u009b31m", "\\x9b31m")]
    [InlineData("a\r\nb\tc\u007f", "a\\r\\nb c\\x7f")]
    [InlineData("\u202egnp.exe", "\\u202egnp.exe")]
    [InlineData(null, "")]
    public void A_line_holds_nothing_that_a_terminal_acts_on(string? text, string safe) =>
        Assert.Equal(safe, SafeText.Line(text));

    [Fact]
    public void A_line_of_a_log_keeps_its_tabs_and_survives_bytes_that_are_no_text()
    {
        Assert.Equal("a\tb", SafeText.LogLine("a\tb"u8));
        Assert.Equal("\ufffd\\x1b[2J", SafeText.LogLine([0xff, 0x1b, .. "[2J"u8]));
        Assert.Equal("\\x00", SafeText.LogLine([0]));
    }

    [Fact]
    public void Every_character_below_a_space_and_of_C1_is_written_by_its_number()
    {
        var all = string.Concat(Enumerable.Range(0, 0x100).Select(code => (char)code));
        Assert.DoesNotContain(SafeText.Line(all), c => char.IsControl(c));
        Assert.DoesNotContain(SafeText.LogLine(Encoding.UTF8.GetBytes(all)), c => char.IsControl(c) && c != '\t');
    }
}
