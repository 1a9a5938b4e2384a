using LifecycleManager.Rules;
using Microsoft.Extensions.Time.Testing;
using static LifecycleManager.Decisions.CSharp.Tests.RuleSources;

namespace LifecycleManager.Decisions.CSharp.Tests.Running;

/// <summary>What rules put out in a round.</summary>
public sealed class IslandRulesTests : IDisposable
{
    // Its time stands still: what a rule does is ended by nothing but what it does.
    private readonly RuleBuilder _builder = new(new FakeTimeProvider());

    public void Dispose() => _builder.Dispose();

    [Fact]
    public void A_rule_asks_by_the_facts_that_it_fired_on()
    {
        var rules = Build(
            _builder, Rule("Grow", "a => a.Wanted > a.Instances", "new AtLeast(app, app.Wanted + 1, \"it grows\")"));
        var fired = Assert.Single(rules.Run([Web(2, wanted: 4), Api()]).Outputs);
        var output = Assert.IsType<AtLeast>(fired.Output);
        Assert.Equal(("/shop/web", 5, "it grows", "Grow"), (output.App.Id, output.Count, output.Because, fired.Rule.Name));
        Assert.Equal("/shop/web", Assert.Single(fired.Apps).Id);
        Assert.Equal("/shop/web (wanted 4, instances 2)", Assert.Single(fired.Facts));
        Assert.Empty(rules.Run([Web(2), Api()]).Outputs);
    }

    [Fact]
    public void A_rule_sees_the_apps_that_it_names_and_no_others()
    {
        var rules = Build(_builder, Rule("All", apps: "\"/shop/batch-*\""));
        var outcome = rules.Run([Web(), new App { Id = "/shop/batch-a" }, new App { Id = "/shop/batch-b" }]);
        Assert.Equal(["/shop/batch-a", "/shop/batch-b"], outcome.Outputs.Select(fired => fired.Output.App.Id));
        Assert.Empty(rules.For([("", "/shop/web")]).Rules);
    }

    [Fact]
    public void An_app_is_target_and_id()
    {
        var rules = Build(_builder, Rule("Here", apps: "\"/shop/web\", Target = \"nomad\""));
        var fired = Assert.Single(rules.Run([Web() with { Target = "nomad" }, Web() with { Target = "swarm" }]).Outputs);
        Assert.Equal("nomad", fired.Output.App.Target);
    }

    [Fact]
    public void An_output_for_an_app_that_is_not_named_is_refused_and_told()
    {
        var rules = Build(_builder, Rule("Stray", then: "new AtLeast(new App { Id = \"/shop/db\" }, 5, \"so\")"), Rule("Good"));
        var outcome = rules.Run([Web(), new App { Id = "/shop/db" }]);
        Assert.Equal("it asks for /shop/db, which its class does not name", Assert.Single(outcome.Refused).Because);
        Assert.Equal("Good", Assert.Single(outcome.Outputs).Rule.Name);
        Assert.False(outcome.IsHeld);
    }

    [Fact]
    public void A_condition_that_meets_an_unknown_reading_is_unknown_and_the_rest_goes_on()
    {
        var rules = Build(_builder, Rule("Hot", "a => a[\"cpu\"] > 0.5"), Rule("Typo", "a => a[\"cpuu\"] > 0.5"), Rule("Good"));
        var outcome = rules.Run([Web(cpu: null)]);
        Assert.Equal(["cpu of /shop/web is unknown", "the policy of /shop/web has no metric 'cpuu'"],
            outcome.Unknown.Select(unknown => unknown.Because));
        Assert.Equal("Good", Assert.Single(outcome.Outputs).Rule.Name);
        Assert.False(outcome.IsHeld);

        Assert.Equal(["Good", "Hot"], rules.Run([Web(cpu: 0.9)]).Outputs.Select(fired => fired.Rule.Name));
        Assert.Equal("Hot", rules.Run([Web(cpu: double.NaN)]).Unknown[0].Rule.Name);
    }

    [Fact]
    public void An_action_that_meets_an_unknown_reading_is_unknown()
    {
        var rules = Build(_builder, Rule("Hot", then: "new AtLeast(app, (int)app[\"cpu\"], \"so\")"));
        var outcome = rules.Run([Web()]);
        Assert.Equal("Hot", Assert.Single(outcome.Unknown).Rule.Name);
        Assert.Empty(outcome.Outputs);
        Assert.False(outcome.IsHeld);
    }

