using static LifecycleManager.Decisions.CSharp.Tests.RuleSources;

namespace LifecycleManager.Decisions.CSharp.Tests.Compiling;

/// <summary>What is no rule is refused, with file, line, column and reason.</summary>
public sealed class RefusalTests
{
    [Fact]
    public void What_does_not_compile()
    {
        var problem = Assert.Single(Problems("public class Broken {", "int x = ; }"));
        Assert.Equal("rules/shop.cs:3:9: error: Invalid expression term ';' (CS1525)", problem);
    }

    [Fact]
    public void What_names_no_apps() => Refused(
        "rules/shop.cs:2:21: error: the rule class Nameless names no apps: [Apps(\"/shop/web\")] (apps)",
        "public sealed class Nameless : Rule { public override void Define() { App a = default!; "
        + "When().Match(() => a); Then().Do(_ => _.Halt()); } }");

    [Theory]
    [InlineData("shop/web", "no absolute id")]
    [InlineData("", "no absolute id")]
    [InlineData("kubernetes:/web", "no absolute id")]
    public void What_names_apps_that_cannot_be(string id, string reason) =>
        Assert.Contains(reason, Assert.Single(Problems(Rule("A", apps: $"\"{id}\""))), StringComparison.Ordinal);

    [Fact]
    public void What_has_no_definition() => Refused(
        "rules/shop.cs:2:36: error: 'Empty' does not implement inherited abstract member 'Rule.Define()' (CS0534)",
        "[Apps(\"/shop/web\")] public class   Empty : Rule { }");

    [Theory]
    [InlineData("")]
    [InlineData("App a = default!; When().Match(() => a);")]
    [InlineData("App a = default!; Then().Do(_ => _.Halt());")]
    [InlineData("throw new System.InvalidOperationException(\"on purpose\");")]
    public void What_defines_nothing(string body) => Assert.StartsWith(
        "rules/shop.cs:2:34: error: the rule class Empty defines no rule: ",
        Assert.Single(Problems(
            "[Apps(\"/shop/web\")] public class Empty : Rule { public override void Define() {" + body + "} }")),
        StringComparison.Ordinal);

    [Fact]
    public void What_cannot_be_made() => Refused(
        "rules/shop.cs:4:21: error: the rule class ARule has no public constructor without parameters (constructor)",
        Rule("A", more: "public ARule(int x) { }"));

    [Fact]
    public void What_is_generic() => Assert.Contains("the rule class A is generic", Assert.Single(Problems(
        "[Apps(\"/a\")] public class A<T> : Rule { public override void Define() { } }")), StringComparison.Ordinal);

    [Fact]
    public void What_names_apps_and_is_no_rule() => Assert.Contains("names apps, and is no class that derives from Rule",
        Assert.Single(Problems("[Apps(\"/a\")] public class A { }")), StringComparison.Ordinal);

    [Fact]
    public void Two_rules_of_one_name()
    {
        var problem = Assert.Single(Problems(
            Rule("A"), Rule("B").Replace("Name(\"B\")", "Name(\"A\")", StringComparison.Ordinal)));
        Assert.Contains("a rule 'A' is there already, at rules/shop.cs:4:21", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("private static int _count;", "ARule._count is state")]
    [InlineData("public static int Count { get; set; }", "ARule.Count is state")]
    [InlineData("private static event Action? Happened;", "ARule.Happened is state")]
    [InlineData("private int _count;", "ARule._count is state")]
    [InlineData("private int Count { get; set; }", "ARule.Count is state")]
    [InlineData("private static readonly List<string> Seen = [];", "ARule.Seen can be changed")]
    [InlineData("private static readonly int[] Seen = new int[1];", "ARule.Seen can be changed")]
    [InlineData("private static readonly Func<int> Next = () => 1;", "ARule.Next can be changed")]
    [InlineData("[ThreadStatic] private static int t_count;", "ARule.t_count is state")]
    [InlineData("sealed class Box { public int X; } static readonly Box One = new();", "ARule.One can be changed")]
    [InlineData("private static class Elsewhere { public static int X; }", "Elsewhere.X is state")]
    public void What_has_state(string member, string reason)
    {
        var problem = Problems(Rule("A", more: member))[0];
        Assert.Contains(reason, problem, StringComparison.Ordinal);
        Assert.StartsWith("rules/shop.cs:12:", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("private const int Most = 5;")]
    [InlineData("private static readonly TimeSpan Wait = TimeSpan.FromMinutes(1);")]
    [InlineData("private static readonly System.Collections.Immutable.ImmutableArray<string> Ids = [\"/a\"];")]
    [InlineData("private sealed record Shift(int From, int To); private static readonly Shift Day = new(8, 18);")]
    [InlineData("private readonly double _share = 0.5;")]
    [InlineData("private enum Kind { One, Two }")]
    public void A_constant_is_no_state(string member)
    {
        using var builder = new RuleBuilder(TimeProvider.System);
        Assert.Single(Build(builder, Rule("A", more: member)).Rules);
    }

    [Theory]
    [InlineData("DateTime.Now.Hour", "DateTime.Now is the machine's clock; match the Clock fact")]
    [InlineData("DateTimeOffset.UtcNow.Hour", "DateTimeOffset.UtcNow is the machine's clock")]
    [InlineData("Environment.TickCount", "System.Environment is not for rules")]
    [InlineData("new Random().Next()", "System.Random is not for rules")]
    [InlineData("Guid.NewGuid().GetHashCode()", "Guid.NewGuid is another one each time")]
    [InlineData("System.IO.File.ReadAllText(\"x\").Length", "System.IO.File is not for rules")]
    [InlineData("System.Threading.Thread.CurrentThread.ManagedThreadId", "System.Threading.Thread is not for rules")]
    public void What_is_no_function_of_its_facts(string expression, string reason) => Assert.Contains(
        Problems(Rule("A", more: $"private static int Get() => {expression};")),
        problem => problem.StartsWith("rules/shop.cs:12:", StringComparison.Ordinal)
            && problem.Contains(reason, StringComparison.Ordinal));

    [Theory]
    [InlineData("System.Net.Http.HttpClient")]
    [InlineData("System.Diagnostics.Process")]
    public void What_rules_do_not_need_is_not_there(string type) => Assert.Contains(
        Problems(Rule("A", more: $"private static object Get() => typeof({type});")),
        problem => problem.Contains("CS", StringComparison.Ordinal) || problem.Contains("impure", StringComparison.Ordinal));

    [Fact]
    public void All_files_are_one_assembly()
    {
        using var builder = new RuleBuilder(TimeProvider.System);
        var (rules, problems) = builder.Build([
            Source(Usings + Rule("A", then: "new AtLeast(app, Helper.Five, \"so\")"), "rules/a.cs"),
            Source("internal static class Helper { public const int Five = 5; }", "rules/sub/b.cs"),
        ]);
        Assert.Empty(problems);
        Assert.Equal("rules/a.cs:4:21", Assert.Single(rules!.Rules).Place.ToString());
    }

    private static void Refused(string problem, string source) => Assert.Equal(problem, Assert.Single(Problems(source)));
}
