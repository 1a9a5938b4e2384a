using LifecycleManager.Console.Components;
using LifecycleManager.Console.Live;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Console.Tests.Components;

public sealed class LivePageTests
{
    [Fact]
    public async Task What_goes_on_in_a_page_that_was_left_ends_and_follows_nothing()
    {
        var asked = 0;
        var watch = new Watch<string>(_ => Task.FromResult($"{++asked}"), TimeSpan.FromMinutes(1), null, TimeProvider.System,
            NullLogger.Instance);
        var page = new Page(watch);
        page.Dispose();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(page.ShowAsync);
        Assert.Equal(0, asked);
    }

    private sealed class Page(Watch<string> watch) : LivePage
    {
        public Task ShowAsync() => OpenAsync();

        protected override Task OpenAsync() => ShowAsync(watch);
    }
}
