using LifecycleManager.Scheduler.Tests.Definitions;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Scheduler.Tests.Api;

public sealed class FuzzTests
{
    [Fact]
    public async Task No_request_fails_and_what_was_taken_is_there_after_a_restart()
    {
        var store = "memory:" + Guid.NewGuid().ToString("N");
        await using var kept = await StateBackend.OpenAsync(store, null, TimeProvider.System, NullLoggerFactory.Instance, default);
        var taken = new SortedSet<string>(StringComparer.Ordinal);
        await using (var scheduler = await SchedulerUnderTest.StartAsync(store))
        {
            for (var seed = 0; seed < 150; seed++)
            {
                var id = $"/fuzz/a{seed}";
                var body = new RandomApps(seed).App(id);
                var answer = seed % 3 == 0 ? await scheduler.PostAsync("/v2/apps", body)
                    : await scheduler.PutAsync($"/v2/apps{id}?partialUpdate={(seed % 2 == 0 ? "true" : "false")}", body);
                Assert.True((int)answer.Status is 201 or 400 or 422, $"{(int)answer.Status} {answer.Text} for {body}");
                if ((int)answer.Status == 201) taken.Add(id);
                else Assert.NotEmpty(answer.Json["details"]!.AsArray());
            }

            Assert.True(taken.Count > 30, $"only {taken.Count} were taken");
            foreach (var (id, seed) in taken.Select((id, index) => (id, 1_000 + index)))
            {
                var answer = await scheduler.PutAsync($"/v2/apps{id}?force=true", new RandomApps(seed).App(id));
                Assert.True((int)answer.Status is 200 or 400 or 422, answer.Text);
            }

            Assert.Equal(taken, await IdsAsync(scheduler));
        }

        await using var again = await SchedulerUnderTest.StartAsync(store);
        Assert.Equal(taken, await IdsAsync(again));
    }

    private static async Task<SortedSet<string>> IdsAsync(SchedulerUnderTest scheduler) => new(
        (await scheduler.GetAsync("/v2/apps")).Is(200).Json["apps"]!.AsArray().Select(app => (string)app!["id"]!), StringComparer.Ordinal);
}
