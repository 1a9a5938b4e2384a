using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Status;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Tests.Evaluation;

public sealed class EvaluationOwnerTests
{
    private const string App = "/brownfield/search";
    private const string Tpm = "gauge.servo.tpm";

    [Fact]
    public async Task A_metric_over_its_threshold_scales_out_and_the_record_says_why()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;

        var report = await term.TickAsync();

        Assert.Equal(TickOutcome.Ok, report.Outcome);
        var put = Assert.Single(term.Marathon.Puts);
        Assert.Equal("""{"instances":3}""", put.Body);
        Assert.Equal("policy search", put.Owner);
        Assert.False(put.Force);
        var record = Assert.Single(term.Records());
        Assert.Equal(DecisionOutcome.Applied, record.Outcome);
        Assert.Equal((2, 3, DecisionKind.ScaleOut, "too many transactions"), (record.From, record.To, record.Kind, record.Rule));
        Assert.Contains("24", record.Reason);
        Assert.NotNull(record.Deployment);
        Assert.Contains(
            "lcm_manager_decisions_total{app=\"/brownfield/search\",policy=\"search\",rule=\"too many transactions\","
            + "kind=\"scale_out\"} 1",
            await term.MetricsTextAsync());
    }

    [Fact]
    public async Task The_reason_is_stored_before_the_scheduler_is_asked()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        var stored = -1;
        term.Marathon.Fault = FakeMarathon.OnPut(async http =>
        {
            stored = await term.Store.ListAsync(StoredDecisions.Prefix).CountAsync();
            await term.Marathon.PutAsync(http, App);
        });

        await term.TickAsync();

        Assert.Equal(1, stored);
    }

    [Fact]
    public async Task Where_the_reason_cannot_be_stored_nothing_is_changed()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        term.Store.Failure = new StateUnavailableException("the disk is full");

        var report = await term.TickAsync();

        Assert.Equal(TickOutcome.StoreUnavailable, report.Outcome);
        Assert.Contains("the disk is full", report.Problem);
        Assert.Empty(term.Marathon.Puts);

        term.Store.Failure = null;
        await term.TickAsync();
        Assert.Single(term.Marathon.Puts);
        Assert.Single(await term.Store.ListAsync(StoredDecisions.Prefix).ToListAsync());
    }

    [Fact]
    public async Task Without_the_scheduler_nothing_is_decided_and_it_is_said()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        term.Marathon.Fault = async http =>
        {
            await FakeMarathon.Json(http, 500, new System.Text.Json.Nodes.JsonObject { ["message"] = "no database" });
            return true;
        };

        var report = await term.TickAsync();

        Assert.Equal(TickOutcome.TargetUnavailable, report.Outcome);
        Assert.Contains("500: no database", report.Problem);
        Assert.Empty(term.Marathon.Puts);
        Assert.Empty(term.Records());
        Assert.Contains("lcm_manager_target_up 0", await term.MetricsTextAsync());
    }

    [Fact]
    public async Task Without_fresh_metrics_the_count_is_held_once_on_record_and_shown()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);

        for (var i = 0; i < 5; i++) await term.TickAsync();

        Assert.Empty(term.Marathon.Puts);
        var hold = Assert.Single(term.Records());
        Assert.Equal(DecisionOutcome.Held, hold.Outcome);
        Assert.True(term.State.Snapshot.Apps[App].MetricsMissing);
        var text = await term.MetricsTextAsync();
        Assert.Contains("lcm_manager_policy_held{app=\"/brownfield/search\",policy=\"search\"} 1", text);
        Assert.Contains("lcm_manager_instances_max{app=\"/brownfield/search\"} 10", text);
        Assert.DoesNotContain("lcm_manager_metric_value{", text);
    }

    [Fact]
    public async Task A_locked_app_is_postponed_and_the_same_record_is_applied_later()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2).Deployment = "someone-elses";
        term.Metrics[App, Tpm] = 24;

        await term.TickAsync();
        await term.TickAsync();

        Assert.All(term.Marathon.Puts, put => Assert.False(put.Force));
        var postponed = Assert.Single(term.Records());
        Assert.Equal(DecisionOutcome.Postponed, postponed.Outcome);
        Assert.Equal("locked by deployment someone-elses", postponed.OutcomeReason);
        Assert.Equal(2, postponed.Attempts);

        term.Marathon.FinishDeployments();
        await term.TickAsync();

        var applied = Assert.Single(term.Records());
        Assert.Equal((postponed.Id, DecisionOutcome.Applied, 3), (applied.Id, applied.Outcome, term.Marathon[App].Instances));
    }

    [Fact]
    public async Task Our_own_deployment_that_waits_for_room_gives_way_to_a_newer_count()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.SlowDeployments = true;
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        await term.TickAsync();
        var own = term.Marathon[App].Deployment;

        term.Metrics[App, Tpm] = 1;
        await term.TickAsync();

        Assert.Equal(2, term.Marathon[App].Instances);
        Assert.NotEqual(own, term.Marathon[App].Deployment);
        Assert.True(term.Marathon.Puts.Last().Force);
        Assert.Contains(own!, term.Records()[0].OutcomeReason);
    }

    [Fact]
    public async Task A_change_that_is_refused_is_tried_again_less_and_less_often()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        term.Marathon.Fault = FakeMarathon.OnPut(http => FakeMarathon.Json(http, 422, System.Text.Json.Nodes.JsonNode.Parse(
            """{"message":"Object is not valid","details":[{"path":"/instances","errors":["too many"]}]}""")!));

        for (var i = 0; i < 24; i++) await term.TickAsync();

        // In two minutes: at 0, 5, 15, 35, 75 s.
        var record = Assert.Single(term.Records());
        Assert.Equal(DecisionOutcome.Failed, record.Outcome);
        Assert.Equal("Object is not valid; /instances: too many", record.OutcomeReason);
        Assert.Equal(5, record.Attempts);
        Assert.Contains("lcm_manager_scale_failures_total{app=\"/brownfield/search\",reason=\"refused\"} 5",
            await term.MetricsTextAsync());
    }

    [Fact]
    public async Task A_change_whose_answer_is_lost_is_confirmed_by_reading_back()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        term.Marathon.Fault = FakeMarathon.OnPut(http =>
        {
            term.Marathon.Puts.Enqueue(new FakeMarathon.Put(App, "", false, null));
            term.Marathon[App].Instances = 3;
            http.Abort();
            return Task.CompletedTask;
        });

        await term.TickAsync();

        Assert.Single(term.Marathon.Puts);
        var record = Assert.Single(term.Records());
        Assert.Equal(DecisionOutcome.Applied, record.Outcome);
        Assert.Contains("confirmed by reading back", record.OutcomeReason);
    }

    [Fact]
    public async Task A_call_that_hangs_holds_up_no_other_app_and_is_not_doubled()
    {
        await using var term = await TermUnderTest.StartAsync(TermUnderTest.Search.Replace(App, "/brownfield/*"));
        term.Marathon.Add(App, 2);
        term.Marathon.Add("/brownfield/website", 2);
        term.Metrics[App, Tpm] = 24;
        term.Metrics["/brownfield/website", Tpm] = 15;
        var release = new TaskCompletionSource();
        term.Marathon.Fault = async http =>
        {
            if (http.Request.Method != "PUT" || http.Request.Path != "/v2/apps" + App) return false;
            await release.Task;
            return false;
        };

        await term.TickOnlyAsync();
        await term.TickOnlyAsync();
        term.Metrics["/brownfield/website", Tpm] = 24;
        var third = await term.TickOnlyAsync();

        Assert.Equal(1, third.Changes);
        await Eventually.TrueAsync(() => term.Marathon["/brownfield/website"].Instances == 3);
        Assert.Single(term.Marathon.Requests, request => request == "PUT /v2/apps" + App);
        Assert.True(term.State.Snapshot.Apps[App].InFlight);
        release.SetResult();
        await term.SettledAsync();
        Assert.Equal(3, term.Marathon[App].Instances);
        Assert.Single(term.Records(App));
    }

    [Fact]
    public async Task What_was_read_before_a_change_came_into_force_decides_nothing()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 200;
        var hold = new TaskCompletionSource();
        var readers = 0;
        term.Marathon.Fault = async http =>
        {
            if (http.Request.Method == "PUT") await hold.Task;
            if (http.Request.Path != "/v2/apps" || Interlocked.Increment(ref readers) != 2) return false;

            // The second tick's list is old by the time it arrives: the change of the first has come into force.
            var old = new System.Text.Json.Nodes.JsonObject
            {
                ["apps"] = new System.Text.Json.Nodes.JsonArray(term.Marathon[App].ToJson()),
            };
            hold.SetResult();
            await Eventually.TrueAsync(() => term.Term.InFlight == 0);
            await FakeMarathon.Json(http, 200, old);
            return true;
        };

        await term.TickOnlyAsync();
        await term.TickOnlyAsync();

        Assert.Single(term.Records());
        Assert.Single(term.Marathon.Puts);
    }

    [Fact]
    public async Task An_app_that_vanishes_mid_tick_fails_alone_and_takes_its_gauges_with_it()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        term.Marathon.Fault = http =>
        {
            if (http.Request.Method == "PUT") term.Marathon.Remove(App);
            return Task.FromResult(false);
        };

        await term.TickAsync();
        Assert.Equal(DecisionOutcome.Failed, Assert.Single(term.Records()).Outcome);

        await term.TickAsync();
        Assert.Empty(term.State.Snapshot.Apps);
        Assert.DoesNotContain("lcm_manager_instances{", await term.MetricsTextAsync());
    }

    [Fact]
    public async Task A_dry_run_is_noted_once_and_changes_nothing()
    {
        await using var term =
            await TermUnderTest.StartAsync(TermUnderTest.Search.Replace("policy: search", "policy: search\ndryRun: true"));
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;

        for (var i = 0; i < 5; i++) await term.TickAsync();

        Assert.Empty(term.Marathon.Puts);
        var record = Assert.Single(term.Records());
        Assert.Equal((DecisionOutcome.DryRun, 3), (record.Outcome, record.To));
    }

    [Fact]
    public async Task A_pause_holds_its_direction_and_survives_a_restart()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 1;
        await term.Pauses.PauseAsync(null, Pause.ScaleIn, "Black Friday", null, term.Fence, default);
        await term.KillManagerAsync();
        await term.StartManagerAsync();

        for (var i = 0; i < 3; i++) await term.TickAsync();

        Assert.Empty(term.Marathon.Puts);
        var hold = Assert.Single(term.Records());
        Assert.Equal(DecisionOutcome.Held, hold.Outcome);
        Assert.Contains("Black Friday", hold.Reason);
        Assert.Equal("pause", hold.Adjustments[^1].By);

        term.Metrics[App, Tpm] = 24;
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[App].Instances);

        await term.Pauses.ResumeAsync(null, Pause.All, term.Fence, default);
        term.Metrics[App, Tpm] = 1;
        await term.TickAsync();
        Assert.Equal(2, term.Marathon[App].Instances);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_a_kill_between_call_and_answer_the_count_tells_what_became_of_it(bool arrived)
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        var called = new TaskCompletionSource();
        term.Marathon.Fault = FakeMarathon.OnPut(async http =>
        {
            called.SetResult();
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        await term.TickOnlyAsync();
        await called.Task;
        await term.KillManagerAsync();
        if (arrived) term.Marathon[App].Instances = term.Marathon[App].Running = 3;
        term.Marathon.Fault = null;
        term.Metrics[App, Tpm] = arrived ? 29 : 19;

        await term.StartManagerAsync();
        await term.TickAsync();

        var record = term.Records().Single(record => record.Kind == DecisionKind.ScaleOut);
        Assert.Equal(arrived ? DecisionOutcome.Applied : DecisionOutcome.Interrupted, record.Outcome);
        Assert.Contains("the manager stopped before it saw the answer", record.OutcomeReason);
        Assert.Empty(term.Marathon.Puts);
    }

    [Fact]
    public async Task A_count_that_a_person_sets_between_reading_and_writing_stays_and_is_decided_from()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        var isFirst = true;
        term.Marathon.Fault = http =>
        {
            if (http.Request.Method != "PUT" || !isFirst) return Task.FromResult(false);
            isFirst = false;
            term.Marathon[App].Instances = term.Marathon[App].Running = 10;
            return Task.FromResult(false);
        };

        await term.TickOnlyAsync();

        // It is decided again without waiting for the next tick: 24 transactions are few for 10 instances.
        await Eventually.TrueAsync(() => term.Marathon[App].Instances == 9);
        await term.SettledAsync();
        var records = term.Records();
        Assert.Equal((2, 3, DecisionOutcome.Outdated), (records[1].From, records[1].To, records[1].Outcome));
        Assert.Equal("the count is 10, the decision was made from 2; it is decided again", records[1].OutcomeReason);
        Assert.Equal((10, 9, DecisionOutcome.Applied), (records[0].From, records[0].To, records[0].Outcome));
        Assert.Equal(2, term.Marathon.Puts.Count);
    }

    [Fact]
    public async Task Who_sets_a_count_again_and_again_does_not_keep_the_manager_busy()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 1000;
        term.Marathon.Fault = http =>
        {
            if (http.Request.Method == "PUT")
                term.Marathon[App].Running = term.Marathon[App].Instances = 7 - term.Marathon[App].Instances;
            return Task.FromResult(false);
        };

        for (var i = 1; i <= 3; i++)
        {
            await term.TickOnlyAsync();
            await Eventually.TrueAsync(() => term.Marathon.Puts.Count == 2 * i);
            await term.SettledAsync();
        }

        Assert.All(term.Records(), record => Assert.Equal(DecisionOutcome.Outdated, record.Outcome));
    }

    [Fact]
    public async Task An_app_that_is_made_anew_between_reading_and_writing_is_not_scaled_by_what_the_old_one_did()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        term.Marathon.Fault = http =>
        {
            if (http.Request.Method == "PUT" && term.Marathon.Puts.IsEmpty)
            {
                term.Marathon.Remove(App);
                term.Marathon.Add(App, 2);
                term.Metrics[App, Tpm] = 15;
            }

            return Task.FromResult(false);
        };

        await term.TickAsync();
        await term.TickAsync();

        Assert.Equal(2, term.Marathon[App].Instances);
        var record = Assert.Single(term.Records(), record => record.Kind == DecisionKind.ScaleOut);
        Assert.Equal("it was deleted and made anew since the decision was made; it is decided again", record.OutcomeReason);
    }

    [Fact]
    public async Task An_outcome_that_cannot_be_stored_is_stored_with_the_next_write()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        term.Marathon.Fault = http =>
        {
            if (http.Request.Method == "PUT") term.Store.Failure = new StateUnavailableException("gone");
            return Task.FromResult(false);
        };
        await term.TickAsync();
        Assert.Equal(1, term.State.Snapshot.UnsavedOutcomes);

        term.Store.Failure = null;
        term.Marathon.Fault = null;
        await term.TickAsync();

        Assert.Equal(0, term.State.Snapshot.UnsavedOutcomes);
        await term.KillManagerAsync();
        await term.StartManagerAsync();
        Assert.Equal(DecisionOutcome.Applied, term.Records().Single(record => record.Kind == DecisionKind.ScaleOut).Outcome);
    }

    [Fact]
    public async Task One_who_does_not_lead_evaluates_nothing()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        await term.EndAsync();

        var report = await term.TickAsync();

        Assert.Equal(TickOutcome.NotLeading, report.Outcome);
        Assert.Empty(term.Marathon.Requests);
    }

    [Fact]
    public async Task Those_who_ask_while_a_tick_runs_share_the_next_one()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        var release = new TaskCompletionSource();
        term.Marathon.Fault = async _ =>
        {
            await release.Task;
            return false;
        };

        var first = term.TickOnlyAsync();
        await Eventually.TrueAsync(() => !term.Marathon.Requests.IsEmpty);
        var others = Enumerable.Range(0, 5).Select(_ => term.Term.TickAsync("schedule", null)).ToList();
        release.SetResult();
        await Task.WhenAll([first, .. others]);

        Assert.Equal(2, term.Marathon.Requests.Count);
    }

    [Fact]
    public async Task More_apps_than_records_are_kept_of_are_still_noted_once_each()
    {
        await using var term = await TermUnderTest.StartAsync(
            TermUnderTest.Search.Replace(App, "/brownfield/*"), options => options with { KeptDecisions = 5 });
        for (var i = 0; i < 20; i++) term.Marathon.Add($"/brownfield/app-{i}", 2);

        await term.TickAsync();
        var writes = 0;
        term.Store.OnWrite = batch =>
            writes += batch.Count(write => write.Key.StartsWith(StoredDecisions.Prefix, StringComparison.Ordinal));
        await term.TickAsync();
        Assert.InRange(writes, 0, 15);
        writes = 0;
        for (var i = 0; i < 3; i++) await term.TickAsync();

        Assert.Equal(0, writes);
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_a_scheduler_that_hangs()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        term.Marathon.Fault = FakeMarathon.OnPut(http =>
            Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default));
        await term.TickOnlyAsync();
        await Eventually.TrueAsync(() => term.Marathon.Requests.Count == 2);

        var end = term.EndAsync();
        await Eventually.TrueAsync(
            () =>
            {
                term.Time.Advance(TimeSpan.FromSeconds(1));
                return end.IsCompleted;
            },
            "it did not end");

        await end;
        Assert.Equal(DecisionOutcome.Pending, Assert.Single(term.Records()).Outcome);
    }
}