    [Fact]
    public void What_was_not_told_is_not_taken_for_absent()
    {
        var rules = Build(_builder, """
            [Apps("/shop/*")]
            public sealed class NobodyIsBusy : Rule
            {
                public override void Define()
                {
                    App app = default!;
                    When().Match(() => app, a => a.Id == "/shop/api").Not<App>(a => a.Id == "/shop/web", a => a["cpu"] > 0.5);
                    Then().Yield(_ => new AtMost(app, 1, "nobody is busy"));
                }
            }
            """);
        Assert.Single(rules.Run([Web(cpu: 0.1), Api()]).Outputs);
        var outcome = rules.Run([Web(cpu: null), Api()]);
        Assert.Empty(outcome.Outputs);
        Assert.Single(outcome.Unknown);
    }

    [Theory]
    [InlineData("a => a.Wanted / (a.Instances - 2) > 1", "new AtLeast(app, 1, \"so\")", "Attempted to divide by zero.")]
    [InlineData("", "new AtLeast(app, -1, \"so\")", "count")]
    [InlineData("", "new AtLeast(null!, 1, \"so\")", "app")]
    [InlineData("", "new AtLeast(app, 1, \"\")", "because")]
    [InlineData("", "Fail(app)", "on purpose")]
    [InlineData("", "Deep(app)", "stack")]
    public void A_rule_that_throws_holds_its_island_and_is_named(string when, string then, string reason)
    {
        var rules = Build(_builder, Rule("Good"), Rule("Wrong", when, then, more: """
            private static AtLeast Fail(App app) => throw new InvalidOperationException("on\npurpose");
            private static AtLeast Deep(App app) => new(app, Deep(app).Count + 1, "so");
            """));
        var outcome = rules.Run([Web()]);
        Assert.True(outcome.IsHeld);
        Assert.Empty(outcome.Outputs);
        var failure = Assert.Single(outcome.Failures);
        Assert.StartsWith("the rule 'Wrong' (rules/shop.cs:", failure.ToString(), StringComparison.Ordinal);
        Assert.Contains(reason, failure.ToString(), StringComparison.Ordinal);
        Assert.Equal(failure, Assert.Single(rules.Failures));
    }

    [Fact]
    public void A_rule_that_failed_is_run_again_and_well_again()
    {
        var rules = Build(_builder, Rule("Picky", "a => a.Wanted / a.Instances > 0"));
        Assert.True(rules.Run([Web(0)]).IsHeld);
        Assert.Single(rules.Failures);
        Assert.Single(rules.Run([Web(2)]).Outputs);
        Assert.Empty(rules.Failures);
    }

    [Theory]
    [InlineData("c.InsertAll(Enumerable.Range(0, 1_000_000).Select(i => new AtLeast(app, i, \"so\")))", "more than 10000 facts")]
    [InlineData("Many(c, app)", "more than 10000 facts")]
    [InlineData("c.Insert(new App { Id = \"/shop/web\" })", "inserts a fact that is given")]
    [InlineData("c.Retract(app)", "changes a fact that is given")]
    [InlineData("c.Update(app)", "changes a fact that is given")]
    public void What_a_rule_puts_out_is_bounded_and_leaves_the_facts_as_they_are(string action, string reason)
    {
        var rules = Build(_builder, $$"""
            [Apps("/shop/*")]
            public sealed class Many : Rule
            {
                public override void Define()
                {
                    App app = default!;
                    When().Match(() => app);
                    Then().Do(c => {{action}});
                }

                private static void Many(IContext c, App app)
                {
                    for (var i = 0; i < 20_000; i++)
                    {
                        try { c.Insert(new AtLeast(app, i, "so")); } catch (Exception) { }
                    }
                }
            }
            """.Replace("Many(IContext", "Insert(IContext", StringComparison.Ordinal)
            .Replace("c => Many(", "c => Insert(", StringComparison.Ordinal));
        var outcome = rules.Run([Web(), Api()]);
        Assert.Contains(reason, Assert.Single(outcome.Failures).Because, StringComparison.Ordinal);
        Assert.Empty(outcome.Outputs);
    }

