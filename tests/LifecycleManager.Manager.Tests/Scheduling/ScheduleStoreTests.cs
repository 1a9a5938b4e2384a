using LifecycleManager.Manager.Scheduling;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Manager.Tests.Scheduling;

/// <summary>What is kept of schedules, in pages: beside a model, with writes that fail half way, with damage.</summary>
public sealed class ScheduleStoreTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 19, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task What_is_written_is_read_again_and_what_failed_half_way_is_complete_once_repeated(int seed)
    {
        var random = new Random(seed);
        await using var backend = await ManagerUnderTest.BackendAsync();
        await using var lead = await backend.Election.StandAsync("manager", "http://x");
        var faulty = new FaultyStore(backend.Store);
        var store = new ScheduleStore(faulty, NullLogger.Instance);
        var model = new Dictionary<string, AddedSchedule>(StringComparer.Ordinal);
        for (var round = 0; round < 60; round++)
        {
            var changes = new ScheduleChanges();
            for (var i = random.Next(1, 1_500); i > 0; i--)
            {
                var name = $"s{random.Next(3_000)}";
                changes.Added[name] = random.Next(3) == 0 ? null
                    : new AddedSchedule(name, new string('x', random.Next(10, 900)), Now.AddSeconds(round), null);
            }

            // One of the batches is not written.
            var left = random.Next(6);
            faulty.OnWrite = _ =>
            {
                if (--left < 0) throw new StateUnavailableException("away");
            };
            var failed = false;
            try
            {
                await store.SaveAsync(changes, lead.Fence, default);
            }
            catch (StateUnavailableException)
            {
                failed = true;
                Assert.Equal(Text(model.Values), Text(store.Added.Entries.Values));
            }

            faulty.OnWrite = null;
            if (failed) await store.SaveAsync(changes, lead.Fence, default);
            foreach (var (name, added) in changes.Added)
            {
                if (added is null) model.Remove(name);
                else model[name] = added;
            }

            Assert.Equal(Text(model.Values), Text(store.Added.Entries.Values));
            var read = new ScheduleStore(backend.Store, NullLogger.Instance);
            await read.LoadAsync(default);
            Assert.Equal(Text(model.Values), Text(read.Added.Entries.Values));
            if (random.Next(4) == 0) store = new ScheduleStore(faulty, NullLogger.Instance);
            if (store.Added.Entries.Count == 0) await store.LoadAsync(default);
        }

        await foreach (var page in backend.Store.ListAsync(ScheduleStore.Prefix)) Assert.InRange(page.Value.Length, 1, 900_000);
    }

    [Fact]
    public async Task A_damaged_page_is_set_aside_kept_and_named()
    {
        await using var backend = await ManagerUnderTest.BackendAsync();
        await backend.Store.WriteAsync([
            new StateWrite("manager/schedules/added/00000001", "[{\"name\":null}]"u8.ToArray()),
            new StateWrite("manager/schedules/open/00000003", "nonsense"u8.ToArray()),
            new StateWrite("manager/schedules/clock", "nonsense"u8.ToArray())]);
        await using var lead = await backend.Election.StandAsync("manager", "http://x");
        var store = new ScheduleStore(backend.Store, NullLogger.Instance);
        await store.LoadAsync(default);
        Assert.Equal(["manager/schedules/added/00000001", "manager/schedules/open/00000003"],
            store.Unreadable.Select(page => page.Key));
        var changes = new ScheduleChanges();
        changes.Added["a"] = new AddedSchedule("a", "x", Now, null);
        await store.SaveAsync(changes, lead.Fence, default);
        Assert.Equal("[{\"name\":null}]",
            System.Text.Encoding.UTF8.GetString((await backend.Store.GetAsync("manager/schedules/added/00000001"))!.Value.Span));
        Assert.NotNull(await backend.Store.GetAsync("manager/schedules/added/00000002"));
    }

    [Fact]
    public async Task Of_each_schedule_the_last_hundred_fires_are_kept_and_none_that_is_older_than_thirty_days()
    {
        await using var backend = await ManagerUnderTest.BackendAsync();
        await using var lead = await backend.Election.StandAsync("manager", "http://x");
        var store = new ScheduleStore(backend.Store, NullLogger.Instance);
        var history = new FireHistory();
        await AddAsync("old", Now.AddDays(-31));
        for (var i = 0; i < 400; i++) await AddAsync("often", Now.AddSeconds(i));
        Assert.InRange(history.Of("often").Count, 100, 120);
        Assert.Equal("often@20261124T190639Z", history.Of("often")[^1].Id);
        Assert.Empty(history.Of("old"));
        var read = new ScheduleStore(backend.Store, NullLogger.Instance);
        await read.LoadAsync(default);
        Assert.Equal(history.Of("often").Count, read.Ended.Entries.Count);

        async Task AddAsync(string schedule, DateTimeOffset at)
        {
            var changes = new ScheduleChanges();
            changes.Put(new FireRecord
            {
                Id = FireRecord.IdOf(schedule, at),
                Schedule = schedule,
                Due = at,
                At = at,
                State = FireState.Done,
            });
            history.Trim(changes, at);
            await store.SaveAsync(changes, lead.Fence, default);
            history.Take(changes);
        }
    }

    [Fact]
    public async Task A_manager_that_stands_by_reads_ahead_what_has_changed_alone()
    {
        await using var backend = await ManagerUnderTest.BackendAsync();
        await using var lead = await backend.Election.StandAsync("manager", "http://x");
        var read = 0;
        var cache = new ScheduleCache((_, text) =>
        {
            read++;
            return ScheduleText.Read("x", text);
        });
        var follower = new ScheduleFollower(
            backend.Store, cache, () => false, TimeProvider.System, NullLogger<ScheduleFollower>.Instance);
        Assert.False(await follower.LookAsync(default));
        var store = new ScheduleStore(backend.Store, NullLogger.Instance);
        var added = new AddedSchedule("a", "{ name: a, app: /a, cron: '0 0 1 * * ?', instances: 1 }", Now, null);
        var changes = new ScheduleChanges();
        changes.Added["a"] = added;
        await store.SaveAsync(changes, lead.Fence, default);
        Assert.True(await follower.LookAsync(default));
        Assert.False(await follower.LookAsync(default));
        Assert.NotNull(cache.Read(added).Schedule);
        Assert.Equal(1, read);
        Assert.NotNull(cache.Read(added with { Text = added.Text.Replace("1 }", "2 }") }).Schedule);
        Assert.Equal(2, read);
    }

    private static string Text(IEnumerable<AddedSchedule> all) =>
        string.Join('\n', all.OrderBy(added => added.Name, StringComparer.Ordinal)
            .Select(added => $"{added.Name} {added.Text.Length} {added.At:O}"));
}
