using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Scaling.Targets.Marathon;

namespace LifecycleManager.Scaling.Tests.Targets.Marathon;

/// <summary>Which failures were for want of memory.</summary>
public sealed class MemoryEndsTests
{
    private static readonly App Failed = new()
    {
        Id = "shop/web",
        LastTaskFailure = new TaskFailure { AppId = "/shop/web", TaskId = "web.1", Timestamp = "2026-11-24T12:00:00.000Z" },
    };

    [Theory]
    [InlineData("it exceeded its memory limit of 64 MB; it was ended by SIGKILL")]
    [InlineData("Memory limit exceeded: Requested: 32MB Maximum Used: 32MB")]
    [InlineData("Container OOM killed")]
    public void One_whose_message_says_so_is(string message) => Assert.Equal(
        new MemoryEnd("/shop/web", "web.1", new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero)),
        MemoryEnds.Of(With(message)));

    [Theory]
    [InlineData("Command exited with status 1")]
    [InlineData("it exceeded its disk limit of 64 MB")]
    [InlineData("the pidgin room")]
    [InlineData(null)]
    public void Another_is_not(string? message) => Assert.Null(MemoryEnds.Of(With(message)));

    [Fact]
    public void What_cannot_be_read_is_none()
    {
        var app = With("Memory limit exceeded");
        Assert.Null(MemoryEnds.Of(app with { LastTaskFailure = null }));
        Assert.Null(MemoryEnds.Of(app with { LastTaskFailure = app.LastTaskFailure! with { Timestamp = "yesterday?" } }));
        Assert.Null(MemoryEnds.Of(app with { LastTaskFailure = app.LastTaskFailure! with { TaskId = null } }));
    }

    private static App With(string? message) =>
        Failed with { LastTaskFailure = Failed.LastTaskFailure! with { Message = message } };
}
