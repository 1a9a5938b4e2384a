using System.Text;
using LifecycleManager.Console.Terminals;

namespace LifecycleManager.Console.Tests.Terminals;

/// <summary>What programs write to a terminal, and what its screen then shows.</summary>
public sealed class TerminalParserTests
{
    [Theory]
    [InlineData("ab\r\ncd", "ab|cd")]
    [InlineData("abc\b\bX", "aXc")]
    [InlineData("a\tb", "a       b")]
    [InlineData("0123456789x", "0123456789|x")]
    [InlineData("0123456789\r\nx", "0123456789|x")]
    [InlineData("1\r\n2\r\n3\r\n4\r\n5", "2|3|4|5")]
    [InlineData("abcdef\u001b[3D\u001b[K", "abc")]
    [InlineData("abcdef\u001b[3D\u001b[1K", "    ef")]
    [InlineData("abcdef\r\u001b[2P", "cdef")]
    [InlineData("abcdef\r\u001b[2@", "  abcdef")]
    [InlineData("a\r\nb\u001b[2J\u001b[Hc", "c")]
    [InlineData("a\r\nb\r\nc\u001b[1;1H\u001b[L", "|a|b|c")]
    [InlineData("a\r\nb\r\nc\u001b[1;1H\u001b[M", "b|c")]
    [InlineData("\u001b[2;3r\u001b[2;1Ha\r\nb\r\nc\u001b[r", "|b|c")]
    [InlineData("\u001b]0;a title\u0007x", "x")]
    [InlineData("\u001b]0;a title\u001b\\x", "x")]
    [InlineData("\u001b(Bx\u001b=y", "xy")]
    [InlineData("a\u001b7\u001b[3;3Hb\u001b8c", "ac||  b")]
    [InlineData("main\u001b[?1049h\u001b[Hother\u001b[?1049l!", "main!")]
    [InlineData("a\u001b[38;5;200mb\u001b[38;2;1;2;3mc\u001b[999zd", "abcd")]
    [InlineData("größe", "größe")]
    [InlineData("a\u202eb\u0001c", "a\uFFFDbc")]
    public void A_screen_shows_what_is_written_in_whatever_parts_it_comes(string written, string shown)
    {
        foreach (var size in (int[])[1, 3, 1000])
        {
            var screen = new TerminalScreen(4, 10);
            var parser = new TerminalParser(screen);
            foreach (var part in Encoding.UTF8.GetBytes(written).Chunk(size)) parser.Take(part);
            Assert.Equal(shown, string.Join('|', screen.Lines.Select(line => line.Text)).TrimEnd('|'));
        }
    }

    [Fact]
    public void Styles_are_shown_and_end()
    {
        var screen = new TerminalScreen(4, 40);
        new TerminalParser(screen).Take("a\u001b[1;31mb\u001b[0;7mc\u001b[m\u001b[97;104md\u001b[39;49me"u8);
        var styles = screen.Lines[0].Parts(-1).Select(part => (part.Text, part.Style)).ToList();

        Assert.Equal(
            [("a", default), ("b", new(Front: 1, IsBold: true)), ("c", new(IsInverse: true)), ("d", new(15, 12)), ("e", default)],
            styles);
    }

    [Fact]
    public void Whatever_is_written_the_cursor_stays_on_the_screen_and_memory_is_bounded()
    {
        var random = new Random(7);
        byte[] often = [0x1b, (byte)'[', (byte)';', (byte)'9', (byte)'H', (byte)'L', (byte)'M', (byte)'P', (byte)'@', (byte)'\n',
            (byte)'r', (byte)'?', (byte)'h', (byte)'l', (byte)'1', (byte)'0', (byte)'4', (byte)'S', (byte)'T', (byte)'x'];
        var screen = new TerminalScreen(24, 80);
        var parser = new TerminalParser(screen);
        for (var round = 0; round < 3_000; round++)
        {
            var bytes = new byte[random.Next(1, 60)];
            for (var i = 0; i < bytes.Length; i++)
                bytes[i] = random.Next(4) == 0 ? (byte)random.Next(256) : often[random.Next(often.Length)];
            parser.Take(bytes);
            if (round % 10 == 0) screen.Resize(random.Next(0, 300), random.Next(0, 500));
            Assert.InRange(screen.Row, 0, screen.Rows - 1);
            Assert.InRange(screen.Column, 0, screen.Columns - 1);
            Assert.Equal(screen.Rows, screen.Lines.Count);
            Assert.All(screen.Lines, line => Assert.Equal(screen.Columns, line.Columns));
            Assert.InRange(screen.Kept.Count, 0, TerminalScreen.MostKept);
        }
    }
}
