using System.Text;
using System.Text.Json;
using CsCheck;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Protocol.Tests.Mesos;

public sealed class RecordIoTests
{
    [Fact]
    public void A_record_is_its_length_a_line_feed_and_its_bytes() =>
        Assert.Equal("5\nhello", Encoding.UTF8.GetString(RecordIo.Frame("hello"u8)));

    [Fact]
    public async Task Records_survive_any_split_of_the_stream()
    {
        await Gen.Select(Gen.String.Array[0, 5], Gen.Int[1, 7]).SampleAsync(async (messages, chunk) =>
        {
            var bytes = messages.SelectMany(message => RecordIo.Encode(Error(message), MesosJson.Default.SchedulerEvent))
                .ToArray();
            var read = await ReadAll(new Trickle(bytes, chunk));
            Assert.Equal(messages, read.Select(e => e.Error!.Message));
        }, iter: 200);
    }

    [Theory]
    [InlineData("x\n{}", "not a number")]
    [InlineData("-1\n{}", "not a number")]
    [InlineData("\n{}", "not a number")]
    [InlineData("5\n{}", "ended within a record")]
    [InlineData("123456789012345678901234", "too long")]
    [InlineData("99999\n", "over the limit")]
    public async Task A_broken_stream_is_named(string stream, string reason)
    {
        var thrown = await Assert.ThrowsAsync<InvalidDataException>(() =>
            ReadAll(new MemoryStream(Encoding.UTF8.GetBytes(stream))));
        Assert.Contains(reason, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_that_is_no_message_is_a_json_error() =>
        await Assert.ThrowsAsync<JsonException>(() => ReadAll(new MemoryStream("3\n[1]"u8.ToArray())));

    private static SchedulerEvent Error(string message) => new() { Type = EventType.Error, Error = new ErrorEvent(message) };

    private static async Task<List<SchedulerEvent>> ReadAll(Stream stream)
    {
        var all = new List<SchedulerEvent>();
        await foreach (var e in RecordIo.ReadAsync(stream, MesosJson.Default.SchedulerEvent, maxRecord: 10_000)) all.Add(e);
        return all;
    }

    /// <summary>Gives at most a few bytes at a time, as a network does.</summary>
    private sealed class Trickle(byte[] bytes, int chunk) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(chunk, buffer.Length)], cancellationToken);
    }
}
