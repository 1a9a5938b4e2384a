using LifecycleManager.Decisions.CSharp.Loading;
using LifecycleManager.Decisions.CSharp.Running;
using LifecycleManager.Rules;
using Microsoft.Extensions.Time.Testing;
using NRules;
using NRules.Fluent;
using static LifecycleManager.Decisions.CSharp.Tests.RuleSources;

namespace LifecycleManager.Decisions.CSharp.Tests.Running;

/// <summary>A rule that takes too long holds its island, and nothing else.</summary>
public sealed class TimeLimitTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly RuleBuilder _builder;

    public TimeLimitTests() => _builder = new RuleBuilder(_time);

    public void Dispose() => _builder.Dispose();

    [Theory]
    [InlineData("while (true) { }")]
    [InlineData("for (;;) ;")]
    [InlineData("do { try { throw new Exception(); } catch (Exception) { } } while (true);")]
    [InlineData("var all = new List<int> { 1 }; foreach (var i in Endless()) all[0] = i; return null!;")]
    public async Task An_endless_loop_is_ended_after_5_seconds(string body)
    {
        var rules = Build(_builder, Endless("Loop", body), Rule("Other", apps: "\"/shop/api\""));
        var outcome = await PassAsync(_time, TimeSpan.FromSeconds(1), () => rules.Run([Web(3)]));
        Assert.Equal("took more than 5s and is out of force for 10m, or until its files change",
            Assert.Single(outcome.Failures).Because);
        Assert.Equal("Loop", Assert.Single(rules.Failures).Rule.Name);

        // Its island is held at once from now on, the others go on.
        Assert.True(rules.Run([Web()]).IsHeld);
        Assert.Single(rules.Run([Api()]).Outputs);

        // Nothing spins any more, so that it is in force again some time.
        _time.Advance(RuleRunner.Rest);
        await Eventually.TrueAsync(() => Task.FromResult(!rules.Run([Web()]).IsHeld));
    }

    [Fact]
    public async Task The_limit_is_for_all_rounds_of_a_decision()
    {
        var rules = Build(_builder, Endless("Loop", "while (true) { }"));
        var turn = rules.For([("", "/shop/web")]).Begin(DateTimeOffset.UnixEpoch);
        Assert.False(turn.Run([Web()], new([])).IsHeld);
        Assert.True((await PassAsync(_time, TimeSpan.FromSeconds(1), () => turn.Run([Web(3)], new([])))).IsHeld);
        Assert.True(turn.Run([Web()], new([])).IsHeld);
    }

    [Fact]
    public async Task What_does_not_come_back_is_not_run_again_while_it_runs_and_there_are_few_such()
    {
        using var thread = new RuleThread(_time);
        var runner = new RuleRunner(_time, thread);
        var rules = Enumerable.Range(0, RuleThread.MaxLost + 1).Select(Waiting).ToList();
        foreach (var rule in rules.Take(RuleThread.MaxLost))
        {
            var outcome = await PassAsync(_time, TimeSpan.FromSeconds(1), () => Run(rule));
            Assert.Contains("took more than 5s", Assert.Single(outcome.Failures).Because, StringComparison.Ordinal);
        }

        _time.Advance(RuleRunner.Rest);
        Assert.Contains("took more than 5s", Assert.Single(Run(rules[0]).Failures).Because, StringComparison.Ordinal);
        Assert.Equal("is not run: 4 that took too long still run", Assert.Single(Run(rules[^1]).Failures).Because);

        WaitingRule.Gate.Set();
        await Eventually.TrueAsync(() => Task.FromResult(!Run(rules[0]).IsHeld && !Run(rules[^1]).IsHeld));

        RoundOutcome Run(CSharpRule rule) =>
            new IslandRules([rule], runner).Begin(DateTimeOffset.UnixEpoch).Run([Web()], new([]));
    }

    [Fact]
    public async Task A_definition_without_an_end_is_refused()
    {
        var source = Usings + "[Apps(\"/a\")] public class A : Rule { public override void Define() { while (true) { } } }";
        var (rules, problems) = await PassAsync(_time, TimeSpan.FromSeconds(30), () => _builder.Build([Source(source)]));
        Assert.Null(rules);
        Assert.Equal("rules/shop.cs:1:1: error: the rules cannot be compiled: compiling and defining the rules took more than 1m "
            + "(compile)", Assert.Single(problems).ToString());
    }

    private static CSharpRule Waiting(int i) => new($"Waiting {i}", $"Waiting{i}", new RulePlace("rules/shop.cs", 1, 1),
        [new NamedApps(null, null, ["/shop/web"])],
        new RuleCompiler().Compile([new RuleDefinitionFactory().Create(new WaitingRule())]), infersFromAbsence: false);

    /// <summary>A rule that has no end for more than two instances.</summary>
    private static string Endless(string name, string body) => Rule(name, "a => a.Wanted > 2", "Loop()", more:
        $$"""
        private static AtLeast Loop() { {{body}} }
        private static IEnumerable<int> Endless() { while (true) yield return 1; }
        """);

    private sealed class WaitingRule : NRules.Fluent.Dsl.Rule
    {
        public static readonly ManualResetEventSlim Gate = new();

        public override void Define()
        {
            App app = default!;
            When().Match(() => app);
            Then().Do(_ => Gate.Wait());
        }
    }
}
