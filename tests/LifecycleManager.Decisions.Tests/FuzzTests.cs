using System.Text.Json;
using CsCheck;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Policies.Reading;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Decisions.Tools.Import;
using LifecycleManager.Decisions.Tools.Replay;
using LifecycleManager.Decisions.Tools.Simulation;

namespace LifecycleManager.Decisions.Tests;

/// <summary>Whatever the text, the answer is a value or an error with its place: no other exception, no endless loop.</summary>
public sealed class FuzzTests
{
    private static readonly string[] Words =
    [
        "tpm", "cpu", "lat", "instances", "healthy", "time", "avg", "max", "p95", "rate", "predict", "and", "or", "not", "true",
        "(", ")", ",",
        "+", "-", "*", "/", "<", ">", "==", "!=", "<=", "=", "1", "0.5", "60%", "5m", "22:30", "1e308", "'", "\"", "é", "\n", " ",
        "..", "%",
    ];

    private static readonly string[] Seeds = [.. PolicyDirectory.Find(Path.Combine(AppContext.BaseDirectory, "rules"))
        .Select(File.ReadAllText)];

    private static readonly string[] Pieces =
        ["{", "}", "[", "]", ":", ": ", "- ", "\n", "\n  ", "#", "'", "\"", "&a ", "*a", "|", ">", "!!int ", "? ", "---\n", "%",
            "\t", "\0", "\uFEFF", "~", "<<: *a", "1e999", "-1", "policy: x\n", "99999999999", "coordination: x\n", "budget: x\n",
            "apps: ", "then: ", "when: ", "count(web)", "sum(web.wanted)", "cluster.waiting", "web.", "dependenciesOf: web"];

    [Fact]
    public void Expressions()
    {
        var metrics = new PolicyMetric[]
        {
            new("tpm", new() { Source = LifecycleManager.Metrics.Core.Queries.MetricSource.Actuator, Selector = "t" }, default),
            new("cpu", new() { Source = LifecycleManager.Metrics.Core.Queries.MetricSource.PromQl, Selector = "c" }, default),
            new("lat", new() { Source = LifecycleManager.Metrics.Core.Queries.MetricSource.Histogram, Selector = "l" }, default),
        };
        var understood = 0;
        One(Words).Array[0, 12].Sample(
            words =>
            {
                var text = string.Join(' ', words);
                try
                {
                    var table = new ReadTable(metrics);
                    var condition = ExpressionCompiler.Condition(text, table);
                    var slots = new LifecycleManager.Metrics.Core.Queries.Interval[Slots.FirstRead + table.Reads.Count];
                    Array.Fill(slots, LifecycleManager.Metrics.Core.Queries.Interval.Unknown, Slots.FirstRead, table.Reads.Count);
                    condition.Condition!(slots);
                    Assert.NotEmpty(condition.Show(slots));
                    Interlocked.Increment(ref understood);
                }
                catch (ExpressionException e)
                {
                    Assert.InRange(e.Offset, 0, text.Length);
                }
            },
            iter: 10_000);
        Assert.True(understood > 5, $"only {understood} were understood");
    }

    [Fact]
    public void Policy_files() => Mutations().Sample(
        text =>
        {
            var file = PolicyParser.Parse("f.yml", text);
            Assert.True(file.Refused == (file.Policies.Count == 0) || file.Problems.Count > 0);
            var lines = text.Count(c => c == '\n') + 2;
            Assert.All(file.Problems, problem => Assert.InRange(problem.Line, 1, lines));
            PolicyCheck.Check("f.yml", text);
            try
            {
                PolicyFmt.Format(text);
            }
            catch (Exception e) when (e is YamlSyntaxException or InvalidOperationException or YamlDotNet.Core.YamlException)
            {
                // Left alone, with the reason.
            }
        },
        iter: 500);

    [Fact]
    public void Foreign_formats() =>
        Gen.Select(One("job \"a\" { group \"b\" { scaling { min = 1 } } }", "time,a\n1,2\n3,4",
            "{\"data\":{\"resultType\":\"matrix\",\"result\":[]}}", "1+2x3 _x4 5"), Gen.Int[0, 60],
            One([.. Pieces, "x", "<<E\n", ","])).Sample(
        (seed, at, piece) =>
        {
            var text = seed.Insert(at % (seed.Length + 1), piece);
            foreach (var read in (Action[])[() => Hcl.Parse(text), () => ReplayData.Read(text, null),
                () => SeriesNotation.Parse(text), () => MarathonAutoscaleImport.Lines(text)])
            {
                try
                {
                    read();
                }
                catch (Exception e) when (e is FormatException or JsonException)
                {
                    Assert.NotEmpty(e.Message);
                }
            }
        },
        iter: 3_000);

    private static Gen<string> One(params string[] choices) => Gen.Int[0, choices.Length - 1].Select(i => choices[i]);

    /// <summary>A good file with a few pieces put in, cut out or doubled.</summary>
    private static Gen<string> Mutations() =>
        Gen.Select(One(Seeds), Gen.Select(Gen.Int[0, 5000], Gen.Int[0, 2], One(Pieces), Gen.Int[0, 30]).Array[1, 4])
        .Select((seed, edits) =>
        {
            foreach (var (where, what, piece, length) in edits)
            {
                var at = where % (seed.Length + 1);
                var end = Math.Min(seed.Length, at + length);
                seed = what switch
                {
                    0 => seed.Insert(at, piece),
                    1 => seed.Remove(at, end - at),
                    _ => seed.Insert(at, seed[at..end])
                };
            }

            return seed;
        });
}
