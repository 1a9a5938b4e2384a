using System.Text;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Storage.Tests.Children;

/// <summary>
/// A process that stands for election and, while it leads, writes a journal: entry after entry, each with its token, telling each
/// on its output once it is acknowledged. Ends with its input.
/// </summary>
internal static class Child
{
    public const string Election = "journal";

    public static async Task<int> RunAsync(string address, string password)
    {
        using var ended = new CancellationTokenSource();
        _ = Task.Run(() =>
        {
            while (Console.In.Read() >= 0)
            {
            }

            ended.Cancel();
        });
        await using var backend = await StateBackend.OpenAsync(
            address, password.Length == 0 ? null : password, TimeProvider.System, NullLoggerFactory.Instance, ended.Token);
        Tell("opened");
        while (!ended.IsCancellationRequested)
        {
            try
            {
                await using var leadership = await backend.Election.StandAsync(
                    Election, $"http://process/{Environment.ProcessId}", ended.Token);
                await LeadAsync(backend.Store, leadership, ended.Token);
            }
            catch (OperationCanceledException)
            {
            }
        }

        return 0;
    }

    /// <summary>
    /// Leads, and has its thread pool do nothing else than other work for some time: the main thread alone, which is none of the
    /// pool's, goes on. Tells <c>kept</c> or <c>lost</c>.
    /// </summary>
    public static int RunBusy(string address, TimeSpan busy)
    {
        ThreadPool.SetMinThreads(2, 2);
        ThreadPool.SetMaxThreads(8, 8);
        var backend = StateBackend.OpenAsync(address, null, TimeProvider.System, NullLoggerFactory.Instance,
            CancellationToken.None).GetAwaiter().GetResult();
        var leadership = backend.Election.StandAsync(Election, "http://busy").GetAwaiter().GetResult();
        using var done = new ManualResetEventSlim();
        for (var work = 0; work < 100; work++) ThreadPool.UnsafeQueueUserWorkItem(_ => done.Wait(), null);
        Thread.Sleep(busy);
        Tell(leadership.Lost.IsCancellationRequested ? "lost" : "kept");
        done.Set();
        return 0;
    }

    private static async Task LeadAsync(IStateStore store, ILeadership leadership, CancellationToken ended)
    {
        Tell($"elected {leadership.Fence.Token}");
        using var told = leadership.Lost.Register(() => Tell("lost"));
        try
        {
            // One more than is there; the last attempt of the leader before may still arrive, then the version tells.
            var last = await store.GetAsync("last", ended);
            for (var number = last is null ? 1 : long.Parse(Encoding.UTF8.GetString(last.Value.Span))
                + 1; !ended.IsCancellationRequested; number++)
            {
                // Whether it still leads is not asked here: a process that was stopped acts on once it goes on, and the store has
                // to refuse it.
                await store.WriteAsync(
                    [
                        new StateWrite($"journal/{number:D8}", Encoding.UTF8.GetBytes($"{leadership.Fence.Token}"), 0),
                        new StateWrite("last", Encoding.UTF8.GetBytes($"{number}"), number - 1),
                    ],
                    leadership.Fence, CancellationToken.None);
                Tell($"wrote {number}");
            }
        }
        catch (Exception e) when (e is FencedException or StateConflictException or WriteOutcomeUnknownException
            or StateUnavailableException)
        {
            Tell($"refused {e.GetType().Name}");
        }
    }

    private static void Tell(string what)
    {
        Console.Out.WriteLine(what);
        Console.Out.Flush();
    }
}
