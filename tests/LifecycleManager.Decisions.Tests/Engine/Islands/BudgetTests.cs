using LifecycleManager.Decisions.Engine;

namespace LifecycleManager.Decisions.Tests.Engine.Islands;

/// <summary>How a budget is shared.</summary>
public sealed class BudgetTests
{
    private const string Ten = """
        budget: shop
        apps: /shop/*
        instances: 10
        """;

    [Fact]
    public void The_higher_priority_is_served_first_as_the_others_make_room()
    {
        var shop = new Shop(Ten).Add("web", 3, priority: 5).Add("batch", 7).Load();
        shop.Metrics["web"] = 6;
        // Nobody grows into what is in use: first batch gives way.
        var decisions = shop.Decide();
        Assert.Equal((3, 4), (decisions["/shop/web"].To, decisions["/shop/batch"].To));
        Assert.Contains("at most 4 within the budget shop: 10 of 10 instances in use", decisions["/shop/batch"].Reason,
            StringComparison.Ordinal);
        Assert.Equal("batch 4, web 3", shop.Tick());
        Assert.Equal("batch 4, web 6", shop.Tick());
    }

    [Fact]
    public void Within_one_priority_each_has_the_same_share_of_what_it_wants()
    {
        var shop = new Shop(Ten).Add("a", 1).Add("b", 1).Load();
        shop.Metrics["a"] = 15;
        shop.Metrics["b"] = 5;
        Assert.Equal("a 7, b 3", shop.Tick());
    }

    [Fact]
    public void A_budget_below_the_sum_of_the_minima_keeps_the_minima_and_lets_nothing_grow()
    {
        var shop = new Shop(Ten).Add("a", 6, min: 6).Add("b", 6, min: 6).Load();
        shop.Metrics["a"] = 9;
        Assert.Equal("a 6, b 6", shop.Tick());
        Assert.Contains("12 of 10 instances in use", shop.Decide()["/shop/a"].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Cores_are_counted_by_what_each_instance_takes()
    {
        var shop = new Shop("""
            budget: cores
            apps: /shop/*
            cpus: 8
            """).Add("big", 1, priority: 2, cpus: 2).Add("small", 1, cpus: 0.5).Load();
        shop.Metrics["big"] = 3;
        shop.Metrics["small"] = 9;
        Assert.Equal("big 3, small 4", shop.Tick());
    }

    [Fact]
    public void What_an_instance_takes_and_nobody_knows_lets_nothing_grow()
    {
        var shop = new Shop("""
            budget: cores
            apps: /shop/*
            cpus: 8
            """).Add("a", 2).Add("b", 2, cpus: double.NaN).Load();
        shop.Metrics["a"] = 4;
        Assert.Equal("a 2, b 2", shop.Tick());
        Assert.Contains("what an instance of /shop/b takes is unknown", shop.Decide()["/shop/a"].Reason, StringComparison.Ordinal);
        shop.Metrics["a"] = 1;
        Assert.Equal("a 1, b 2", shop.Tick());
    }

    private const string Money = """
        budget: money
        apps: /shop/*
        cost: 2.40
        """;

    [Fact]
    public void Money_is_counted_by_the_price_of_each_instance()
    {
        var shop = new Shop(Money).Add("big", 1, priority: 2, price: "0.5").Add("small", 1, price: "0.1").Load();
        shop.Metrics["big"] = 4;
        shop.Metrics["small"] = 9;
        Assert.Equal("big 4, small 4", shop.Tick());
        Assert.Contains("at most 4 within the budget money: 2.4 of 2.4 an hour in use", shop.Decide()["/shop/small"].Reason,
            StringComparison.Ordinal);
        var use = shop.Engine.BudgetUses().Single();
        Assert.Equal((8.0, 8.0, null), (use.Instances, use.Cpus, use.Memory));
        Assert.Equal(2.4, use.Cost!.Value, 9);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("cheap")]
    [InlineData("-1")]
    [InlineData("1e3")]
    [InlineData("NaN")]
    public void A_price_that_nobody_can_tell_lets_nothing_grow_and_is_no_amount(string? price)
    {
        var shop = new Shop(Money).Add("a", 2, price: "0.1").Add("b", 2, price: price).Load();
        shop.Metrics["a"] = 4;
        Assert.Equal("a 2, b 2", shop.Tick());
        Assert.Contains("what an instance of /shop/b costs is unknown: it has no label lcm.price",
            shop.Decide()["/shop/a"].Reason, StringComparison.Ordinal);
        Assert.Null(shop.Engine.BudgetUses().Single().Cost);
        Assert.Equal(4, shop.Engine.BudgetUses().Single().Instances);
    }

    [Fact]
    public void A_budget_without_any_app_is_not_used()
    {
        var shop = new Shop("budget: none\napps: /other/*\ncost: 1").Add("a", 2).Load();
        shop.Decide();
        Assert.Equal((0, 0), (shop.Engine.BudgetUses().Single().Instances, shop.Engine.BudgetUses().Single().Cost));
    }

    [Fact]
    public void An_app_without_a_policy_keeps_what_it_has_of_the_budget()
    {
        var shop = new Shop(Ten).Add("web", 2).AddFree("legacy", 6).Load();
        shop.Metrics["web"] = 9;
        Assert.Equal("legacy 6, web 4", shop.Tick());
    }

    [Fact]
    public void Missing_metrics_shrink_nothing_for_the_sake_of_a_budget()
    {
        var shop = new Shop(Ten).Add("web", 3, priority: 5).Add("batch", 7).Load();
        shop.Metrics["web"] = 6;
        shop.Metrics.Clear("batch");
        Assert.Equal("batch 7, web 3", shop.Tick());
    }

    [Fact]
    public void A_budget_has_the_last_word_over_coordinations()
    {
        var shop = new Shop(Ten + """

            ---
            coordination: shop
            apps: { web: /shop/web, api: /shop/api }
            rules:
              - { rule: follows, when: web.wanted > 1, then: { api: { atLeast: web.wanted } } }
            """).Add("web", 3, priority: 5).Add("api", 3).Load();
        shop.Metrics["web"] = 7;
        Assert.Equal("api 3, web 7", shop.Tick());
        var decision = shop.Decide()["/shop/api"];
        Assert.Contains("at least 7", decision.Reason, StringComparison.Ordinal);
        Assert.Contains("at most 3 within the budget shop", decision.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_budgets_hold_together()
    {
        var shop = new Shop(Ten + """

            ---
            budget: web
            apps: /shop/web
            instances: 4
            """).Add("web", 1, priority: 5).Add("api", 1).Load();
        shop.Metrics["web"] = 9;
        shop.Metrics["api"] = 9;
        Assert.Equal("api 6, web 4", shop.Tick());
        Assert.Equal("api 6, web 4", shop.Tick());
    }
}
