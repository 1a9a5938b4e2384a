using LifecycleManager.Decisions.Engine;

namespace LifecycleManager.Decisions.Tests.Engine.Islands;

/// <summary>What rules over several apps do to counts, and what they leave alone.</summary>
public sealed class CoordinationTests
{
    private const string Follow = """
        coordination: shop
        apps: { web: /shop/web, api: /shop/api }
        rules:
          - rule: the api follows the web tier
            when: web.wanted > 2 * api.wanted
            then: { api: { atLeast: web.wanted / 2 } }
        """;

    [Fact]
    public void One_tier_follows_another_before_its_own_metrics_say_so()
    {
        var shop = new Shop(Follow).Add("web", 2).Add("api", 1).Load();
        Assert.Equal("api 1, web 2", shop.Tick());
        shop.Metrics["web"] = 9;
        var decisions = shop.Decide();
        Assert.Equal(5, decisions["/shop/api"].To);
        Assert.Equal("the api follows the web tier", decisions["/shop/api"].Rule);
        Assert.Contains(
            "shop, the api follows the web tier: web.wanted 9 > 2 * api.wanted 1, at least 5",
            decisions["/shop/api"].Reason, StringComparison.Ordinal);
        Assert.Equal(
            [
                new ChainLink("/shop/web", "web", "own", "load 9 >= 0, to 9 (load 9)", "wants 9", null) { IsOwn = true },
                new ChainLink("/shop/api", "shop", "the api follows the web tier", "web.wanted 9 > 2 * api.wanted 1", "at least 5",
                    null),
            ],
            decisions["/shop/api"].Chain);
        Assert.Equal("api 5, web 9", shop.Tick());
        // What was called forth ends with what called for it.
        shop.Metrics["web"] = 2;
        Assert.Equal("api 1, web 2", shop.Tick());
    }

