using System.Text;
using LifecycleManager.Scheduler.State;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Scheduler.Tests.State;

public sealed class StateLoaderTests
{
    [Fact]
    public async Task A_new_store_is_marked_with_the_schema()
    {
        await using var backend = await TestScheduler.StateAsync();

        await StateLoader.LoadAsync(backend.Store, new Fence("scheduler", 1), NullLogger.Instance, CancellationToken.None);

        Assert.Equal("""{"version":1}""",
            Encoding.UTF8.GetString((await backend.Store.GetAsync("scheduler/schema"))!.Value.Span));
    }
}
