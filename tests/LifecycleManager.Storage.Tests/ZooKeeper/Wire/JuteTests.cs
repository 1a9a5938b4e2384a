using System.Buffers.Binary;
using LifecycleManager.Storage.ZooKeeper.Wire;

namespace LifecycleManager.Storage.Tests.ZooKeeper.Wire;

public sealed class JuteTests
{
    [Fact]
    public void What_is_written_is_read_and_nothing_is_left()
    {
        var frame = new JuteWriter().Int(-7).Long(long.MinValue).Bool(true).Bytes([1, 2, 3]).Text("/lcm/\u00fc").Int(2)
            .Text("a").Text("").ToFrame();
        Assert.Equal(frame.Length - 4, BinaryPrimitives.ReadInt32BigEndian(frame));
        var reader = new JuteReader(frame.AsMemory(4));
        Assert.Equal((-7, long.MinValue, true), (reader.Int(), reader.Long(), reader.Bool()));
        Assert.Equal([1, 2, 3], reader.Bytes());
        Assert.Equal("/lcm/\u00fc", reader.Text());
        Assert.Equal(["a", ""], reader.Texts());
        Assert.True(reader.AtEnd);
    }

    [Fact]
    public void A_buffer_and_a_text_that_are_null_are_empty()
    {
        var reader = new JuteReader(new JuteWriter().Int(-1).Int(-1).Int(-1).Written.ToArray());
        Assert.Empty(reader.Bytes());
        Assert.Equal("", reader.Text());
        Assert.Empty(reader.Texts());
    }

    [Fact]
    public void A_record_that_is_cut_anywhere_or_lies_about_a_length_is_refused()
    {
        var whole = new JuteWriter().Long(1).Text("text").Int(3).Text("a").Text("b").Text("c").Written.ToArray();
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => Read(whole.AsMemory(0, length)));
        }

        foreach (var false_ in new[] { int.MaxValue, int.MinValue, whole.Length })
        {
            Assert.Throws<InvalidDataException>(() => new JuteReader(new JuteWriter().Int(false_).Written.ToArray()).Bytes());
        }

        Assert.Throws<InvalidDataException>(
            () => new JuteReader(new JuteWriter().Int(int.MaxValue).Int(0).Written.ToArray()).Texts());
        Read(whole);

        static void Read(ReadOnlyMemory<byte> record)
        {
            var reader = new JuteReader(record);
            reader.Long();
            reader.Text();
            reader.Texts();
        }
    }
}
