using System.Text;
using CsCheck;
using LifecycleManager.Agent.Containerizers.Docker;

namespace LifecycleManager.Agent.Tests.Containerizers.Docker;

public sealed class TimestampedOutputTests
{
    private const string First = "2026-11-24T18:47:06.100000000Z";

    [Fact]
    public void Time_stamps_go_and_lines_stay_however_the_stream_is_cut()
    {
        var line = Gen.Frequency((5, Gen.String[Gen.Char['a', 'z'], 0, 40]), (1, Gen.Const(new string('x', 16384))),
            (1, Gen.Const("")));
        Gen.Select(line.Array[0, 12], Gen.Int[1, 5000]).Sample((lines, cut) =>
        {
            var stream = new StringBuilder();
            var expected = new StringBuilder();
            for (var i = 0; i < lines.Length; i++)
            {
                var stamp = $"2026-11-24T18:47:06.{i:D3}Z ";
                stream.Append(stamp).Append(lines[i]);
                // The engine's buffer is full before it has seen the line's end.
                if (lines[i].Length == 16384) stream.Append(stamp);
                stream.Append('\n');
                expected.Append(lines[i]).Append('\n');
            }

            Assert.Equal(expected.ToString(), Take(new TimestampedOutput(null), Encoding.ASCII.GetBytes(stream.ToString()), cut));
        }, iter: 300);
    }

    [Fact]
    public void Each_part_of_a_long_line_has_a_time_stamp_that_goes_too()
    {
        var part = new string('y', 16384);
        var stream = $"{First} {part}{First} {part}{First} end\n2026-11-24T18:47:07Z next\n";

        Assert.Equal(part + part + "end\nnext\n", Take(new TimestampedOutput(null), Encoding.ASCII.GetBytes(stream), 1000));
    }

    [Fact]
    public void What_was_copied_before_is_not_copied_again()
    {
        var output = new TimestampedOutput("2026-11-24T18:47:06.2Z");
        var stream =
            "2026-11-24T18:47:06.19Z a\n2026-11-24T18:47:06.200000000Z b\n2026-11-24T18:47:06.200000001Z c\n2026-11-24T18:47:07Z d\n";

        Assert.Equal("c\nd\n", Take(output, Encoding.ASCII.GetBytes(stream), 10));
        Assert.Equal("2026-11-24T18:47:07Z", output.Time);
        Assert.True(output.AtLineStart);
    }

    [Fact]
    public void A_stream_without_time_stamps_is_copied_as_it_is() =>
        Assert.Equal("plain text, quite long enough to be no time stamp at all\nand more\n",
            Take(new TimestampedOutput(null), "plain text, quite long enough to be no time stamp at all\nand more\n"u8.ToArray(),
                7));

    private static string Take(TimestampedOutput output, byte[] stream, int cut)
    {
        using var to = new MemoryStream();
        foreach (var chunk in stream.Chunk(cut)) output.Take(chunk, to);
        return Encoding.ASCII.GetString(to.ToArray());
    }
}
