using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Api;
using LifecycleManager.Scheduler.Leadership;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Scheduler.Tests.Api;

/// <summary>
/// A store that refuses writes, or does not answer: changes are answered within 5 s, nothing is half done, and all goes on by
/// itself once the store works. On a clock that the test moves: by the term's limit for a write, which is below 5 s, and no
/// further.
/// </summary>
public sealed class RefusedWriteTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private FakeMaster _master = null!;
    private RefusingStore _store = null!;
    private SchedulerUnderTest _scheduler = null!;

    public static TheoryData<string, string, string?> Changes => new()
    {
        { "POST", "/v2/apps", """{"id":"/new","cmd":"x","instances":1,"cpus":0.1,"mem":16}""" },
        { "PUT", "/v2/apps/web", """{"instances":3}""" },
        { "DELETE", "/v2/apps/web", null },
        { "POST", "/v2/apps/web/restart", null },
        { "DELETE", "/v2/apps/web/tasks", null },
        { "PUT", "/v2/groups", """{"id":"/","groups":[{"id":"/g","apps":[{"id":"/g/a","cmd":"x"}]}]}""" },
        { "DELETE", "/v2/groups/", null },
        { "POST", "/v2/pods",
            """{"id":"/pod","containers":[{"name":"c","exec":{"command":{"shell":"x"}},"resources":{"cpus":0.1,"mem":16}}]}""" },
        { "POST", "/v2/tasks/delete?scale=true", """{"ids":["TASK"]}""" },
    };

    public async ValueTask InitializeAsync()
    {
        _master = (await FakeMaster.StartAsync()).WithAgent("a1");
        _scheduler = await SchedulerUnderTest.StartAsync(
            master: _master.Address, wrap: store => _store = new RefusingStore(store), time: _clock);
        (await AnswerAsync("POST", "/v2/apps", """{"id":"/web","cmd":"x","instances":2,"cpus":0.1,"mem":16}""")).Is(201);
        await UntilAsync(() => Running("/web") == 2 && _scheduler.Service.Snapshot.Deployments.Count == 0);
    }

    public async ValueTask DisposeAsync()
    {
        await _scheduler.DisposeAsync();
        await _master.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task A_change_is_answered_with_503_and_the_cause_and_is_neither_seen_nor_acted_on(string method, string path,
        string? body)
    {
        var before = await ShownAsync();
        var calls = _master.Calls.Count(IsAct);
        _store.Refusal = "the disk is full";

        var refused = await AnswerAsync(method, path, body?.Replace("TASK", _master.Launched[0], StringComparison.Ordinal));

        refused.Is(503);
        await TermEndsAsync();
        Assert.Contains("the disk is full", refused.Text, StringComparison.Ordinal);
        Assert.True(refused.Headers.ContainsKey("Retry-After"));
        Assert.Equal(before, await ShownAsync());

        // The next one is answered at once, and all the while the stored state is shown.
        (await _scheduler.SendAsync(method, path, body)).Is(503);
        (await _scheduler.GetAsync("/v2/apps/web")).Is(200);

        _store.Refusal = null;
        await UntilAsync(() => _scheduler.Service.Snapshot.Framework.Connected);
        Assert.Equal(before, await ShownAsync());
        Assert.Equal(2, Running("/web"));
        Assert.Equal(calls, _master.Calls.Count(IsAct));
        Assert.Empty(_master.Faults);
        Assert.InRange((int)(await AnswerAsync(method, path,
            body?.Replace("TASK", _master.Launched[0], StringComparison.Ordinal))).Status, 200, 201);
    }

    [Fact]
    public async Task Health_names_the_cause_until_the_store_works_and_a_sign_of_life_stays()
    {
        (await _scheduler.GetAsync("/health")).Is(200);
        _store.Refusal = "the disk is full";
        await AnswerAsync("PUT", "/v2/apps/web", """{"instances":3}""");

        // The loop's own end shows for a moment before what followed from it.
        await Eventually.TrueAsync(async () => (await _scheduler.GetAsync("/health")).Text.Contains("cannot be stored",
            StringComparison.Ordinal));

        var sick = (await _scheduler.GetAsync("/health")).Is(503);
        Assert.Contains("the state cannot be stored: the disk is full", (string?)sick.Json["detail"], StringComparison.Ordinal);
        (await _scheduler.GetAsync("/ping")).Is(200);
        var elected = _scheduler.Service.Snapshot.Leader;
        Assert.True(elected.IsLeading);

        _store.Refusal = null;
        await UntilAsync(() => _scheduler.Service.Snapshot.Framework.Connected);
        Assert.Equal("leading, connected", (string?)(await _scheduler.GetAsync("/health")).Is(200).Json["detail"]);
    }

    [Fact]
    public async Task An_update_that_cannot_be_stored_is_not_acknowledged_and_is_taken_in_later()
    {
        var task = _master.Launched[0];
        await UntilAsync(() => _master.Calls.Any(IsAcknowledged));
        var acknowledged = _master.Calls.Count(IsAcknowledged);
        _store.Refusal = "the disk is full";
        _master.Report(task, TaskState.Failed, message: "it broke");
        await UntilAsync(() => !_master.IsSubscribed);
        Assert.Equal(acknowledged, _master.Calls.Count(IsAcknowledged));
        Assert.Equal(2, Running("/web"));

        _store.Refusal = null;
        await UntilAsync(() => Running("/web") == 2 && !_scheduler.Service.Snapshot.Instances.ContainsKey(task));
        Assert.Equal("it broke", _scheduler.Service.Snapshot.Apps.Values.Single().LastFailure!.Message);
        Assert.Equal(3, _master.Launched.Count);
        Assert.Empty(_master.Faults);
        await UntilAsync(() => _master.Calls.Count(IsAcknowledged) > acknowledged);

        bool IsAcknowledged(SchedulerCall call) => call.Acknowledge?.TaskId.Value == task;
    }

    [Fact]
    public async Task A_write_without_an_answer_is_answered_in_time_and_counts_as_what_became_of_it()
    {
        _store.Hang();
        var refused = await AnswerAsync("PUT", "/v2/apps/web", """{"instances":3}""");
        refused.Is(503);
        Assert.Contains("no answer within", refused.Text, StringComparison.Ordinal);
        Assert.Equal(2, _scheduler.Service.Snapshot.Apps.Values.Single().Definition.Instances);

        // It is stored after all: the next term reads it, and carries it out.
        _store.Answer();
        await UntilAsync(() => Running("/web") == 3);
        Assert.Equal(3, _master.Launched.Count);
        Assert.Empty(_master.Faults);
    }

    private static bool IsAct(SchedulerCall call) => call.Type is CallType.Accept or CallType.Kill;

    private int Running(string app) =>
        _scheduler.Service.Snapshot.Apps.Values.SingleOrDefault(status => status.Definition.Id.Path == app)?.Running ?? 0;

    private async Task<string> ShownAsync() =>
        (await _scheduler.GetAsync("/v2/apps")).Is(200).Text + (await _scheduler.GetAsync("/v2/deployments")).Is(200).Text;

    /// <summary>Asks; where the store does not do what follows, so much time passes as the answer may take.</summary>
    private async Task<ApiReply> AnswerAsync(string method, string path, string? body)
    {
        var attempts = _store.Attempts;
        var answer = _scheduler.SendAsync(method, path, body);
        await Eventually.TrueAsync(() => answer.IsCompleted || _store.Attempts > attempts);
        if (_store.IsSick) _clock.Advance(SchedulerTerm.WriteLimit);
        return await answer.WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>
    /// Those who wait are answered as the term ends: a moment later its last snapshot is no longer a connected one.
    /// </summary>
    private Task TermEndsAsync() => Eventually.TrueAsync(() => !_scheduler.Service.Snapshot.Framework.Connected);

    /// <summary>Time passes until something has come about.</summary>
    private async Task UntilAsync(Func<bool> condition)
    {
        for (var step = 0; !condition(); step++)
        {
            Assert.True(step < 3_000, "it does not come about");
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(20);
        }
    }
}
