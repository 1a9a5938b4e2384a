using System.Text.Json.Nodes;
using Json.Schema;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Policies.Reading;
using LifecycleManager.Decisions.Tools;
using YamlDotNet.Core;

namespace LifecycleManager.Decisions.Tests.Tools.Testing;

/// <summary>The schema of tests and their reader must not disagree.</summary>
public sealed class TestSchemaTests
{
    private const string Policy = "policy: p\napp: /a\ninstances: { max: 3 }\nmetrics: { m: { pushed: m } }\n"
        + "rules: [ { rule: r, when: m > 1, then: { add: 1 } } ]\n";

    private static readonly JsonSchema Schema = JsonSchema.FromText(PolicySchema.OfTests);

    public static TheoryData<string> Examples() => [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "rules"),
        "*.test.yml", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(AppContext.BaseDirectory, file))];

    [Theory]
    [MemberData(nameof(Examples))]
    public void It_takes_the_tests_of_the_examples(string file) =>
        Assert.True(Takes(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, file))));

    [Theory]
    [InlineData("app: /a, series: { m: '0x3' }, expect: [ { at: 1m, instances: 1, kind: hold, reason: m } ]", true)]
    [InlineData("app: /a, labels: { a: b }, instances: 2, startup: 30s, notReady: '1 0', waiting: 0, counts: '2x2 _'", true)]
    [InlineData("apps: { /a: { instances: 2, priority: 1, cpus: 0.5, memory: 64 } }, expect: [ { at: 0s, /a: 2 } ]", true)]
    [InlineData("apps: { /a: {} }, expect: [ { at: 0s, /a: { instances: 1, kind: hold } } ], counts: { /a: '1' }", true)]
    [InlineData("app: /a, before: [ { ago: 5m, from: 1, to: 4 }, { ago: 3m, from: 4, to: 2 } ], counts: '2'", true)]
    [InlineData("apps: { /a: { before: { ago: 3m, from: 1, to: 2 } } }, counts: { /a: '2' }", true)]
    [InlineData("app: /a, start: 2026-01-05T08:00:00Z, series: { m: [ '1', '_' ] }, counts: '1'", true)]
    [InlineData("app: /a, dependencies: [ /b ], gone: 5m, counts: '1'", true)]
    [InlineData("app: /a, series: { m: '2x3' }, expect: [ { at: 1m, rule: r, chain: [ '/a wants' ] } ]", true)]
    [InlineData("app: /a, before: [ { ago: 3m, from: 1 } ], counts: '2'", false)]
    [InlineData("app: /a, before: [ { ago: 3, from: 1, to: 2 } ], counts: '2'", false)]
    [InlineData("app: /a, before: [ { ago: 3m, from: -1, to: 2 } ], counts: '2'", false)]
    [InlineData("app: /a, before: [ { ago: 3m, from: 1, to: 2, why: x } ], counts: '2'", false)]
    [InlineData("app: /a, expect: [ { instances: 1 } ]", false)]
    [InlineData("app: /a, expect: [ { at: 1m, instances: -1 } ]", false)]
    [InlineData("app: /a, expect: [ { at: 1m, kind: grow } ]", false)]
    [InlineData("app: /a, expect: [ { at: 1, instances: 1 } ]", false)]
    [InlineData("app: /a, expect: [ { at: 1m, count: 1 } ]", false)]
    [InlineData("app: /a, instances: many, counts: '1'", false)]
    [InlineData("app: /a, notReady: [ ], colour: red, counts: '1'", false)]
    [InlineData("app: /a, apps: { /a: {} }, counts: '1'", false)]
    [InlineData("apps: { a: {} }, counts: { a: '1' }", false)]
    [InlineData("counts: '1'", false)]
    [InlineData("app: /a", false)]
    public void It_takes_what_the_reader_takes(string test, bool good)
    {
        var text = $"interval: 1m\ntests:\n  - {{ name: n, {test} }}\n";
        Assert.Equal(good, Takes(text));
        var files = new MemoryFiles([KeyValuePair.Create("p.yml", Policy), KeyValuePair.Create("p.test.yml", text)]);
        Assert.Equal(good, PolicyTest.Run(["p.test.yml"], TextWriter.Null, TextWriter.Null, files) != 2);
    }

    [Fact]
    public void Every_key_of_it_is_in_an_example_that_both_take()
    {
        var examples = string.Join('\n', typeof(TestSchemaTests).GetMethod(nameof(It_takes_what_the_reader_takes))!
            .GetCustomAttributesData().Where(data => data.AttributeType == typeof(InlineDataAttribute))
            .Select(data => data.ConstructorArguments)
            .Select(arguments => (IReadOnlyList<System.Reflection.CustomAttributeTypedArgument>)arguments[0].Value!)
            .Where(values => values[1].Value is true).Select(values => (string)values[0].Value!));
        var keys = new List<string>();
        Keys(JsonNode.Parse(PolicySchema.OfTests)!["$defs"]!);
        Assert.True(keys.Count > 25);
        Assert.Equal([], keys.Distinct().Except(["name"])
            .Where(key => !examples.Contains($"{key}:", StringComparison.Ordinal)));

        void Keys(JsonNode node)
        {
            if (node is not JsonObject map) return;
            foreach (var (key, value) in map)
            {
                if (key == "properties") keys.AddRange(value!.AsObject().Select(property => property.Key));
                if (value is not null) Keys(value);
            }
        }
    }

    private static bool Takes(string text) =>
        Schema.Evaluate(System.Text.Json.JsonSerializer.SerializeToElement(Json(Assert.Single(YamlTree.Read(text))))).IsValid;

    private static JsonNode? Json(YamlNode node) => node switch
    {
        YamlMap map => new JsonObject(map.Entries.Select(entry => KeyValuePair.Create(entry.Key.Value, Json(entry.Value)))),
        YamlList list => new JsonArray([.. list.Items.Select(Json)]),
        YamlScalar { IsNull: true } => null,
        YamlScalar { Style: ScalarStyle.Plain } plain when double.TryParse(plain.Value,
            System.Globalization.CultureInfo.InvariantCulture, out var number) => number,
        YamlScalar { Style: ScalarStyle.Plain, Value: "true" or "false" } truth => truth.Value == "true",
        YamlScalar scalar => scalar.Value,
        _ => throw new InvalidOperationException(),
    };
}
