using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tests.Checkpoints;

public sealed class StatusLogTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string File1 => Path.Combine(_directory.Path, "updates");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void One_update_at_a_time_in_order_and_only_its_own_acknowledgement_counts()
    {
        using var log = new StatusLog(File1);
        var (starting, running, finished) = (Of(TaskState.Starting), Of(TaskState.Running), Of(TaskState.Finished));
        foreach (var status in new[] { starting, running, finished }) log.Append(status);

        Assert.False(log.Acknowledge(running.Uuid!));
        Assert.Equal(starting, log.Head);
        Assert.True(log.Acknowledge(starting.Uuid!));
        Assert.False(log.Acknowledge(starting.Uuid!));
        Assert.Equal(running, log.Head);
        Assert.True(log.Acknowledge(running.Uuid!));
        Assert.False(log.TerminalAcknowledged.IsCompleted);
        Assert.True(log.Acknowledge(finished.Uuid!));
        Assert.True(log.TerminalAcknowledged.IsCompletedSuccessfully);
        Assert.Null(log.Head);
    }

    [Fact]
    public void Nothing_follows_the_end()
    {
        using var log = new StatusLog(File1);
        log.Append(Of(TaskState.Killed));

        Assert.Throws<InvalidOperationException>(() => log.Append(Of(TaskState.Running)));
    }

    [Fact]
    public void Wherever_a_crash_cuts_the_file_what_was_told_is_kept()
    {
        var statuses = new[] { Of(TaskState.Starting), Of(TaskState.Running), Of(TaskState.Running), Of(TaskState.Failed) };
        var lengths = new List<long>();
        using (var log = new StatusLog(File1))
        {
            foreach (var status in statuses)
            {
                log.Append(status);
                lengths.Add(new FileInfo(File1).Length);
            }

            log.Acknowledge(statuses[0].Uuid!);
        }

        var whole = File.ReadAllBytes(File1);
        for (var cut = 0; cut <= whole.Length; cut += 7)
        {
            File.WriteAllBytes(File1, whole[..cut]);
            using var log = new StatusLog(File1);
            var kept = lengths.Count(length => length <= cut);
            Assert.Equal(kept == 0 ? null : statuses[kept - 1].State, log.Latest?.State);
            // The file goes on where it was cut.
            if (log.Latest?.State.IsTerminal() != true) log.Append(Of(TaskState.Lost));
            using var again = new StatusLog(File1);
            Assert.True(again.Latest!.State.IsTerminal());
        }

        File.WriteAllBytes(File1, whole);
        using var last = new StatusLog(File1);
        Assert.Equal(statuses[1].Uuid, last.Head!.Uuid);
        Assert.Equal(3, last.Pending);
    }

    [Fact]
    public void Wherever_the_file_is_damaged_what_is_whole_counts_in_its_order()
    {
        var random = new Random(11);
        for (var round = 0; round < 300; round++)
        {
            File.Delete(File1);
            StatusLog.Begin(File1, "container");
            TaskState[] states = [TaskState.Starting, TaskState.Running, TaskState.Running, TaskState.Killing, TaskState.Killed];
            var statuses = states.Select(Of).ToList();
            using (var log = new StatusLog(File1))
            {
                Assert.False(log.Damaged);
                foreach (var status in statuses) log.Append(status);
                for (var i = random.Next(statuses.Count); i > 0; i--) log.Acknowledge(log.Head!.Uuid!);
            }

            var bytes = File.ReadAllBytes(File1);
            var offset = random.Next(bytes.Length - 1);
            var part = bytes.AsSpan(offset, Math.Min(bytes.Length - offset, 1 + random.Next(300)));
            if (random.Next(2) == 0) random.NextBytes(part);
            else part.Clear();
            File.WriteAllBytes(File1, bytes);

            using var damaged = new StatusLog(File1);
            // None is made up, none comes twice, and the order is theirs.
            var kept = new List<TaskStatusInfo>();
            while (damaged.Head is { } head)
            {
                kept.Add(head);
                Assert.True(damaged.Acknowledge(head.Uuid!));
            }

            var all = statuses.Select(status => Convert.ToHexString(status.Uuid!)).ToList();
            var places = kept.Select(status => all.IndexOf(Convert.ToHexString(status.Uuid!))).ToList();
            Assert.DoesNotContain(-1, places);
            Assert.Equal(places.Order().Distinct(), places);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"sum\":\"0123456789abcdef\",\"container_id\":\"c\"}\n")]
    [InlineData("no JSON\n")]
    [InlineData("{\"container_id\":\"c\"}\n{\"update\"")]
    public void A_log_that_has_lost_something_says_so(string text)
    {
        File.WriteAllText(File1, text);
        using var log = new StatusLog(File1);
        Assert.True(log.Damaged);
    }

    [Fact]
    public void An_acknowledgement_whose_update_is_lost_takes_no_other_away()
    {
        var (lost, kept) = (Of(TaskState.Starting), Of(TaskState.Running));
        using (var log = new StatusLog(File1))
        {
            log.Append(lost);
            log.Append(kept);
            log.Acknowledge(lost.Uuid!);
        }

        File.WriteAllLines(File1, File.ReadAllLines(File1).Skip(1));
        using var recovered = new StatusLog(File1);
        Assert.Equal(kept.Uuid, recovered.Head!.Uuid);
    }

    [Fact]
    public void An_endless_row_of_health_news_is_bounded_and_keeps_the_newest()
    {
        using (var log = new StatusLog(File1))
        {
            log.Append(Of(TaskState.Starting));
            for (var i = 0; i < 200; i++) log.Append(Of(TaskState.Running) with { Message = $"{i}" });

            Assert.Equal(StatusLog.MaxRunningUpdates, log.Pending);
            Assert.Equal("199", log.Latest!.Message);
            while (log.Head is { } head && head.Message != "199") Assert.True(log.Acknowledge(head.Uuid!));
        }

        using var recovered = new StatusLog(File1);
        Assert.Equal("199", recovered.Latest!.Message);
    }

    private static TaskStatusInfo Of(TaskState state) =>
        new() { TaskId = new TaskId("t"), State = state, Uuid = Guid.NewGuid().ToByteArray() };
}