    [Fact]
    public void A_rule_that_calls_itself_forth_for_ever_is_ended()
    {
        var rules = Build(_builder, """
            public sealed record Count(int N);

            [Apps("/shop/web")]
            public sealed class OnAndOn : Rule
            {
                public override void Define()
                {
                    App app = default!;
                    IEnumerable<Count> counts = default!;
                    When().Match(() => app).Query(() => counts, q => q.Match<Count>().Collect());
                    Then().Do(c => c.Insert(new Count(counts.Count())));
                }
            }
            """);
        Assert.Contains("more than 10000 facts", Assert.Single(rules.Run([Web()]).Failures).Because, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_has_facts_of_its_own()
    {
        var rules = Build(_builder, """
            public sealed record Busy(string Id) { public override string ToString() => $"{Id} is busy"; }

            [Apps("/shop/*")]
            public sealed class TwoSteps : Rule
            {
                public override void Define()
                {
                    App app = default!;
                    IEnumerable<App> busy = default!;
                    When()
                        .Match(() => app, a => a.Id == "/shop/api")
                        .Query(() => busy, q => q.Match<App>(a => a.Wanted > a.Instances).Collect()
                            .Where(all => all.Count() > 1));
                    Then().Yield(_ => new AtLeast(app, busy.Sum(a => a.Wanted), "many are busy"));
                }
            }
            """);
        var db = new App { Id = "/shop/db", Instances = 1, Wanted = 4 };
        var fired = Assert.Single(rules.Run([Web(1, 3), db, Api()]).Outputs);
        Assert.Equal(7, Assert.IsType<AtLeast>(fired.Output).Count);
        Assert.Equal(["/shop/api", "/shop/db", "/shop/web"], fired.Apps.Select(app => app.Id));
        Assert.Contains("/shop/db, /shop/web", fired.Facts);
    }

    [Fact]
    public void A_group_without_apps_is_a_fact()
    {
        var rules = Build(_builder, """
            [Apps("/shop/web")]
            [Apps("/shop/batch-*", Group = "batch")]
            public sealed class NoBatch : Rule
            {
                public override void Define()
                {
                    App web = default!;
                    Group batch = default!;
                    When().Match(() => web, a => a.Id == "/shop/web").Match(() => batch, b => b.Instances == 0);
                    Then().Yield(_ => new Hold(web, Direction.Both, $"{batch.Apps.Count} of batch"));
                }
            }
            """);
        Assert.Equal("0 of batch", Assert.Single(rules.Run([Web()]).Outputs).Output.Because);
        Assert.Empty(rules.Run([Web(), new App { Id = "/shop/batch-a", Instances = 2 }]).Outputs);
    }

    [Fact]
    public void The_order_of_the_facts_does_not_matter()
    {
        var rules = Build(_builder,
            Rule("One", "a => a.Wanted > 3", "new AtLeast(app, app.Wanted, $\"{app.Id} wants {app.Wanted}\")", "\"/shop/*\""),
            Rule("Two", "a => a[\"cpu\"] > 0.5", "new AtMost(app, 3, \"hot\")", "\"/shop/*\""),
            """
            [Apps("/shop/*", Group = "all")]
            public sealed class Pairs : Rule
            {
                public override void Define()
                {
                    App one = default!, two = default!;
                    Group all = default!;
                    When().Match(() => one).Match(() => two, b => b.Wanted > one.Wanted).Match(() => all);
                    Then().Do(c => c.Insert(new Hold(one, Direction.Both, $"{two.Id} of {all.Wanted}")))
                        .Do(c => c.Halt());
                }
            }
            """);
        var random = new Random(7);
        for (var round = 0; round < 20; round++)
        {
            var apps = Enumerable.Range(0, 12).Select(i => new App
            {
                Id = $"/shop/a{i}",
                Instances = random.Next(6),
                Wanted = random.Next(8),
                Readings = new Dictionary<string, double?> { ["cpu"] = random.Next(3) == 0 ? null : random.NextDouble() },
            }).ToArray();
            var first = Text(rules.Run(apps));
            random.Shuffle(apps);
            Assert.Equal(first, Text(rules.Run(apps)));
        }

        static string Text(LifecycleManager.Decisions.CSharp.Running.RoundOutcome outcome) => string.Join('\n', outcome.Outputs
            .Select(fired => $"{fired.Rule.Name} {fired.Output.GetType().Name} {fired.Output.App} {fired.Output.Because}: "
                + $"{string.Join(", ", fired.Facts)}; {string.Join(", ", fired.Apps)}")
            .Concat(outcome.Unknown.Select(unknown => $"{unknown.Rule.Name} {unknown.Because}")));
    }
}
