using System.Globalization;
using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Policies.Reading;
using LifecycleManager.Decisions.Tools.Simulation;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Decisions.Tools.Testing;

/// <summary>Reads a file of tests, and the policies that it names.</summary>
internal sealed class TestReader(ProblemSink problems, string path, TextWriter error, IPolicyFiles files, IRuleFiles? rules)
{
    /// <summary>Whether the tests are of rules that are code, which must not be run.</summary>
    public bool NeedsCode { get; private set; }

    /// <summary>The tests; null where what they test cannot be read. Where there are errors they are not whole.</summary>
    public TestFile? Read(YamlNode document)
    {
        if (MapReader.AsMap(document, "a test file", problems) is not { } map) return null;
        var names = map.Find("policies") is { } named
            ? Texts(named, "a policy file must be a path") : [Path.GetFileName(path).Replace(".test.", ".",
                StringComparison.OrdinalIgnoreCase)];
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
        var paths = names.Select(name => Path.Combine(Path.GetDirectoryName(path) ?? "", name)).ToList();
        NeedsCode = rules is null && paths.Exists(name => CodeFile.IsOne(name));
        if (NeedsCode) return null;
        return files.TryLoadAll(paths, rules, error, out var code) is { } policies
            ? new TestFile(policies, code, interval, tick, tests) : null;
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

        var (apps, isOne) = ReadApps(map);
        var expectations = new List<Expectation>();
        if (map.Find("expect") is YamlList expected)
        {
            foreach (var item in expected.Items)
            {
                if (MapReader.AsMap(item, "an expectation", problems) is { } one)
                    expectations.AddRange(isOne ? [ReadExpectation(one, At(one), apps[0].Id)] : ReadExpectations(one, apps));
            }
        }

        if (map.Find("counts") is { } counts) expectations.AddRange(ReadCounts(counts, apps, isOne, interval));
        if (expectations.Count == 0) problems.Error(map.Map, "a test needs 'expect' or 'counts'", null, "missing-key");
        var name = map.Need("name") is null ? "?" : map.Text("name") ?? "?";
        map.Done();
        return new TestCase(name, problems.Place(map.Map), start, apps, expectations);
    }

    /// <summary>The one app that a test is of, or those that it names; and which of the two it is.</summary>
    private (List<TestApp> Apps, bool IsOne) ReadApps(MapReader map)
    {
        if (map.Find("apps") is null)
        {
            var id = map.Need("app", "app: an id, or apps: several by their ids") is null ? "?" : map.Text("app") ?? "?";
            return ([ReadApp(map, id)], true);
        }

        if (map.Find("app") is { } both) problems.Error(both, "a test has 'app' or 'apps', not both", null, "app");
        var apps = new List<TestApp>();
        if (map.Sub("apps", "'apps'") is { } several)
        {
            foreach (var id in several.Keys)
            {
                if (!id.StartsWith('/'))
                    problems.Error(several.KeyOf(id), $"the app '{id}' must be absolute", $"write /{id}", "app");
                if (MapReader.AsMap(several.Find(id)!, $"the app '{id}'", problems) is not { } app) continue;
                apps.Add(ReadApp(app, id));
                app.Done();
            }
        }

        if (apps.Count == 0) problems.Error(map.Map, "'apps' names no app", "apps: { /shop/web: { instances: 2 } }", "app");
        return (apps, false);
    }

    private TestApp ReadApp(MapReader map, string id)
    {
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

        var instances = map.Integer("instances", 0);
        var before = ReadBefore(map, instances);
        return new TestApp
        {
            Id = id,
            Place = problems.Place(map.Map),
            Labels = labels.Count > 0 ? labels : null,
            Instances = instances ?? (before is [.., var last] ? last.To : 1),
            Before = before,
            Startup = map.Duration("startup") ?? TimeSpan.Zero,
            Priority = map.Integer("priority", int.MinValue, int.MaxValue) ?? 0,
            Cpus = map.Number("cpus") ?? double.NaN,
            Memory = map.Number("memory") ?? double.NaN,
            Dependencies = map.Find("dependencies") is { } ids ? Texts(ids, "an app must be an id") : [],
            Waiting = map.Find("waiting") is { } waiting && ReadSeries(waiting) is [var only] ? only : [],
            NotReady = map.Find("notReady") is { } unready && ReadSeries(unready) is [var counts] ? counts : [],
            Gone = map.Duration("gone"),
            Series = series,
        };
    }

