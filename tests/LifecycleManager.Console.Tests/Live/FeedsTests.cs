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
        var options = new ConsoleOptions { Scheduler = new Uri("http://127.0.0.1:1") };
        using var http = new RoleHttp(options, new OnBehalf(), TimeProvider.System);
        using var places = new AgentListClient(null, null);
        var feeds = new Feeds(http, options, places, TimeProvider.System, NullLoggerFactory.Instance);
        var one = feeds.Of(new PageCaller("Basic b25l", AppScope.All));

        Assert.Same(one, feeds.Of(new PageCaller("Basic b25l", AppScope.All)));
        Assert.NotSame(one, feeds.Of(new PageCaller("Basic b3RoZXI=", AppScope.All)));
        Assert.NotSame(one, feeds.Of(PageCaller.Anyone));
        PageCaller Shows(string name, int day) =>
            new(null, AppScope.All, new PageCertificate(name, new DateTimeOffset(2031, 1, day, 0, 0, 0, TimeSpan.Zero)));
        Assert.Same(feeds.Of(Shows("ann", 1)), feeds.Of(Shows("ann", 1)));
        Assert.NotSame(feeds.Of(Shows("ann", 1)), feeds.Of(Shows("bob", 1)));
        Assert.NotSame(feeds.Of(Shows("ann", 1)), feeds.Of(Shows("ann", 2)));
        Assert.NotSame(feeds.Of(Shows("ann", 1)), feeds.Of(PageCaller.Anyone));

        // Who may do something else by now is shown something else.
        Assert.NotSame(one, feeds.Of(new PageCaller("Basic b25l", new AppScope(Permission.View, []))));
        for (var i = 0; i < 100; i++) feeds.Of(new PageCaller($"Basic {i}", AppScope.All));
    }
}
