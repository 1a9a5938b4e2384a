using System.Globalization;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Policies.Reading;
using LifecycleManager.Decisions.Tools.Simulation;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Tools;

/// <summary>
/// <c>lcm policy test</c>: unit tests of policies as data, after <c>promtool test rules</c>. A file <c>x.test.yml</c> has the
/// policies it tests (<c>x.yml</c> unless it says otherwise), series in promtool's notation, and the counts that are expected
/// over time.
/// </summary>
public static class PolicyTest
{
    /// <summary>Runs test files; directories stand for the test files in them.</summary>
    /// <param name="paths">Files and directories.</param>
    /// <param name="output">Gets a line for each test, and the failures.</param>
    /// <param name="error">Gets what could not be run.</param>
    /// <param name="files">Where files are read; null for the disk.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>0 all passed; 1 a test failed; 2 a file could not be run, or there was none.</returns>
    public static int Run(
        IEnumerable<string> paths, TextWriter output, TextWriter error, IPolicyFiles? files = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        files ??= DiskFiles.Instance;
        var whole = files.TryExpand(paths, IsTestFile, error, out var found);
        var (passed, failed) = (0, 0);
        foreach (var path in found)
        {
            if (Load(files, path, error) is not { } file)
            {
                whole = false;
                continue;
            }

            output.WriteLine(path);
            foreach (var test in file.Tests)
            {
                var failures = Run(test, file, cancellation);
                output.WriteLine($"  {(failures.Count == 0 ? "ok  " : "FAIL")} {test.Name}");
                foreach (var failure in failures) output.WriteLine("       " + failure);
                if (failures.Count == 0) passed++;
                else failed++;
            }
        }

        if (found.Count == 0 && whole) error.WriteLine("no test files (*.test.yml) found");
        output.WriteLine($"{passed} passed, {failed} failed");
        return !whole || found.Count == 0 ? ExitCodes.Failed : failed > 0 ? ExitCodes.Found : ExitCodes.Good;
    }

    /// <summary>Whether a path is a test file's: <c>x.test.yml</c>.</summary>
    public static bool IsTestFile(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.EndsWith(".test.yml", StringComparison.OrdinalIgnoreCase)
            || path.EndsWith(".test.yaml", StringComparison.OrdinalIgnoreCase);
    }

    private static List<string> Run(TestCase test, TestFile file, CancellationToken cancellation)
    {
        using var engine = new DecisionEngine(new BuiltInRuleEngine());
        engine.Use(new PolicySet(file.Policies));
        var app = new AppRef(test.App, test.Labels);
        if (engine.PolicyOf(app) is not { } policy) return [$"{test.Place}: no policy governs {test.App}"];
        var unknown = test.Series.Keys.Except(policy.Metrics.Select(metric => metric.Name))
            .Except(policy.Reads.Select(read => read.Text)).ToList();
        if (unknown.Count > 0) return [$"{test.Place}: the policy '{policy.Name}' has no metric '{unknown[0]}'"];

        var metrics = new SeriesMetrics(policy, test.Series, test.Start, file.Interval);
        var simulated = new SimulatedApp(test.App, test.Instances, test.Startup);
        var failures = new List<string>();
        var expected = new Queue<Expectation>(test.Expectations.OrderBy(one => one.At));
        var (at, last) = (TimeSpan.Zero, (Decision?)null);
        for (; ; at += file.Tick)
        {
            while (expected.TryPeek(out var next) && next.At < at) Compare(expected.Dequeue());
            if (expected.Count == 0 || failures.Count >= 10) break;
            cancellation.ThrowIfCancellationRequested();
            var now = test.Start + at;
            metrics.Ready = simulated.Ready(now);
            var decision = engine.Decide(app, simulated.Facts(now), metrics)!;
            last = decision.Kind == DecisionKind.Hold ? engine.Explain(test.App)! : decision;
            simulated.Scale(decision.To, now);
        }

        return failures;

        void Compare(Expectation expectation)
        {
            var wrong = expectation.Wrong(last!, simulated.Instances);
            if (wrong is not null)
                failures.Add($"{expectation.Place}: at {DurationText.Format(expectation.At)}: {wrong} ({last!.Reason})");
        }
    }

    private static TestFile? Load(IPolicyFiles files, string path, TextWriter error)
    {
        if (files.TryRead(path, error) is not { } text) return null;
        var problems = new ProblemSink(path, text);
        TestFile? file = null;
        try
        {
            var documents = YamlTree.Read(text);
            if (documents.Count != 1)
                problems.Add(1, 1, PolicySeverity.Error, "a test file is one YAML document", null, "syntax");
            else file = new TestReader(problems, path, error, files).Read(documents[0]);
        }
        catch (YamlSyntaxException e)
        {
            problems.Add((int)e.Mark.Line, (int)e.Mark.Column, PolicySeverity.Error, e.Message, null, "syntax");
        }

        foreach (var problem in problems.Problems) error.WriteLine(problem);
        return problems.HasErrors ? null : file;
    }

    private sealed record TestFile(IReadOnlyList<Policy> Policies, TimeSpan Interval, TimeSpan Tick,
        IReadOnlyList<TestCase> Tests);

    private sealed record TestCase(
        string Name,
        SourcePlace Place,
        string App,
        IReadOnlyDictionary<string, string>? Labels,
        DateTimeOffset Start,
        int Instances,
        TimeSpan Startup,
        IReadOnlyDictionary<string, double[][]> Series,
        IReadOnlyList<Expectation> Expectations);

