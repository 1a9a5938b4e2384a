using LifecycleManager.Console.Logs;

namespace LifecycleManager.Console.Tests.Logs;

public sealed class LogBufferTests
{
    [Fact]
    public void The_last_lines_are_held_however_many_there_are_and_however_long()
    {
        var buffer = new LogBuffer();
        for (var i = 0; i < LogBuffer.MostLines * 3; i++) buffer.Add("a", LogKind.Out, $"{i}");
        var lines = buffer.Read("");
        Assert.Equal((LogBuffer.MostLines, $"{LogBuffer.MostLines * 3 - 1}"), (lines.Count, lines[^1].Text));
        Assert.Equal(LogBuffer.MostLines * 2, buffer.Gone);

        for (var i = 0; i < LogBuffer.MostLines; i++) buffer.Add("a", LogKind.Error, new string('x', LogLine.Longest));
        Assert.True(buffer.Read("").Sum(line => line.Text.Length) <= LogBuffer.MostCharacters);
    }

    [Fact]
    public void Lines_are_found_by_a_text_of_any_case_and_words_of_the_pages_own_stay()
    {
        var buffer = new LogBuffer();
        buffer.Add("a", LogKind.Out, "An ERROR");
        buffer.Add("a", LogKind.Out, "fine");
        buffer.Add("a", LogKind.Note, "it has ended");

        Assert.Equal(["An ERROR", "it has ended"], buffer.Read("error").Select(line => line.Text));
        buffer.Clear();
        Assert.Equal((0, 0L, 0L), (buffer.Read("").Count, buffer.Count, buffer.Gone));
    }
}