    [Fact]
    public void What_is_demanded_stays_within_the_bounds_and_says_so()
    {
        var shop = new Shop(Follow).Add("web", 2).Add("api", 1, max: 3).Load();
        shop.Metrics["web"] = 20;
        var decision = shop.Decide()["/shop/api"];
        Assert.Equal(3, decision.To);
        Assert.EndsWith("at least 10, within the bounds 3", decision.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_demanded_obeys_limits_and_cooldown()
    {
        var shop = new Shop(Follow).Add("web", 2).Add("api", 1, limit: "2 per 1m").Load();
        shop.Tick();
        shop.Metrics["web"] = 20;
        Assert.Equal("api 3, web 20", shop.Tick());
        Assert.Equal("api 3, web 20", shop.Tick());
        Assert.Equal("api 5, web 20", shop.Tick(60));
    }

    [Fact]
    public void A_chain_of_four_is_called_forth_in_one_tick_and_told_from_its_beginning()
    {
        var shop = new Shop("""
            coordination: chain
            apps: { a: /shop/a, b: /shop/b, c: /shop/c, d: /shop/d }
            rules:
              # The last link first: the order of the file makes no difference.
              - { rule: d follows c, when: c.wanted > d.wanted, then: { d: { atLeast: c.wanted + 1 } } }
              - { rule: c follows b, when: b.wanted > c.wanted, then: { c: { atLeast: b.wanted + 1 } } }
              - { rule: b follows a, when: a.wanted > b.wanted, then: { b: { atLeast: a.wanted + 1 } } }
            """).Add("a", 1).Add("b", 1).Add("c", 1).Add("d", 1).Load();
        shop.Tick();
        shop.Metrics["a"] = 6;
        var decisions = shop.Decide();
        Assert.Equal([6, 7, 8, 9], decisions.Values.Select(decision => decision.To));
        Assert.Equal(
            ["/shop/a wants 6", "/shop/b at least 7", "/shop/c at least 8", "/shop/d at least 9"],
            decisions["/shop/d"].Chain.Select(link => $"{link.App} {link.Effect}"));
    }

    [Fact]
    public void A_cycle_ends_at_the_maxima()
    {
        var shop = new Shop("""
            coordination: cycle
            apps: { a: /shop/a, b: /shop/b }
            rules:
              - { rule: a over b, when: b.wanted > 1, then: { a: { atLeast: b.wanted + 1 } } }
              - { rule: b over a, when: a.wanted > 1, then: { b: { atLeast: a.wanted + 1 } } }
            """).Add("a", 1, max: 500).Add("b", 1, max: 300).Load();
        Assert.Equal("a 1, b 1", shop.Tick());
        shop.Metrics["a"] = 2;
        Assert.Equal("a 301, b 300", shop.Tick());
        Assert.True(shop.Decide()["/shop/a"].Chain.Count <= 50);
        shop.Metrics["a"] = 1;
        Assert.Equal("a 1, b 1", shop.Tick());
    }

    [Fact]
    public void A_cycle_of_at_most_takes_one_step_a_tick_and_never_passes_the_minimum()
    {
        var shop = new Shop("""
            coordination: cycle
            apps: { a: /shop/a, b: /shop/b }
            rules:
              - { rule: a under b, when: b.wanted > 0, then: { a: { atMost: b.instances - 1 } } }
              - { rule: b under a, when: a.wanted > 0, then: { b: { atMost: a.instances - 1 } } }
            """).Add("a", 4, min: 2).Add("b", 4, min: 1).Load();
        Assert.Equal("a 3, b 3", shop.Tick());
        for (var i = 0; i < 30; i++) shop.Tick(60);
        Assert.Equal("a 2, b 1", shop.Tick(60));
    }

    [Fact]
    public void Two_coordinations_that_pull_apart_are_settled_for_being_there_and_the_loser_is_told()
    {
        var shop = new Shop("""
            coordination: more
            apps: { api: /shop/api }
            rules:
              - { rule: enough, when: api.instances > 0, then: { api: { atLeast: 6 } } }
            ---
            coordination: less
            apps: { api: /shop/api }
            rules:
              - { rule: thrift, when: api.instances > 0, then: { api: { atMost: 3 } } }
            """).Add("api", 4).Load();
        var decision = shop.Decide()["/shop/api"];
        Assert.Equal(6, decision.To);
        Assert.Equal(
            [("enough", null), ("thrift", "at least 6 wins")],
            decision.Chain.Select(link => (link.Rule, link.Outcome)));
    }

    [Fact]
    public void Of_two_demands_the_higher_wins_whatever_the_order_of_files_and_apps()
    {
        const string Two = """
            coordination: {0}
            apps: {{ api: /shop/api }}
            rules:
              - {{ rule: r, when: api.instances > 0, then: {{ api: {{ atLeast: {1} }} }} }}
            ---

            """;
        foreach (var (first, second) in new[] { (("a", 4), ("b", 7)), (("b", 7), ("a", 4)) })
        {
            var shop = new Shop(string.Format(null, Two, first.Item1, first.Item2)
                + string.Format(null, Two, second.Item1, second.Item2)).Add("api", 2).Load();
            var decision = shop.Decide()["/shop/api"];
            Assert.Equal(7, decision.To);
            Assert.Contains("b, r:", decision.Reason, StringComparison.Ordinal);
            Assert.Equal("at least 7 wins", Assert.Single(decision.Chain, link => link.By == "a").Outcome);
        }
    }

    [Fact]
    public void A_hold_stops_its_direction_and_no_other()
    {
        var shop = new Shop("""
            coordination: shop
            apps: { web: /shop/web, api: /shop/api }
            rules:
              - rule: nothing behind a growing tier shrinks
                when: web.wanted > web.instances
                then: { api: { hold: scaleIn } }
            """).Add("web", 2).Add("api", 5).Load();
        shop.Applies = false;
        shop.Metrics["web"] = 4;
        shop.Metrics["api"] = 2;
        var held = shop.Decide()["/shop/api"];
        Assert.Equal(5, held.To);
        Assert.Contains("web.wanted 4 > web.instances 2, no scale-in", held.Reason, StringComparison.Ordinal);
        shop.Metrics["api"] = 9;
        Assert.Equal(9, shop.Decide()["/shop/api"].To);
        shop.Metrics["api"] = 2;
        shop.Metrics["web"] = 2;
        Assert.Equal(2, shop.Decide()["/shop/api"].To);
    }

    [Fact]
    public void Batch_makes_room_one_at_a_time_and_waits_until_it_is_taken_or_a_minute_has_passed()
    {
        var shop = new Shop("""
            coordination: shop
            apps: { web: /shop/web, batch: '/shop/batch-*' }
            rules:
              - rule: batch makes room for what customers use
                when: cluster.waiting > 0 and batch.priority < web.priority
                then: { batch: { atMost: batch.instances - 1 } }
            """).Add("web", 4, priority: 10).Add("batch-a", 5).Add("batch-vip", 3, priority: 20).Load();
        Assert.Equal("batch-a 5, batch-vip 3, web 4", shop.Tick());
        shop.Wait("web", 2);
        Assert.Equal("batch-a 4, batch-vip 3, web 4", shop.Tick());
        // Its own rule wants 5 still; the room is not taken yet.
        var waiting = shop.Decide(20);
        Assert.Equal(4, waiting["/shop/batch-a"].To);
        Assert.Contains("waits for it to be taken", waiting["/shop/batch-a"].Reason, StringComparison.Ordinal);
        Assert.Equal("batch-a 4, batch-vip 3, web 4", shop.Tick());
        // One has taken it, one waits: another step at once.
        shop.Wait("web", 1);
        Assert.Equal("batch-a 3, batch-vip 3, web 4", shop.Tick());
        // Nobody takes it: another step after a minute.
        Assert.Equal("batch-a 3, batch-vip 3, web 4", shop.Tick(59));
        Assert.Equal("batch-a 2, batch-vip 3, web 4", shop.Tick(1));
        shop.Wait("web", 0);
        Assert.Equal("batch-a 5, batch-vip 3, web 4", shop.Tick());
    }

    [Fact]
    public void What_waits_of_lower_priority_makes_nobody_give_way()
    {
        var shop = new Shop("""
            coordination: shop
            apps: { batch: /shop/batch }
            rules:
              - { rule: room, when: cluster.waiting > 0, then: { batch: { atMost: batch.instances - 1 } } }
            """).Add("batch", 5, priority: 5).AddFree("idle", 3, priority: 1).AddFree("equal", 3, priority: 5).Load();
        shop.Wait("idle", 2);
        shop.Wait("equal", 2);
        Assert.Equal("batch 5, equal 3, idle 3", shop.Tick());
    }

    [Fact]
    public void A_metric_that_no_policy_has_is_unknown_and_told()
    {
        var shop = new Shop(Follow.Replace("web.wanted > 2", "web.laod > 2", StringComparison.Ordinal)).Add("web", 8).Add("api", 3)
            .AddFree("free", 1).Load();
        Assert.Equal("api 3, free 1, web 8", shop.Tick());
        var problem = Assert.Single(shop.Engine.CoordinationProblems);
        Assert.Contains("reads web.laod, which stays unknown: the policy 'web' of /shop/web has no metric 'laod'", problem,
            StringComparison.Ordinal);
        Assert.Contains("'load'", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void An_app_that_is_not_there_demands_nothing_and_is_told()
    {
        var shop = new Shop(Follow).Add("web", 8).Add("api", 4).Load();
        Assert.Equal("api 4, web 8", shop.Tick());
        shop.Remove("web");
        Assert.Equal("api 4", shop.Tick());
        Assert.Contains("has no app 'web' at the moment: /shop/web", Assert.Single(shop.Engine.CoordinationProblems),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Half_of_the_metrics_grow_by_what_is_known_and_shrink_nothing()
    {
        var shop = new Shop(Follow).Add("web", 8).Add("api", 4).Load();
        Assert.Equal("api 4, web 8", shop.Tick());
        // The web tier's own metric is gone: it stays at 8 and may want more. The api wants to shrink, and must not.
        shop.Metrics.Clear("web");
        shop.Metrics["api"] = 1;
        var decision = shop.Decide()["/shop/api"];
        Assert.Equal(4, decision.To);
        Assert.Equal("api 4, web 8", shop.Tick());
        // What the api's own metric says still counts for more.
        shop.Metrics["api"] = 6;
        Assert.Equal("api 6, web 8", shop.Tick());
        // And one whose own metrics are missing follows others all the same.
        shop.Metrics["web"] = 20;
        shop.Metrics.Clear("api");
        Assert.Equal("api 10, web 20", shop.Tick());
        shop.Metrics["web"] = 2;
        Assert.Equal("api 10, web 2", shop.Tick());
    }

    [Fact]
    public void A_metric_of_another_app_may_be_read_and_unknown_it_holds()
    {
        var shop = new Shop("""
            coordination: shop
            apps: { web: /shop/web, api: /shop/api }
            rules:
              - { rule: busy, when: web.load > 10, then: { api: { atLeast: 5 } } }
            """).Add("web", 2).Add("api", 2).Load();
        shop.Metrics["web"] = 12;
        Assert.Equal("api 5, web 12", shop.Tick());
        shop.Metrics.Clear("web");
        var decision = shop.Decide()["/shop/api"];
        Assert.Equal(5, decision.To);
        Assert.Contains("web.load ? > 10 is unknown, no scale-in while that is unknown", decision.Reason, StringComparison.Ordinal);
        shop.Metrics["web"] = 2;
        Assert.Equal("api 2, web 2", shop.Tick());
    }

    [Fact]
    public void A_name_for_several_apps_is_each_of_them_and_joins_are_over_all()
    {
        var shop = new Shop("""
            coordination: shop
            apps: { shard: '/shop/shard-*', router: /shop/router }
            rules:
              - { rule: sum, when: sum(shard.wanted) > 4, then: { router: { atLeast: sum(shard.wanted) / count(shard) + 1 } } }
              - { rule: spread, when: max(shard.wanted) > 2 * shard.wanted, then: { shard: { atLeast: max(shard.wanted) / 2 } } }
            """).Add("router", 1).Add("shard-a", 1).Add("shard-b", 1).Load();
        Assert.Equal("router 1, shard-a 1, shard-b 1", shop.Tick());
        shop.Metrics["shard-a"] = 8;
        // shard-b is lifted to half of shard-a, and the router follows both.
        Assert.Equal("router 7, shard-a 8, shard-b 4", shop.Tick());
    }

    [Fact]
    public void What_an_app_depends_on_is_named_by_the_dependencies_of_the_apps()
    {
        var shop = new Shop("""
            coordination: shop
            apps: { web: /shop/web, behind: { dependenciesOf: web } }
            rules:
              - { rule: nothing behind a growing tier shrinks, when: web.wanted > web.instances, then: { behind: { hold: scaleIn } } }
            """).Add("web", 2, dependencies: "api").Add("api", 5, dependencies: "db").Add("db", 5).Add("other", 5).Load();
        shop.Metrics["web"] = 4;
        foreach (var name in new[] { "api", "db", "other" }) shop.Metrics[name] = 1;
        Assert.Equal("api 5, db 5, other 1, web 4", shop.Tick());
        Assert.Equal("api 1, db 1, other 1, web 4", shop.Tick());
    }

    [Fact]
    public void An_app_without_a_policy_is_read_and_never_set()
    {
        var shop = new Shop("""
            coordination: shop
            apps: { web: /shop/web, api: /shop/api }
            rules:
              - { rule: lift, when: web.wanted > 1, then: { api: { atLeast: web.wanted }, web: { atLeast: api.wanted + 1 } } }
            """).Add("web", 2).AddFree("api", 3).Load();
        Assert.Equal("api 3, web 4", shop.Tick());
    }

    [Fact]
    public void An_app_that_was_switched_off_stays_off()
    {
        var shop = new Shop(Follow).Add("web", 8).Add("api", 0).Load();
        Assert.Equal("api 0, web 8", shop.Tick());
        Assert.Contains("suspended", shop.Decide()["/shop/api"].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dry_run_calls_forth_dry_runs_alone()
    {
        // The web tier's policy only watches: what it wants is not what is done.
        var shop = new Shop(Follow).Add("web", 2, more: "dryRun: true").Add("api", 1).Load();
        shop.Metrics["web"] = 12;
        var decisions = shop.Decide();
        Assert.Equal((12, true), (decisions["/shop/web"].To, decisions["/shop/web"].DryRun));
        Assert.Equal(1, decisions["/shop/api"].To);
        Assert.Equal("dry run", decisions["/shop/api"].Chain[^1].Outcome);

        // The other way round: the one that only watches shows what it would be lifted to.
        shop = new Shop(Follow).Add("web", 2).Add("api", 1, more: "dryRun: true").Load();
        shop.Metrics["web"] = 12;
        decisions = shop.Decide();
        Assert.Equal((6, true), (decisions["/shop/api"].To, decisions["/shop/api"].DryRun));

        // And a coordination that only watches changes nothing.
        shop = new Shop(Follow + "\ndryRun: true").Add("web", 2).Add("api", 1).Load();
        shop.Metrics["web"] = 12;
        Assert.Equal("api 1, web 12", shop.Tick());
        Assert.Equal("dry run", shop.Decide()["/shop/api"].Chain[^1].Outcome);
    }

    [Fact]
    public void Whoever_is_tied_to_an_app_that_is_decided_is_decided_with_it()
    {
        var shop = new Shop(Follow).Add("web", 2).Add("api", 1).Add("other", 1).Load();
        shop.Tick();
        shop.Metrics["web"] = 8;
        var decisions = shop.Decide(5, "web");
        Assert.Equal(["/shop/api", "/shop/web"], decisions.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(4, decisions["/shop/api"].To);
    }

    [Fact]
    public void A_rule_that_fails_holds_its_island_and_the_next_tick_begins_anew()
    {
        var shop = new Shop("""
            coordination: endless
            apps: { a: /shop/a, b: /shop/b }
            rules:
              - { rule: a over b, when: b.wanted > 1, then: { a: { atLeast: b.wanted + 1 } } }
              - { rule: b over a, when: a.wanted > 1, then: { b: { atLeast: a.wanted + 1 } } }
            """).Add("a", 1, max: 100_000).Add("b", 1, max: 100_000).Add("other", 1).Load();
        shop.Metrics["a"] = 2;
        shop.Metrics["other"] = 2;
        var decisions = shop.Decide();
        Assert.Equal(["/shop/other"], decisions.Keys);
        Assert.Contains("did not settle", shop.Faults["/shop/b"].Message, StringComparison.Ordinal);
        shop.Metrics["a"] = 1;
        Assert.Equal("a 1, b 1, other 2", shop.Tick());
        Assert.Empty(shop.Faults);
    }

    [Fact]
    public void A_quiet_island_is_not_evaluated_again_and_says_the_same_object()
    {
        var shop = new Shop(Follow).Add("web", 8).Add("api", 4).Load();
        shop.Tick();
        var before = shop.Decide()["/shop/api"];
        Assert.Same(before, shop.Decide()["/shop/api"]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Any_order_of_apps_a_fresh_engine_and_a_successor_say_the_same(int seed)
    {
        var random = new Random(seed);
        Shop Make(bool reverses) => new Shop("""
            coordination: shop
            apps: { web: /shop/web, api: /shop/api, batch: '/shop/batch-*' }
            rules:
              - { rule: follows, when: web.wanted > 2 * api.wanted, then: { api: { atLeast: web.wanted / 2 } } }
              - { rule: under, when: api.wanted < 5, then: { 'batch': { atLeast: 3 } } }
              - { rule: thrift, when: sum(batch.wanted) > 6, then: { batch: { atMost: 3 } } }
            ---
            budget: all
            apps: /shop/*
            instances: 22
            """)
        { Reverses = reverses, Applies = false }.Add("web", 2, priority: 5).Add("api", 1, priority: 4).Add("batch-a", 1).Add("batch-b", 1).Load();

        var (one, other) = (Make(false), Make(true));
        for (var tick = 0; tick < 200; tick++)
        {
            foreach (var name in new[] { "web", "api", "batch-a", "batch-b" })
            {
                var (load, isMissing) = (random.Next(12), random.Next(6) == 0);
                foreach (var shop in new[] { one, other })
                {
                    shop.Metrics[name] = load;
                    if (isMissing) shop.Metrics.Clear(name);
                }
            }

            var fresh = Make(false);
            foreach (var name in new[] { "web", "api", "batch-a", "batch-b" }) fresh[name] = other[name] = one[name];
            var decisions = one.Decide();
            var others = other.Decide();
            Assert.Equal(
                decisions.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(Text),
                others.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(Text));
            foreach (var (id, decision) in decisions) one[id["/shop/".Length..]] = decision.To;
        }

        static string Text(KeyValuePair<string, Decision> pair) =>
            $"{pair.Key} {pair.Value.From} -> {pair.Value.To}: {pair.Value.Reason} | "
            + string.Join("; ", pair.Value.Chain);
    }
}
