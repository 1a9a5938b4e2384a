using LifecycleManager.Console.Live;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Console.Tests.Live;

public sealed class SharedWatchesTests
{
    [Fact]
    public void Pages_of_one_thing_share_its_watch_and_what_nobody_shows_is_forgotten()
    {
        var shared = new SharedWatches();
        var one = shared.Get("/a", Text);
        Assert.Same(one, shared.Get("/a", Text));
        Assert.NotSame(one, shared.Get("/b", Text));
        Assert.NotNull(shared.Get("/a", () => New<Uri>(new Uri("http://a"))));

        for (var i = 0; i < 1000; i++)
        {
            shared.Get($"/{i}", Text);
            if (i % 50 == 0) GC.Collect();
        }

        Assert.InRange(shared.Count, 1, 500);
        Assert.Same(one, shared.Get("/a", Text));
    }

    private static Watch<string> Text() => New("text");

    private static Watch<T> New<T>(T value)
        where T : class =>
        new(_ => Task.FromResult(value), TimeSpan.FromHours(1), null, TimeProvider.System, NullLogger.Instance);
}
