using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Core.Tests.Queries;

public sealed class MetricArrivalsTests
{
    [Fact]
    public void An_app_waits_once_and_only_the_first_that_waits_is_told()
    {
        var arrivals = new MetricArrivals();
        var told = 0;
        arrivals.Arrived += () => told++;
        arrivals.Add([]);
        Assert.Equal((0, false), (told, arrivals.Any));

        arrivals.Add(["/a"]);
        arrivals.Add(["/a", "/b"]);
        Assert.Equal((1, true), (told, arrivals.Any));
        Assert.Equal(["/a", "/b"], arrivals.Take().Order());
        Assert.Empty(arrivals.Take());

        arrivals.Add(["/b"]);
        Assert.Equal(2, told);
    }

    [Fact]
    public async Task Nothing_that_is_added_from_several_threads_is_lost()
    {
        var arrivals = new MetricArrivals();
        var adding = Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < 5_000; i++) arrivals.Add([$"/{thread}/{i}"]);
        })));
        var taken = new HashSet<string>();
        while (!adding.IsCompleted) taken.UnionWith(arrivals.Take());
        await adding;
        taken.UnionWith(arrivals.Take());
        Assert.Equal(20_000, taken.Count);
    }
}
