using LifecycleManager.Cli.Hosting;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>The web servers' buffers are used again while there is work, and let go of after it.</summary>
public sealed class ServerBuffersTests : IDisposable
{
    private readonly ServerBuffers _buffers = new();

    public void Dispose() => _buffers.Dispose();

    [Fact]
    public void A_burst_is_served_from_what_was_returned_and_given_back_when_it_is_over()
    {
        var burst = Enumerable.Range(0, 1_000).Select(_ => _buffers.Rent(4096)).ToList();
        Assert.Equal(1_000, burst.Select(block => block.Memory).Distinct().Count());
        Assert.Equal(0, _buffers.Free);

        var first = burst[0].Memory;
        foreach (var block in burst) block.Dispose();
        Assert.Equal(1_000, _buffers.Free);

        using var again = _buffers.Rent();
        Assert.Equal(first, again.Memory);
        _buffers.Trim();
        Assert.Equal(0, _buffers.Free);
    }

    [Fact]
    public void What_is_in_use_outlives_a_trim_and_a_server_that_ends()
    {
        var mine = _buffers.Rent();
        mine.Memory.Span.Fill(7);
        _buffers.Trim();
        _buffers.Create().Dispose();
        using var other = _buffers.Rent();
        other.Memory.Span.Clear();
        Assert.All(mine.Memory.ToArray(), value => Assert.Equal(7, value));
        mine.Dispose();
        Assert.Equal(1, _buffers.Free);
    }

    [Fact]
    public void More_than_a_block_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => _buffers.Rent(4097));
}
