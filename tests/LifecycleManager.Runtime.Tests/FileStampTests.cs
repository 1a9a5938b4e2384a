namespace LifecycleManager.Runtime.Tests;

public sealed class FileStampTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void It_tells_a_changed_file_from_one_that_is_as_it_was()
    {
        Write("one", TimeSpan.FromHours(1));
        var stamp = FileStamp.Of(new FileInfo(_path));
        Assert.NotNull(stamp);
        Assert.Equal(stamp, FileStamp.Of(new FileInfo(_path)));
        Write("two", TimeSpan.FromMinutes(1));
        Assert.NotEqual(stamp, FileStamp.Of(new FileInfo(_path)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-60)]
    public void A_file_written_just_now_or_in_the_future_is_to_be_read_again(int secondsAgo)
    {
        Write("one", TimeSpan.FromSeconds(secondsAgo));
        Assert.Null(FileStamp.Of(new FileInfo(_path)));
    }

    /// <summary>Two secrets of one length within one step of the file system's time.</summary>
    [Fact]
    public void A_second_write_at_the_same_time_with_the_same_length_is_seen()
    {
        var secret = new SecretFile(_path);
        File.WriteAllText(_path, "one");
        var time = File.GetLastWriteTimeUtc(_path);
        Assert.Equal("one", secret.Read());
        File.WriteAllText(_path, "two");
        File.SetLastWriteTimeUtc(_path, time);
        Assert.Equal("two", secret.Read());
    }

    private void Write(string text, TimeSpan ago)
    {
        File.WriteAllText(_path, text);
        File.SetLastWriteTimeUtc(_path, TimeProvider.System.GetUtcNow().UtcDateTime - ago);
    }
}
