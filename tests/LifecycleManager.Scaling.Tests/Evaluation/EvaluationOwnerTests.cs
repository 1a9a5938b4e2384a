using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Scaling.Evaluation;
using LifecycleManager.Scaling.Recording;
using LifecycleManager.Scaling.Status;
using LifecycleManager.Scaling.Tests.Fakes;
using LifecycleManager.Storage;

namespace LifecycleManager.Scaling.Tests.Evaluation;

public sealed class EvaluationOwnerTests
{
    private const string App = "/brownfield/search";
    private const string Tpm = "gauge.servo.tpm";

    [Fact]
    public async Task A_metric_over_its_threshold_scales_out_and_the_record_says_why()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add(App, 2);
        loop.Metrics[App, Tpm] = 24;

        var report = await loop.TickAsync();

        Assert.Equal(TickOutcome.Ok, report.Outcome);
        var put = Assert.Single(loop.Marathon.Puts);
        Assert.Equal("""{"instances":3}""", put.Body);
        Assert.Equal("policy search", put.Owner);
        Assert.False(put.Force);
        var record = Assert.Single(loop.Records());
        Assert.Equal(DecisionOutcome.Applied, record.Outcome);
        Assert.Equal((2, 3, DecisionKind.ScaleOut, "too many transactions"), (record.From, record.To, record.Kind, record.Rule));
        Assert.Contains("24", record.Reason);
        Assert.NotNull(record.Deployment);
        Assert.Contains(
            "lcm_manager_decisions_total{app=\"/brownfield/search\",policy=\"search\",rule=\"too many transactions\",kind=\"scale_out\"} 1",
            await loop.MetricsTextAsync());
    }

    [Fact]
    public async Task The_reason_is_stored_before_the_scheduler_is_asked()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add(App, 2);
        loop.Metrics[App, Tpm] = 24;
        var stored = -1;
        loop.Marathon.Fault = FakeMarathon.OnPut(async http =>
        {
            stored = await loop.Store.ListAsync(StoredDecisions.Prefix).CountAsync();
            await loop.Marathon.PutAsync(http, App);
        });

        await loop.TickAsync();

        Assert.Equal(1, stored);
    }

    [Fact]
    public async Task Where_the_reason_cannot_be_stored_nothing_is_changed()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add(App, 2);
        loop.Metrics[App, Tpm] = 24;
        loop.Store.Failure = new StateUnavailableException("the disk is full");

        var report = await loop.TickAsync();

        Assert.Equal(TickOutcome.StoreUnavailable, report.Outcome);
        Assert.Contains("the disk is full", report.Problem);
        Assert.Empty(loop.Marathon.Puts);

        loop.Store.Failure = null;
        await loop.TickAsync();
        Assert.Single(loop.Marathon.Puts);
        Assert.Single(await loop.Store.ListAsync(StoredDecisions.Prefix).ToListAsync());
    }

    [Fact]
    public async Task Without_the_scheduler_nothing_is_decided_and_it_is_said()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add(App, 2);
        loop.Metrics[App, Tpm] = 24;
        loop.Marathon.Fault = async http =>
        {
            await FakeMarathon.Json(http, 500, new System.Text.Json.Nodes.JsonObject { ["message"] = "no database" });
            return true;
        };

        var report = await loop.TickAsync();

        Assert.Equal(TickOutcome.TargetUnavailable, report.Outcome);
        Assert.Contains("500: no database", report.Problem);
        Assert.Empty(loop.Marathon.Puts);
        Assert.Empty(loop.Records());
        Assert.Contains("lcm_manager_target_up 0", await loop.MetricsTextAsync());
    }

    [Fact]
    public async Task Without_fresh_metrics_the_count_is_held_once_on_record_and_shown()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add(App, 2);

        for (var i = 0; i < 5; i++) await loop.TickAsync();

        Assert.Empty(loop.Marathon.Puts);
        var hold = Assert.Single(loop.Records());
        Assert.Equal(DecisionOutcome.Held, hold.Outcome);
        Assert.True(loop.State.Snapshot.Apps[App].MetricsMissing);
        var text = await loop.MetricsTextAsync();
        Assert.Contains("lcm_manager_policy_held{app=\"/brownfield/search\",policy=\"search\"} 1", text);
        Assert.Contains("lcm_manager_instances_max{app=\"/brownfield/search\"} 10", text);
        Assert.DoesNotContain("lcm_manager_metric_value{", text);
    }

    [Fact]
    public async Task A_locked_app_is_postponed_and_the_same_record_is_applied_later()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add(App, 2).Deployment = "someone-elses";
        loop.Metrics[App, Tpm] = 24;

        await loop.TickAsync();
        await loop.TickAsync();

        Assert.All(loop.Marathon.Puts, put => Assert.False(put.Force));
        var postponed = Assert.Single(loop.Records());
        Assert.Equal(DecisionOutcome.Postponed, postponed.Outcome);
        Assert.Equal("locked by deployment someone-elses", postponed.OutcomeReason);
        Assert.Equal(2, postponed.Attempts);

        loop.Marathon.FinishDeployments();
        await loop.TickAsync();

        var applied = Assert.Single(loop.Records());
        Assert.Equal((postponed.Id, DecisionOutcome.Applied, 3), (applied.Id, applied.Outcome, loop.Marathon[App].Instances));
    }

    [Fact]
    public async Task Our_own_deployment_that_waits_for_room_gives_way_to_a_newer_count()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.SlowDeployments = true;
        loop.Marathon.Add(App, 2);
        loop.Metrics[App, Tpm] = 24;
        await loop.TickAsync();
        var own = loop.Marathon[App].Deployment;

        loop.Metrics[App, Tpm] = 1;
        await loop.TickAsync();

        Assert.Equal(2, loop.Marathon[App].Instances);
        Assert.NotEqual(own, loop.Marathon[App].Deployment);
        Assert.True(loop.Marathon.Puts.Last().Force);
        Assert.Contains(own!, loop.Records()[0].OutcomeReason);
    }

    [Fact]
    public async Task A_change_that_is_refused_is_tried_again_less_and_less_often()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add(App, 2);
        loop.Metrics[App, Tpm] = 24;
        loop.Marathon.Fault = FakeMarathon.OnPut(http => FakeMarathon.Json(http, 422, System.Text.Json.Nodes.JsonNode.Parse(
            """{"message":"Object is not valid","details":[{"path":"/instances","errors":["too many"]}]}""")!));

        for (var i = 0; i < 24; i++) await loop.TickAsync();

        // In two minutes: at 0, 5, 15, 35, 75 s.
        var record = Assert.Single(loop.Records());
        Assert.Equal(DecisionOutcome.Failed, record.Outcome);
        Assert.Equal("Object is not valid; /instances: too many", record.OutcomeReason);
        Assert.Equal(5, record.Attempts);
        Assert.Contains("lcm_manager_scale_failures_total{app=\"/brownfield/search\",reason=\"refused\"} 5",
            await loop.MetricsTextAsync());
    }

    [Fact]
    public async Task A_change_whose_answer_is_lost_is_confirmed_by_reading_back()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add(App, 2);
        loop.Metrics[App, Tpm] = 24;
        loop.Marathon.Fault = FakeMarathon.OnPut(http =>
        {
            loop.Marathon.Puts.Enqueue(new FakeMarathon.Put(App, "", false, null));
            loop.Marathon[App].Instances = 3;
            http.Abort();
            return Task.CompletedTask;
        });

        await loop.TickAsync();

        Assert.Single(loop.Marathon.Puts);
        var record = Assert.Single(loop.Records());
        Assert.Equal(DecisionOutcome.Applied, record.Outcome);
        Assert.Contains("confirmed by reading back", record.OutcomeReason);
    }

    [Fact]
    public async Task A_call_that_hangs_holds_up_no_other_app_and_is_not_doubled()
    {
        await using var loop = await Loop.StartAsync(Loop.Search.Replace(App, "/brownfield/*"));
        loop.Marathon.Add(App, 2);
        loop.Marathon.Add("/brownfield/website", 2);
        loop.Metrics[App, Tpm] = 24;
        loop.Metrics["/brownfield/website", Tpm] = 15;
        var release = new TaskCompletionSource();
        loop.Marathon.Fault = async http =>
        {
            if (http.Request.Method != "PUT" || http.Request.Path != "/v2/apps" + App) return false;
            await release.Task;
            return false;
        };

        await loop.TickOnlyAsync();
        await loop.TickOnlyAsync();
        loop.Metrics["/brownfield/website", Tpm] = 24;
        var third = await loop.TickOnlyAsync();

        Assert.Equal(1, third.Changes);
        await Loop.Until(() => loop.Marathon["/brownfield/website"].Instances == 3, "the website was not scaled");
        Assert.Single(loop.Marathon.Requests, request => request == "PUT /v2/apps" + App);
        Assert.True(loop.State.Snapshot.Apps[App].InFlight);
        release.SetResult();
        await loop.SettledAsync();
        Assert.Equal(3, loop.Marathon[App].Instances);
        Assert.Single(loop.Records(App));
    }

    [Fact]
    public async Task What_was_read_before_a_change_came_into_force_decides_nothing()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add(App, 2);
        loop.Metrics[App, Tpm] = 200;
        var hold = new TaskCompletionSource();
        var readers = 0;
        loop.Marathon.Fault = async http =>
        {
            if (http.Request.Method == "PUT") await hold.Task;
            if (http.Request.Path != "/v2/apps" || Interlocked.Increment(ref readers) != 2) return false;

            // The second tick's list is old by the time it arrives: the change of the first has come into force.
            var old = new System.Text.Json.Nodes.JsonObject
            {
                ["apps"] = new System.Text.Json.Nodes.JsonArray(loop.Marathon[App].ToJson()),
            };
            hold.SetResult();
            await Loop.Until(() => loop.Term.InFlight == 0, "the change did not end");
            await FakeMarathon.Json(http, 200, old);
            return true;
        };

        await loop.TickOnlyAsync();
        await loop.TickOnlyAsync();

        Assert.Single(loop.Records());
        Assert.Single(loop.Marathon.Puts);
    }

    [Fact]
    public async Task An_app_that_vanishes_mid_tick_fails_alone_and_takes_its_gauges_with_it()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add(App, 2);
        loop.Metrics[App, Tpm] = 24;
        loop.Marathon.Fault = http =>
        {
            if (http.Request.Method == "PUT") loop.Marathon.Remove(App);
            return Task.FromResult(false);
        };

        await loop.TickAsync();
        Assert.Equal(DecisionOutcome.Failed, Assert.Single(loop.Records()).Outcome);

        await loop.TickAsync();
        Assert.Empty(loop.State.Snapshot.Apps);
        Assert.DoesNotContain("lcm_manager_instances{", await loop.MetricsTextAsync());
    }

    [Fact]
    public async Task A_dry_run_is_noted_once_and_changes_nothing()
    {
        await using var loop = await Loop.StartAsync(Loop.Search.Replace("policy: search", "policy: search\ndryRun: true"));
        loop.Marathon.Add(App, 2);
        loop.Metrics[App, Tpm] = 24;

        for (var i = 0; i < 5; i++) await loop.TickAsync();

        Assert.Empty(loop.Marathon.Puts);
        var record = Assert.Single(loop.Records());
        Assert.Equal((DecisionOutcome.DryRun, 3), (record.Outcome, record.To));
    }

    [Fact]
    public async Task A_pause_holds_its_direction_and_survives_a_restart()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add(App, 2);
        loop.Metrics[App, Tpm] = 1;
        await loop.Pauses.PauseAsync(null, Pause.ScaleIn, "Black Friday", null, loop.Fence, default);
        await loop.KillManagerAsync();
        await loop.StartManagerAsync();

        for (var i = 0; i < 3; i++) await loop.TickAsync();

        Assert.Empty(loop.Marathon.Puts);
        var hold = Assert.Single(loop.Records());
        Assert.Equal(DecisionOutcome.Held, hold.Outcome);
        Assert.Contains("Black Friday", hold.Reason);
        Assert.Equal("pause", hold.Adjustments[^1].By);

        loop.Metrics[App, Tpm] = 24;
        await loop.TickAsync();
        Assert.Equal(3, loop.Marathon[App].Instances);

        await loop.Pauses.ResumeAsync(null, Pause.All, loop.Fence, default);
        loop.Metrics[App, Tpm] = 1;
        await loop.TickAsync();
        Assert.Equal(2, loop.Marathon[App].Instances);
    }

    [Theory]
    [InlineData(true, DecisionOutcome.Applied)]
    [InlineData(false, DecisionOutcome.Interrupted)]
    public async Task After_a_kill_between_call_and_answer_the_count_tells_what_became_of_it(bool arrived,
        DecisionOutcome outcome)
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add(App, 2);
        loop.Metrics[App, Tpm] = 24;
        var called = new TaskCompletionSource();
        loop.Marathon.Fault = FakeMarathon.OnPut(async http =>
        {
            called.SetResult();
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        await loop.TickOnlyAsync();
        await called.Task;
        await loop.KillManagerAsync();
        if (arrived) loop.Marathon[App].Instances = loop.Marathon[App].Running = 3;
        loop.Marathon.Fault = null;
        loop.Metrics[App, Tpm] = arrived ? 29 : 19;

        await loop.StartManagerAsync();
        await loop.TickAsync();

        var record = loop.Records().Single(record => record.Kind == DecisionKind.ScaleOut);
        Assert.Equal(outcome, record.Outcome);
        Assert.Contains("the manager stopped before it saw the answer", record.OutcomeReason);
        Assert.Empty(loop.Marathon.Puts);
    }

    [Fact]
    public async Task An_outcome_that_cannot_be_stored_is_stored_with_the_next_write()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add(App, 2);
        loop.Metrics[App, Tpm] = 24;
        loop.Marathon.Fault = http =>
        {
            if (http.Request.Method == "PUT") loop.Store.Failure = new StateUnavailableException("gone");
            return Task.FromResult(false);
        };
        await loop.TickAsync();
        Assert.Equal(1, loop.State.Snapshot.UnsavedOutcomes);

        loop.Store.Failure = null;
        loop.Marathon.Fault = null;
        await loop.TickAsync();

        Assert.Equal(0, loop.State.Snapshot.UnsavedOutcomes);
        await loop.KillManagerAsync();
        await loop.StartManagerAsync();
        Assert.Equal(DecisionOutcome.Applied, loop.Records().Single(record => record.Kind == DecisionKind.ScaleOut).Outcome);
    }

    [Fact]
    public async Task One_who_does_not_lead_evaluates_nothing()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add(App, 2);
        loop.Metrics[App, Tpm] = 24;
        await loop.EndAsync();

        var report = await loop.TickAsync();

        Assert.Equal(TickOutcome.NotLeading, report.Outcome);
        Assert.Empty(loop.Marathon.Requests);
    }

    [Fact]
    public async Task Those_who_ask_while_a_tick_runs_share_the_next_one()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add(App, 2);
        var release = new TaskCompletionSource();
        loop.Marathon.Fault = async _ =>
        {
            await release.Task;
            return false;
        };

        var first = loop.TickOnlyAsync();
        await Loop.Until(() => !loop.Marathon.Requests.IsEmpty, "no request came");
        var others = Enumerable.Range(0, 5).Select(_ => loop.Term.TickAsync("schedule", null)).ToList();
        release.SetResult();
        await Task.WhenAll([first, .. others]);

        Assert.Equal(2, loop.Marathon.Requests.Count);
    }

    [Fact]
    public async Task More_apps_than_records_are_kept_of_are_still_noted_once_each()
    {
        await using var loop = await Loop.StartAsync(
            Loop.Search.Replace(App, "/brownfield/*"), options => options with { KeptDecisions = 5 });
        for (var i = 0; i < 20; i++) loop.Marathon.Add($"/brownfield/app-{i}", 2);

        await loop.TickAsync();
        var writes = loop.Store.Writes;
        await loop.TickAsync();
        Assert.InRange(loop.Store.Writes - writes, 0, 15);
        writes = loop.Store.Writes;
        for (var i = 0; i < 3; i++) await loop.TickAsync();

        Assert.Equal(writes, loop.Store.Writes);
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_a_scheduler_that_hangs()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add(App, 2);
        loop.Metrics[App, Tpm] = 24;
        loop.Marathon.Fault = FakeMarathon.OnPut(http =>
            Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default));
        await loop.TickOnlyAsync();
        await Loop.Until(() => loop.Marathon.Requests.Count == 2, "it was not asked");

        var end = loop.EndAsync();
        await Loop.Until(
            () =>
            {
                loop.Time.Advance(TimeSpan.FromSeconds(1));
                return end.IsCompleted;
            },
            "it did not end");

        await end;
        Assert.Equal(DecisionOutcome.Pending, Assert.Single(loop.Records()).Outcome);
    }
}