    private sealed record Expectation(SourcePlace Place, TimeSpan At, int? Instances, DecisionKind? Kind, string? Rule,
        string? Reason)
    {
        public string? Wrong(Decision decision, int instances)
        {
            if (Instances is { } count && count != instances) return $"expected {count} instances, got {instances}";
            if (Kind is { } kind && kind != decision.Kind) return $"expected {Word(kind)}, got {Word(decision.Kind)}";
            if (Rule is not null && Rule != decision.Rule) return $"expected the rule '{Rule}', got '{decision.Rule ?? "none"}'";
            return Reason is not null && !decision.Reason.Contains(Reason, StringComparison.Ordinal)
                ? $"expected the reason to say '{Reason}'" : null;
        }

        private static string Word(DecisionKind kind) => TestReader.Kinds.First(known => known.Kind == kind).Word;
    }

    private sealed class TestReader(ProblemSink problems, string path, TextWriter error, IPolicyFiles files)
    {
        public static readonly (string Word, DecisionKind Kind)[] Kinds =
            [("hold", DecisionKind.Hold), ("scaleOut", DecisionKind.ScaleOut), ("scaleIn", DecisionKind.ScaleIn)];

        public TestFile? Read(YamlNode document)
        {
            if (MapReader.AsMap(document, "a test file", problems) is not { } map) return null;
            var policies = map.Find("policies") is { } named
                ? Names(named) : [Path.GetFileName(path).Replace(".test.", ".", StringComparison.OrdinalIgnoreCase)];
            var interval = map.Duration("interval", positive: true) ?? TimeSpan.FromMinutes(1);
            var tick = map.Duration("tick", positive: true) ?? interval;
            var tests = new List<TestCase>();
            if (map.Need("tests", "tests: a list of tests") is YamlList list)
            {
                foreach (var item in list.Items)
                {
                    if (MapReader.AsMap(item, "a test", problems) is { } test) tests.Add(ReadTest(test, interval));
                }
            }

            map.Find("description");
            map.Done();
            var loaded = new List<Policy>();
            foreach (var policy in policies)
            {
                var file = Path.Combine(Path.GetDirectoryName(path) ?? "", policy);
                if (files.TryLoad(file, error) is not { } some) return null;
                loaded.AddRange(some);
            }

            return new TestFile(loaded, interval, tick, tests);
        }

        private List<string> Names(YamlNode node)
        {
            var names = new List<string>();
            foreach (var item in node is YamlList list ? list.Items : [node])
            {
                if (item is YamlScalar { IsNull: false } scalar) names.Add(scalar.Value);
                else problems.Error(item, $"a policy file must be a path, not {item.Kind}", null, "type");
            }

            return names;
        }

        private TestCase ReadTest(MapReader map, TimeSpan interval)
        {
            var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
            if (map.Text("start") is { } text
                && !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out start))
            {
                problems.Error(map.Find("start")!, $"'{text}' is not a time", "2026-01-01T08:00:00Z", "type");
            }

            var labels = new Dictionary<string, string>();
            if (map.Sub("labels", "'labels'") is { } labelMap)
            {
                foreach (var key in labelMap.Keys) labels[key] = labelMap.Text(key) ?? "";
            }

            var series = new Dictionary<string, double[][]>(StringComparer.Ordinal);
            if (map.Sub("series", "'series'") is { } seriesMap)
            {
                foreach (var key in seriesMap.Keys) series[key] = ReadSeries(seriesMap.Find(key)!);
            }

            var expectations = new List<Expectation>();
            if (map.Find("expect") is YamlList expected)
            {
                foreach (var item in expected.Items)
                {
                    if (MapReader.AsMap(item, "an expectation", problems) is { } one) expectations.Add(ReadExpectation(one));
                }
            }

            if (map.Find("counts") is { } counts) expectations.AddRange(ReadCounts(counts, interval));
            if (expectations.Count == 0) problems.Error(map.Map, "a test needs 'expect' or 'counts'", null, "missing-key");
            var test = new TestCase(
                map.Need("name") is null ? "?" : map.Text("name") ?? "?",
                problems.Place(map.Map),
                map.Need("app") is null ? "?" : map.Text("app") ?? "?",
                labels.Count > 0 ? labels : null,
                start,
                map.Integer("instances", 0) ?? 1,
                map.Duration("startup") ?? TimeSpan.Zero,
                series,
                expectations);
            map.Done();
            return test;
        }

        private double[][] ReadSeries(YamlNode node)
        {
            var all = new List<double[]>();
            foreach (var item in node is YamlList list ? list.Items : [node])
            {
                if (item is not YamlScalar { IsNull: false } scalar)
                {
                    problems.Error(item, $"a series is a text, not {item.Kind}", "'1+1x10'", "type");
                    continue;
                }

                try
                {
                    all.Add(SeriesNotation.Parse(scalar.Value));
                }
                catch (FormatException e)
                {
                    problems.Error(item, e.Message, null, "series");
                }
            }

            return [.. all];
        }

        private Expectation ReadExpectation(MapReader map)
        {
            var at = map.Need("at") is null ? null : map.Duration("at");
            var expectation = new Expectation(
                problems.Place(map.Map), at ?? TimeSpan.Zero, map.Integer("instances", 0), map.Choice("kind", Kinds),
                map.Text("rule"), map.Text("reason"));
            map.Done();
            return expectation;
        }

        private List<Expectation> ReadCounts(YamlNode node, TimeSpan interval)
        {
            var place = problems.Place(node);
            double[] counts = ReadSeries(node) is [var only] ? only : [];
            return [.. counts.Select((count, i) => (Count: count, Index: i)).Where(one => !double.IsNaN(one.Count))
                .Select(one => new Expectation(place, one.Index * interval, (int)one.Count, null, null, null))];
        }
    }
}
