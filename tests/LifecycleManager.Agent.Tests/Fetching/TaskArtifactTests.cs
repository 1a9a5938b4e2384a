using LifecycleManager.Agent.Fetching;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tests.Fetching;

public sealed class TaskArtifactTests
{
    private static readonly string Digits = new('a', 64);

    [Fact]
    public void An_address_may_carry_a_checksum()
    {
        var artifact =
            TaskArtifact.Of(new CommandInfo.Uri
            {
                Value =
                $"http://host/dir/app%20x.tar.gz?v=1#sha256={Digits.ToUpperInvariant()}"
            });

        Assert.Equal(new TaskArtifact(new Uri("http://host/dir/app%20x.tar.gz?v=1"), "app x.tar.gz", Digits, false, true, false),
            artifact);
        Assert.False(TaskArtifact.Of(new CommandInfo.Uri { Value = "/tmp/a.tar", Executable = true }).Extract);
        Assert.Equal("file:///tmp/a.tar", TaskArtifact.Of(new CommandInfo.Uri { Value = "/tmp/a.tar" }).Source.AbsoluteUri);
    }

    [Theory]
    [InlineData("nothing", null, "is no address")]
    [InlineData("ftp://host/a", null, "is none of http, https and file")]
    [InlineData("file://host/a", null, "is on another machine")]
    [InlineData("http://host/", null, "has the name ''")]
    [InlineData("http://host/a", "../b", "has the name '../b'")]
    [InlineData("http://host/a", "/b", "has the name '/b'")]
    [InlineData("http://host/a#md5=1", null, "has a fragment that is not sha256=...")]
    [InlineData("http://host/a#sha256=12", null, "has a checksum that is not 64 hexadecimal digits")]
    public void What_is_no_artifact_is_named(string value, string? output, string message) =>
        Assert.Contains(message, Assert.Throws<FormatException>(() =>
            TaskArtifact.Of(new CommandInfo.Uri { Value = value, OutputFile = output })).Message);
}
