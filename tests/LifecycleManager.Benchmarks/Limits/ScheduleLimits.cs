using System.Diagnostics;
using System.Globalization;
using LifecycleManager.Manager.Scheduling;
using LifecycleManager.Storage;
using LifecycleManager.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace LifecycleManager.Benchmarks.Limits;

/// <summary>
/// 100,000 schedules that people have added: what they take, how soon those that are due are found, and what they cost a manager
/// that takes over, with what it has read ahead while it stood by and without.
/// </summary>
internal static class ScheduleLimits
{
    private const int Schedules = 100_000;
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 19, 0, 0, TimeSpan.Zero);

    /// <param name="output">Where the lines go.</param>
    /// <param name="state"><c>sqlite</c>, or <c>postgres</c> and <c>zookeeper</c>: the server of the tests is used.</param>
    public static async Task RunAsync(TextWriter output, string state)
    {
        var directory = Directory.CreateTempSubdirectory("lcm-schedules-benchmark-");
        var name = $"bench_{Guid.NewGuid():N}";
        try
        {
            var (address, password) = Address(state, name, directory.FullName);
            await using var backend = await StateBackend.OpenAsync(
                address, password, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
            await MeasureAsync(output, backend);
        }
        finally
        {
            directory.Delete(recursive: true);
            if (state == "postgres")
            {
                await using var source = NpgsqlDataSource.Create(Server.PostgreSql());
                await using var drop = source.CreateCommand($"DROP SCHEMA IF EXISTS {name} CASCADE");
                await drop.ExecuteNonQueryAsync();
            }
        }
    }

    private static async Task MeasureAsync(TextWriter output, StateBackend backend)
    {
        await using var lead = await backend.Election.StandAsync("manager", "http://bench");
        var store = new ScheduleStore(backend.Store, NullLogger.Instance);
        var changes = new ScheduleChanges { Clock = Now };
        for (var i = 0; i < Schedules; i++)
        {
            var name = $"job-{i:D6}";
            changes.Added[name] = new AddedSchedule(name,
                $"name: {name}\napp: /batch/{i}\ncron: '{i % 60} {i / 60 % 60} {i % 24} * * ?'\nzone: Europe/Berlin\n"
                + "instances: 20\nfor: 2h\n",
                Now, "ops");
        }

        var began = Begin();
        await store.SaveAsync(changes, lead.Fence, CancellationToken.None);
        Say("100,000 schedules written at once", began, "");

        var cache = new ScheduleCache(ScheduleText.Read);
        began = Begin();
        await BookAsync(backend, cache);
        Say("loaded by a manager that has read none", began, "");

        var before = Heap();
        began = Begin();
        await new ScheduleFollower(backend.Store, cache, () => false, TimeProvider.System, NullLogger<ScheduleFollower>.Instance)
            .LookAsync(CancellationToken.None);
        Say("read ahead by one that stands by", began, "");
        await output.WriteLineAsync($"  the heap of it {(Heap() - before) / 1e6:0} MB");
        began = Begin();
        var book = await BookAsync(backend, cache);
        Say("loaded by a manager that takes over", began, "under 2000 ms");
        await output.WriteLineAsync($"  the heap of it {(Heap() - before) / 1e6:0} MB");

        var (rounds, most) = (0, TimeSpan.Zero);
        began = Begin();
        for (var now = Now; now < Now.AddHours(1); now = now.AddSeconds(1), rounds++)
        {
            var one = Stopwatch.GetTimestamp();
            foreach (var due in book.Table.TakeDue(now, ScheduleOwner.MostAtOnce))
            {
                foreach (var _ in FireMaker.Due(due, now))
                {
                    // What is due is made a fire.
                }

                book.Table.MoveOn(due, now);
            }

            _ = book.Table.NextFire;
            if (Stopwatch.GetElapsedTime(one) is var took && took > most) most = took;
        }

        Say("an hour of fire times, by seconds: one", began, "under 10 ms", rounds);
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"  the longest {most.TotalMilliseconds:0.00} ms"));

        void Say(string what, (long Wall, TimeSpan Cpu) since, string goal, int parts = 1) => output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what,-42} {Stopwatch.GetElapsedTime(since.Wall).TotalMilliseconds / parts,10:0.00} ms, "
            + $"{(Cpu() - since.Cpu).TotalMilliseconds / parts,10:0.00} ms of cpu time   {goal}"));

        // A busy machine makes the first longer, not the second.
        static (long Wall, TimeSpan Cpu) Begin() => (Stopwatch.GetTimestamp(), Cpu());

        static TimeSpan Cpu()
        {
            using var self = Process.GetCurrentProcess();
            return self.TotalProcessorTime;
        }
    }

    private static async Task<ScheduleBook> BookAsync(StateBackend backend, ScheduleCache cache)
    {
        var book = new ScheduleBook(
            new ScheduleStore(backend.Store, NullLogger.Instance), cache, TimeProvider.System, NullLogger.Instance);
        await book.LoadAsync([], CancellationToken.None);
        return book.Table.Count == Schedules ? book : throw new InvalidOperationException($"{book.Table.Count} schedules");
    }

    private static (string Address, string? Password) Address(string state, string name, string directory)
    {
        if (state == "sqlite") return ($"sqlite:{Path.Combine(directory, "state.db")}", null);
        if (state == "zookeeper") return ($"zk://{Server.ZooKeeper()}/{name}", null);
        var given = new NpgsqlConnectionStringBuilder(Server.PostgreSql());
        return ($"postgres://{given.Username}@{given.Host}:{given.Port}/{given.Database}?schema={name}", given.Password);
    }

    private static long Heap()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
