namespace LifecycleManager.Runtime.Tests;

public sealed class SecretFileTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void It_is_read_without_its_last_line_feed_and_again_once_it_changed()
    {
        var secret = new SecretFile(_path);
        File.WriteAllText(_path, "first\r\n");
        Assert.Equal("first", secret.Read());
        File.WriteAllText(_path, "a second");
        Assert.Equal("a second", secret.Read());
        Assert.Equal("a second", SecretFile.ReadOnce(_path));
    }

    [Fact]
    public void A_link_that_leads_to_another_file_of_the_same_length_is_read_again()
    {
        var (first, second, link) = (_path + ".1", _path + ".2", _path + ".link");
        try
        {
            File.WriteAllText(first, "one");
            File.WriteAllText(second, "two");
            File.SetLastWriteTimeUtc(second, File.GetLastWriteTimeUtc(first).AddSeconds(1));
            File.CreateSymbolicLink(link, first);
            var secret = new SecretFile(link);
            Assert.Equal("one", secret.Read());
            File.Delete(link);
            File.CreateSymbolicLink(link, second);
            Assert.Equal("two", secret.Read());
        }
        finally
        {
            foreach (var path in (string[])[first, second, link]) File.Delete(path);
        }
    }

    [Fact]
    public void What_is_not_there_too_long_or_no_file_is_named_without_its_text()
    {
        Assert.Contains("/nowhere", Assert.ThrowsAny<IOException>(() => new SecretFile("/nowhere").Read()).Message,
            StringComparison.Ordinal);
        Assert.Contains(Path.GetTempPath().TrimEnd('/'),
            Assert.ThrowsAny<IOException>(() => SecretFile.ReadOnce(Path.GetTempPath())).Message, StringComparison.Ordinal);
        File.WriteAllText(_path, new string('s', SecretFile.MaxBytes + 1));
        var problem = Assert.ThrowsAny<IOException>(() => new SecretFile(_path).Read());
        Assert.Equal($"the secret file {_path} is longer than 65536 bytes", problem.Message);
    }
}