    /// <summary>What was changed before the start, oldest first; each change begins where the one before has ended.</summary>
    private List<EarlierChange> ReadBefore(MapReader map, int? instances)
    {
        var changes = new List<EarlierChange>();
        foreach (var item in map.Find("before") is not { } node ? [] : node is YamlList list ? list.Items : [node])
        {
            if (MapReader.AsMap(item, "a change before the start", problems) is not { } change) continue;
            var ago = change.Need("ago", "ago: 3m") is null ? null : change.Duration("ago", positive: true);
            var from = change.Need("from", "from: 2") is null ? null : change.Integer("from", 0);
            var to = change.Need("to", "to: 4") is null ? null : change.Integer("to", 0);
            change.Done();
            if (ago is not { } time || from is not { } old || to is not { } count) continue;
            if (old == count) problems.Error(item, "a change before the start leads to another count", null, "before");
            if (changes is [.., var last] && (last.Ago <= time || last.To != old))
            {
                problems.Error(item, last.Ago <= time ? "changes before the start stand in their order, the oldest first"
                    : $"the change before has led to {last.To}, not {old}", null, "before");
            }

            changes.Add(new EarlierChange(time, old, count));
        }

        if (changes is [.., var newest] && instances is { } now && now != newest.To)
        {
            problems.Error(map.Find("instances")!, $"the last change before the start has led to {newest.To}",
                $"instances: {newest.To}", "before");
        }

        return changes;
    }

    private List<string> Texts(YamlNode node, string what)
    {
        var texts = new List<string>();
        foreach (var item in node is YamlList list ? list.Items : [node])
        {
            if (item is YamlScalar { IsNull: false } scalar) texts.Add(scalar.Value);
            else problems.Error(item, $"{what}, not {item.Kind}", null, "type");
        }

        return texts;
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

    private static TimeSpan At(MapReader map) => (map.Need("at") is null ? null : map.Duration("at")) ?? TimeSpan.Zero;

    private Expectation ReadExpectation(MapReader map, TimeSpan at, string app)
    {
        var expectation = new Expectation(problems.Place(map.Map), at, app)
        {
            Instances = map.Integer("instances", 0),
            Kind = map.Choice("kind", Expectation.Kinds),
            Rule = map.Text("rule"),
            Reason = map.Text("reason"),
            Chain = map.Find("chain") is { } chain ? Texts(chain, "a link of the chain is a text") : [],
        };
        map.Done();
        return expectation;
    }

    /// <summary>What is expected of several apps at one time: a count, or more, by the app's id.</summary>
    private List<Expectation> ReadExpectations(MapReader map, List<TestApp> apps)
    {
        var (at, expectations) = (At(map), new List<Expectation>());
        foreach (var id in map.Keys.Where(key => key != "at"))
        {
            if (!IsApp(id, map.KeyOf(id), apps) || map.Find(id) is not { } node) continue;
            if (node is YamlMap one) expectations.Add(ReadExpectation(new MapReader(one, problems, $"'{id}'"), at, id));
            else expectations.Add(new Expectation(problems.Place(node), at, id) { Instances = map.Integer(id, 0) });
        }

        return expectations;
    }

    private List<Expectation> ReadCounts(YamlNode node, List<TestApp> apps, bool isOne, TimeSpan interval)
    {
        if (isOne) return Counts(node, apps[0].Id);
        var expectations = new List<Expectation>();
        if (MapReader.AsMap(node, "'counts'", problems) is not { } map) return expectations;
        foreach (var id in map.Keys.Where(id => IsApp(id, map.KeyOf(id), apps))) expectations.AddRange(Counts(map.Find(id)!, id));
        return expectations;

        List<Expectation> Counts(YamlNode series, string app)
        {
            double[] counts = ReadSeries(series) is [var only] ? only : [];
            return [.. counts.Select((count, i) => (Count: count, Index: i)).Where(one => !double.IsNaN(one.Count))
                .Select(one => new Expectation(problems.Place(series), one.Index * interval, app)
                {
                    Instances = (int)one.Count,
                })];
        }
    }

    private bool IsApp(string id, YamlScalar key, List<TestApp> apps)
    {
        if (apps.Any(app => app.Id == id)) return true;
        problems.Error(key, $"the test has no app '{id}'", NearestName.Suggest(id, apps.Select(app => app.Id)), "app");
        return false;
    }
}
