using LifecycleManager.Decisions.CSharp.Compiling;
using LifecycleManager.Decisions.CSharp.Sources;
using LifecycleManager.Rules;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using static LifecycleManager.Decisions.CSharp.Tests.RuleSources;

namespace LifecycleManager.Decisions.CSharp.Tests.Loading;

/// <summary>Rules that come as assemblies: as refused as sources are, but for the line.</summary>
public sealed class AssemblyTests : IDisposable
{
    private readonly RuleBuilder _builder = new(TimeProvider.System);

    public void Dispose() => _builder.Dispose();

    [Fact]
    public void Rules_of_an_assembly_are_run_and_sources_may_use_it()
    {
        var assembly = Assemble("Shop", Rule("A") + " public static class Five { public static int Value => 5; }");
        var (rules, problems) = _builder.Build([
            assembly, Source(Usings + Rule("B", then: "new AtLeast(app, Five.Value, \"so\")"), "rules/b.cs"),
        ]);
        Assert.Empty(problems);
        Assert.NotNull(rules);
        Assert.Equal(["A", "B"], rules.Run([Web()]).Outputs.Select(fired => fired.Rule.Name));
        Assert.Equal("rules/Shop.dll:1:1", rules.Rules[0].Place.ToString());
    }

    [Theory]
    [InlineData("private static int _count = 1;", "ARule._count is state")]
    [InlineData("public static int Count { get; set; }", "ARule.Count is state")]
    [InlineData("public static readonly List<int> Seen = [];", "ARule.Seen can be changed")]
    [InlineData("public static long Now() => DateTime.UtcNow.Ticks;", "DateTime.UtcNow is the machine's clock")]
    [InlineData("public static string Read() => System.IO.File.ReadAllText(\"x\");", "System.IO.File is not for rules")]
    public void What_sources_must_not_have_assemblies_must_not_have(string member, string reason)
    {
        var (rules, problems) = _builder.Build([Assemble("Shop", Rule("A", more: member))]);
        Assert.Null(rules);
        Assert.StartsWith($"rules/Shop.dll:1:1: error: {reason}", Assert.Single(problems).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("private const int Most = 5;")]
    [InlineData("private static IEnumerable<int> Count() { yield return 1; }")]
    [InlineData("private static System.Collections.Immutable.ImmutableArray<int> Three() => [1, 2, 3];")]
    [InlineData("private static List<int> Three() => [1, 2, 3];")]
    [InlineData("private static Func<int, int> Next() => i => i + 1;")]
    public void What_compilers_make_up_is_not_the_authors(string member)
    {
        var (rules, problems) = _builder.Build([Assemble("Shop", Rule("A", more: member))]);
        Assert.Empty(problems);
        Assert.Single(rules!.Rules);
    }

    [Theory]
    [InlineData("0.9.3.0")]
    [InlineData("1.1.0.0")]
    [InlineData("2.0.0.0")]
    public void An_assembly_of_another_NRules_is_refused(string version)
    {
        var other = CSharpCompilation.Create("NRules.Fluent", [CSharpSyntaxTree.ParseText(
                $"[assembly: System.Reflection.AssemblyVersion(\"{version}\")] namespace NRules.Fluent.Dsl; "
                + "public class Rule { }")],
            References.All.Take(2), new(OutputKind.DynamicallyLinkedLibrary));
        var image = Emit(CSharpCompilation.Create("Shop",
            [CSharpSyntaxTree.ParseText("public class A : NRules.Fluent.Dsl.Rule { }")],
            [.. References.All.Take(2), other.ToMetadataReference()], new(OutputKind.DynamicallyLinkedLibrary)));
        var (rules, problems) = _builder.Build([new RuleFile("rules/Shop.dll", image)]);
        Assert.Null(rules);
        Assert.Equal($"rules/Shop.dll:1:1: error: it was built for NRules.Fluent {version}, and here is "
            + $"{typeof(NRules.Fluent.Dsl.Rule).Assembly.GetName().Version} (version)", Assert.Single(problems).ToString());
    }

    [Fact]
    public void What_is_no_assembly_is_refused()
    {
        var (rules, problems) = _builder.Build([new RuleFile("rules/Shop.dll", "not a library"u8.ToArray())]);
        Assert.Null(rules);
        Assert.StartsWith("rules/Shop.dll:1:1: error: it is no assembly of .NET", Assert.Single(problems).ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_output_of_a_build_may_lie_there_as_it_is()
    {
        var (rules, problems) = _builder.Build([
            Assemble("Shop", Rule("A")),
            new RuleFile("rules/NRules.Fluent.dll", File.ReadAllBytes(typeof(NRules.Fluent.Dsl.Rule).Assembly.Location)),
            new RuleFile("rules/LifecycleManager.Rules.dll", File.ReadAllBytes(typeof(App).Assembly.Location)),
        ]);
        Assert.Empty(problems);
        Assert.Single(rules!.Run([Web()]).Outputs);
    }

    private static RuleFile Assemble(string name, string text) => new($"rules/{name}.dll", Emit(CSharpCompilation.Create(name,
        [CSharpSyntaxTree.ParseText("using System; using System.Collections.Generic; " + Usings + text)], References.All,
        new(OutputKind.DynamicallyLinkedLibrary))));

    private static byte[] Emit(CSharpCompilation compilation)
    {
        using var image = new MemoryStream();
        var result = compilation.Emit(image);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
        return image.ToArray();
    }
}
