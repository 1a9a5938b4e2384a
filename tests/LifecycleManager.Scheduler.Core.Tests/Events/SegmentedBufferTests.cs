using System.Buffers;
using LifecycleManager.Scheduler.Core.Events;

namespace LifecycleManager.Scheduler.Core.Tests.Events;

public sealed class SegmentedBufferTests
{
    [Fact]
    public void What_was_written_comes_back_in_pieces_of_the_ordinary_heap()
    {
        var random = new Random(1);
        var (buffer, written) = (new SegmentedBuffer(), new List<byte>());
        for (var i = 0; i < 500; i++)
        {
            var part = new byte[random.Next(0, 2_000)];
            random.NextBytes(part);
            buffer.Write(part);
            written.AddRange(part);
            Assert.Equal(written.Count, buffer.Length);
        }

        var pieces = buffer.Complete();
        Assert.Equal(written, pieces.SelectMany(piece => piece.ToArray()));
        Assert.All(pieces, piece => Assert.InRange(piece.Length, 1, 85_000));
    }

    [Fact]
    public void Room_larger_than_a_piece_is_given_in_one()
    {
        var buffer = new SegmentedBuffer();
        buffer.GetSpan(100_000)[..100_000].Fill(7);
        buffer.Advance(100_000);
        Assert.Equal(100_000, Assert.Single(buffer.Complete()).Length);
    }

    [Fact]
    public void Nothing_is_no_piece() => Assert.Empty(new SegmentedBuffer().Complete());
}
