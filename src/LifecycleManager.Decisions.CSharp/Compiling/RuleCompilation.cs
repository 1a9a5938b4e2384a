using System.Collections.Immutable;
using LifecycleManager.Decisions.CSharp.Sources;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace LifecycleManager.Decisions.CSharp.Compiling;

/// <summary>
/// Compiles the rule files of a directory: all sources are one assembly, as in a project, so that they may share helpers and
/// facts of their own; assemblies beside them are referenced, and searched for rule classes, too.
/// </summary>
internal static class RuleCompilation
{
    /// <summary>The compiled sources' assembly.</summary>
    public const string AssemblyName = "LifecycleManager.CompiledRules";

    private const int MaxProblems = 20;

    private static readonly CSharpParseOptions Parsing = new(LanguageVersion.Latest);

    private static readonly CSharpCompilationOptions Compiling = new(OutputKind.DynamicallyLinkedLibrary,
        optimizationLevel: OptimizationLevel.Release, nullableContextOptions: NullableContextOptions.Enable,
        deterministic: true, metadataImportOptions: MetadataImportOptions.All, concurrentBuild: false);

    /// <summary>What a project has without being told, with its implicit usings.</summary>
    private static readonly SyntaxTree Usings = CSharpSyntaxTree.ParseText(
        "global using System; global using System.Collections.Generic; global using System.Linq;", Parsing);

    /// <summary>Compiles the files.</summary>
    /// <param name="files">The files.</param>
    /// <param name="end">When it has taken too long.</param>
    /// <exception cref="OperationCanceledException">It has taken too long.</exception>
    public static CompiledRules Compile(IReadOnlyList<RuleFile> files, CancellationToken end)
    {
        var problems = new List<RuleProblem>();
        var trees = files.Where(file => !file.IsAssembly).Select(file => Parse(file, end)).ToList();
        var (assemblies, unread) = RuleAssemblies.Read(files.Where(file => file.IsAssembly));
        problems.AddRange(unread);
        var compilation = CSharpCompilation.Create(AssemblyName, [.. trees, Usings],
            [.. References.All, .. assemblies.Select(assembly => assembly.Reference)], Compiling);
        problems.AddRange(compilation.GetDiagnostics(end)
            .Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).Select(Problem));
        var classes = new List<FoundClass>();
        if (problems.Count == 0)
        {
            var modules = assemblies.Select(assembly => (
                (IAssemblySymbol)compilation.GetAssemblyOrModuleSymbol(assembly.Reference)!, RulePlace.Of(assembly.Path)));
            foreach (var (symbol, place) in modules.Prepend((compilation.Assembly, default)))
            {
                var check = new ClassCheck(symbol, place, problems);
                check.Run();
                classes.AddRange(check.Found);
            }

            foreach (var tree in trees) new PurityCheck(compilation.GetSemanticModel(tree), problems).Visit(tree.GetRoot(end));
        }

        if (problems.Count > 0) return new CompiledRules([], [], Few(problems));
        var images = assemblies.Select(assembly => (assembly.Name, assembly.Image));
        return new CompiledRules(
            trees.Count == 0 ? [.. images] : [(AssemblyName, Emit(compilation, trees, end)), .. images], classes, []);
    }

    private static SyntaxTree Parse(RuleFile file, CancellationToken end) => CSharpSyntaxTree.ParseText(
        SourceText.From(file.Content, file.Content.Length), Parsing, file.Path, end);

    /// <summary>With checkpoints; where those do not compile, without: what limits a run is in force all the same.</summary>
    private static byte[] Emit(CSharpCompilation compilation, List<SyntaxTree> trees, CancellationToken end)
    {
        var guarded = trees.Aggregate(compilation, (guarded, tree) => guarded.ReplaceSyntaxTree(
            tree, tree.WithRootAndOptions(new CheckpointRewriter().Visit(tree.GetRoot(end)), Parsing)));
        using var image = new MemoryStream();
        if (guarded.Emit(image, cancellationToken: end).Success) return image.ToArray();
        image.SetLength(0);
        compilation.Emit(image, cancellationToken: end);
        return image.ToArray();
    }

    private static RuleProblem Problem(Diagnostic diagnostic) => new(
        diagnostic.Location.Place(),
        diagnostic.GetMessage(System.Globalization.CultureInfo.InvariantCulture), diagnostic.Id);

    private static ImmutableArray<RuleProblem> Few(List<RuleProblem> problems) =>
        [.. problems.OrderBy(problem => problem.Place.File, StringComparer.Ordinal).ThenBy(problem => problem.Place.Line)
            .ThenBy(problem => problem.Place.Column).Distinct().Take(MaxProblems)];
}

/// <summary>What became of rule files.</summary>
/// <param name="Images">The assemblies, by name; none where there is a problem.</param>
/// <param name="Classes">The rule classes in them, in no particular order.</param>
/// <param name="Problems">What is wrong, by place; at most 20.</param>
internal sealed record CompiledRules(
    IReadOnlyList<(string Name, byte[] Image)> Images, IReadOnlyList<FoundClass> Classes, IReadOnlyList<RuleProblem> Problems);

/// <summary>A rule class as it was found.</summary>
/// <param name="Assembly">The name of its assembly.</param>
/// <param name="Type">The full name, as reflection has it.</param>
/// <param name="Place">Where it is declared; the beginning of the file of an assembly.</param>
internal sealed record FoundClass(string Assembly, string Type, RulePlace Place);
