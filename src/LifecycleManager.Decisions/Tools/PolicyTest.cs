using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Policies.Reading;
using LifecycleManager.Decisions.Tools.Testing;

namespace LifecycleManager.Decisions.Tools;

/// <summary>
/// <c>lcm policy test</c>: unit tests of policies as data, after <c>promtool test rules</c>. A file <c>x.test.yml</c> has the
/// policies it tests (<c>x.yml</c> unless it says otherwise), series in promtool's notation, and the counts that are expected
/// over time, of one app or of several.
/// </summary>
public static class PolicyTest
{
    /// <summary>Runs test files; directories stand for the test files in them.</summary>
    /// <param name="paths">Files and directories.</param>
    /// <param name="output">Gets a line for each test, and the failures.</param>
    /// <param name="error">Gets what could not be run.</param>
    /// <param name="files">Where files are read; null for the disk.</param>
    /// <param name="rules">Compiles rules that are code; null where they must not be run.</param>
    /// <param name="junit">A file for the results in JUnit's XML; null for none.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>0 all passed; 1 a test failed; 2 a file could not be run, or there was none.</returns>
    public static int Run(
        IEnumerable<string> paths, TextWriter output, TextWriter error, IPolicyFiles? files = null,
        IRuleFiles? rules = null, string? junit = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        files ??= DiskFiles.Instance;
        var named = paths.ToHashSet(StringComparer.Ordinal);
        var whole = files.TryExpand(named, IsTestFile, error, out var found);
        var (passed, failed, skipped) = (0, 0, 0);
        var report = new JUnitReport();
        foreach (var path in found)
        {
            using var said = new StringWriter();
            var loaded = Load(files, rules, path, said, out var needsCode, out _);
            error.Write(said);
            if (loaded is not { } file)
            {
                if (needsCode && !named.Contains(path))
                {
                    output.WriteLine($"{path}\n  skip  its rules in C# are run with --csharp-rules alone");
                    report.AddSkipped(path, "its rules in C# are run with --csharp-rules alone");
                    skipped++;
                    continue;
                }

                if (needsCode) error.WriteLine(PolicyFiles.NotAllowed(path));
                report.AddError(path, needsCode ? PolicyFiles.NotAllowed(path) : said.ToString().TrimEnd());
                whole = false;
                continue;
            }

            output.WriteLine(path);
            var results = new List<(TestCase, IReadOnlyList<string>)>();
            foreach (var test in file.Tests)
            {
                var failures = TestRun.Of(test, file, cancellation);
                results.Add((test, failures));
                output.WriteLine($"  {(failures.Count == 0 ? "ok  " : "FAIL")} {test.Name}");
                foreach (var failure in failures) output.WriteLine("       " + failure);
                if (failures.Count == 0) passed++;
                else failed++;
            }

            report.Add(path, results);
        }

        if (junit is not null) whole &= TryWrite(files, junit, report, error);

        if (found.Count == 0 && whole) error.WriteLine("no test files (*.test.yml) found");
        output.WriteLine(
            $"{passed} passed, {failed} failed{(skipped > 0 ? $", {skipped} {(skipped == 1 ? "file" : "files")} skipped" : "")}");
        return !whole || found.Count == 0 ? ExitCodes.Failed : failed > 0 ? ExitCodes.Found : ExitCodes.Good;
    }

    /// <summary>What keeps a test file from being run: it is no such file, or names policies that cannot be read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="files">Where it is read, and the policies that it tests.</param>
    public static IReadOnlyList<PolicyProblem> Check(string path, IPolicyFiles files)
    {
        using var said = new StringWriter();
        var isLoaded = Load(files, null, path, said, out var needsCode, out var problems) is not null;
        var errors = problems.Where(problem => problem.Severity == PolicySeverity.Error).ToList();
        if (!isLoaded && !needsCode && errors.Count == 0)
            errors.Add(new PolicyProblem(path, 1, 1, PolicySeverity.Error, said.ToString().Trim(), null));
        return errors;
    }

    /// <summary>Whether a path is a test file's: <c>x.test.yml</c>.</summary>
    public static bool IsTestFile(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.EndsWith(".test.yml", StringComparison.OrdinalIgnoreCase)
            || path.EndsWith(".test.yaml", StringComparison.OrdinalIgnoreCase);
    }

    private static bool TryWrite(IPolicyFiles files, string path, JUnitReport report, TextWriter error)
    {
        try
        {
            files.Write(path, report.ToString());
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"{path}: cannot be written: {e.Message}");
            return false;
        }
    }

    private static TestFile? Load(
        IPolicyFiles files, IRuleFiles? rules, string path, TextWriter error, out bool needsCode,
        out IReadOnlyList<PolicyProblem> found)
    {
        (needsCode, found) = (false, []);
        if (files.TryRead(path, error) is not { } text) return null;
        var problems = new ProblemSink(path, text);
        TestFile? file = null;
        try
        {
            var documents = YamlTree.Read(text);
            if (documents.Count != 1)
                problems.Add(1, 1, PolicySeverity.Error, "a test file is one YAML document", null, "syntax");
            else
            {
                var reader = new TestReader(problems, path, error, files, rules);
                file = reader.Read(documents[0]);
                needsCode = reader.NeedsCode;
            }
        }
        catch (YamlSyntaxException e)
        {
            problems.Add((int)e.Mark.Line, (int)e.Mark.Column, PolicySeverity.Error, e.Message, null, "syntax");
        }

        foreach (var problem in problems.Problems) error.WriteLine(problem);
        found = problems.Problems;
        return problems.HasErrors ? null : file;
    }
}
