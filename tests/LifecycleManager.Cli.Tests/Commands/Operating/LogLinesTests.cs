using System.Globalization;
using System.Text;
using LifecycleManager.Cli.Commands.Operating.Logs;
using LifecycleManager.Cli.Commands.Operating.Output;

namespace LifecycleManager.Cli.Tests.Commands.Operating;

public sealed class LogLinesTests
{
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
