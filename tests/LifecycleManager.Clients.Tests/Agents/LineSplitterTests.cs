using System.Text;
using LifecycleManager.Clients.Agents;

namespace LifecycleManager.Clients.Tests.Agents;

public sealed class LineSplitterTests
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
}
