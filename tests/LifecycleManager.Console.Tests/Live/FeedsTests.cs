using LifecycleManager.Console.Callers;
using LifecycleManager.Console.Clients;
using LifecycleManager.Console.Live;
using LifecycleManager.Security;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Console.Tests.Live;

public sealed class FeedsTests
{
    [Fact]
    public void Pages_of_one_caller_share_a_feed_and_pages_of_two_never_do()
    {
        using var http = new RoleHttp(null);
        using var places = new AgentListClient(null, null);
        var feeds = new Feeds(http, new ConsoleOptions { Scheduler = new Uri("http://127.0.0.1:1") }, places, TimeProvider.System,
            NullLoggerFactory.Instance);
        var one = feeds.Of(new PageCaller("Basic b25l", AppScope.All));

        Assert.Same(one, feeds.Of(new PageCaller("Basic b25l", AppScope.All)));
        Assert.NotSame(one, feeds.Of(new PageCaller("Basic b3RoZXI=", AppScope.All)));
        Assert.NotSame(one, feeds.Of(PageCaller.Anyone));

        // Who may do something else by now is shown something else.
        Assert.NotSame(one, feeds.Of(new PageCaller("Basic b25l", new AppScope(Permission.View, []))));
        for (var i = 0; i < 100; i++) feeds.Of(new PageCaller($"Basic {i}", AppScope.All));
    }
}
