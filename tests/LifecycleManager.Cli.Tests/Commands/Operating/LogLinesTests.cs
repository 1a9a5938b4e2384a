using System.Globalization;
using System.Text;
using LifecycleManager.Cli.Commands.Operating.Logs;
using LifecycleManager.Cli.Commands.Operating.Output;

namespace LifecycleManager.Cli.Tests.Commands.Operating;

public sealed class LogLinesTests
{
    [Theory]
    [InlineData("a\nb\n", "a|b")]
    [InlineData("a\r\n\r\nb", "a||b")]
    [InlineData("", "")]
    [InlineData("\n", "")]
    public void Bytes_become_lines_however_they_come(string text, string lines)
    {
        foreach (var size in (int[])[1, 2, 100])
        {
            var found = new List<string>();
            var splitter = new LineSplitter(line => found.Add(Encoding.UTF8.GetString(line)));
            foreach (var part in Encoding.UTF8.GetBytes(text).Chunk(size)) splitter.Add(part);
            splitter.End();
            Assert.Equal(lines, string.Join('|', found));
        }
    }

    [Fact]
    public void Of_two_gigabytes_with_a_line_of_fifty_megabytes_little_is_kept()
    {
        var (lines, longest, last) = (0L, 0, "");
        var splitter = new LineSplitter(line =>
        {
            lines++;
            longest = Math.Max(longest, line.Length);
            if (line.Length > LineSplitter.MaxLine) last = Encoding.UTF8.GetString(line[^40..]);
        });
        var block = new byte[1024 * 1024];
        Array.Fill(block, (byte)'x');
        for (var at = 1023; at < block.Length; at += 1024) block[at] = (byte)'\n';
        var wide = new byte[1024 * 1024];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1024; i++) splitter.Add(block);
        for (var i = 0; i < 50; i++) splitter.Add(wide);
        for (var i = 0; i < 1024; i++) splitter.Add(block);
        splitter.End();
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1024 * 1024, "memory grows with the log");
        Assert.Equal((2 * 1024 * 1024, true), (lines, longest < LineSplitter.MaxLine + 64));
        Assert.EndsWith($" ... ({50 * 1024 * 1024 - LineSplitter.MaxLine + 1023} bytes more)", last, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2026-11-24T19:00:00Z started", "2026-11-24T19:00:00Z")]
    [InlineData("2026-11-24 19:00:00,250 INFO x", "2026-11-24T19:00:00.25Z")]
    [InlineData("[2026-11-24T20:00:00+01:00] x", "2026-11-24T19:00:00Z")]
    [InlineData("2026/11/24 19:00:00 nginx", "2026-11-24T19:00:00Z")]
    [InlineData("""{"level":"info","time":"2026-11-24T19:00:00Z"}""", "2026-11-24T19:00:00Z")]
    [InlineData("""{"@timestamp": "2026-11-24T19:00:00Z"}""", "2026-11-24T19:00:00Z")]
    [InlineData("10.0.0.1 - - GET /", null)]
    [InlineData("1234567890 items", null)]
    [InlineData("plain", null)]
    [InlineData("{not json", null)]
    public void A_line_says_when_it_was_written(string line, string? at) =>
        Assert.Equal(at is null ? null : DateTimeOffset.Parse(at, CultureInfo.InvariantCulture), LogFilter.TimeOf(line));

    [Fact]
    public void Lines_since_a_time_bring_what_follows_them_and_match()
    {
        var filter = new LogFilter(DateTimeOffset.Parse("2026-11-24T19:00:00Z", CultureInfo.InvariantCulture),
            LogFilter.Pattern("at |boom"));
        string[] lines =
        [
            "2026-11-24T18:59:59Z boom", "  at old", "2026-11-24T19:00:01Z boom", "  at new", "2026-11-24T19:00:02Z quiet",
        ];
        Assert.Equal(["2026-11-24T19:00:01Z boom", "  at new"],
            lines.Where(line => filter.Lets(Encoding.UTF8.GetBytes(line))).ToList());
        Assert.True(filter.HasTimes);
    }

    [Fact]
    public void A_terminal_gets_no_escape_sequence_of_a_log()
    {
        using var output = new StringWriter();
        using (var sink = new LogSink(new Terminal(output, TextWriter.Null, isTerminal: true, isColored: true)))
            sink.Write("[a] ", "\u001b[2J\u0000binary\u009b"u8);
        Assert.Equal("[a] \\x1b[2J\\x00binary\\x9b", output.ToString().TrimEnd());
    }
}
