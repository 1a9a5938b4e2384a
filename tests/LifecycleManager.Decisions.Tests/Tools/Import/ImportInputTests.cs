using System.Text;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Decisions.Tests.Tools.Import;

/// <summary>Bad input ends with a code and a place, and soon.</summary>
public sealed class ImportInputTests
{
    // Some times the longest text: what aliases or nesting would become is not made.
    private const long MostAllocated = 128L << 20;

    public static TheoryData<string, string, string> Bad => new()
    {
        { "pod.yml", "kind: Pod", "pod.yml:1:1: error: there is nothing to translate" },
        { "empty.yml", "", "empty.yml:1:1: error: there is nothing" },
        { "open.yml", "kind: X\na: [", "open.yml:3:1: error: " },
        { "tag.yml", "a: !!binary [", "tag.yml:2:1: error: " },
        { "cut.hcl", "job \"a\" {\n  group \"b\" {", "cut.hcl:2:14: error: a block is not closed" },
        { "here.hcl", "job = <<", "here.hcl:1:" },
        { "cut.json", "{ \"env\":\n ", "cut.json:3:1: error: " },
        { "nul.yml", "kind: HorizontalPodAutoscaler\na: \0", "nul.yml:2:4: error: a NUL character" },
        { "long.yml", "kind: HorizontalPodAutoscaler\na: " + new string('x', 5_000_000), "long.yml:1:1: error: the file has" },
        { "line.yml", "kind: [" + string.Concat(Enumerable.Repeat("{a: b}, ", 100_000)), "line.yml:1:" },
        { "flow.yml", new string('[', 100_000), "flow.yml:1:" },
        { "brace.hcl", "job \"a\" {" + new string('{', 100_000), "brace.hcl:1:" },
        { "deep.hcl", string.Concat(Enumerable.Repeat("a = {", 20_000)), "deep.hcl:1:" },
        { "lines.hcl", string.Concat(Enumerable.Repeat("a = {\n", 20_000)), "lines.hcl:" },
        { "aliases.yml", "a0: &a0 [x, x]\n" + string.Concat(Enumerable.Range(1, 1000).Select(i =>
            $"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n")), "aliases.yml:" },
        { "circle.yml", "a: &a [*a]", "circle.yml:1:" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void What_is_no_source_is_two_with_a_place(string name, string text, string error)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var import = Importing.Of(name, text);
        Assert.Equal((2, ""), (import.Code, import.Output));
        Assert.StartsWith(error, import.Error, StringComparison.Ordinal);
        Assert.Single(import.Error.TrimEnd().Split('\n'));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
    }

    [Fact]
    public void Utf_16_is_read_with_its_mark_and_refused_without()
    {
        const string Text = "kind: HorizontalPodAutoscaler\nmetadata: { name: web, namespace: shop }\n"
            + "spec: { scaleTargetRef: { name: web }, maxReplicas: 3 }";
        var directory = Directory.CreateTempSubdirectory("import").FullName;
        try
        {
            var path = Path.Combine(directory, "hpa.yml");
            File.WriteAllText(path, Text, Encoding.Unicode);
            Assert.Equal(0, PolicyImport.Run([path], TextWriter.Null, TextWriter.Null));
            File.WriteAllBytes(path, Encoding.Unicode.GetBytes(Text));
            var error = new StringWriter();
            Assert.Equal(2, PolicyImport.Run([path], TextWriter.Null, error));
            Assert.StartsWith($"{path}:1:2: error: a NUL character", error.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void A_text_of_the_source_stays_within_its_comment()
    {
        var import = Importing.Of("hpa.yml", "kind: HorizontalPodAutoscaler\nmetadata: { name: web, namespace: shop }\n"
            + "spec: { scaleTargetRef: { name: web, kind: \"x\\npolicy: evil\\L\" }, maxReplicas: 3 }");
        Assert.Equal("web", import.Policy.Name);
        Assert.Equal(1, import.Code);
    }

    [Fact]
    public void What_stands_beside_an_autoscaler_is_told()
    {
        const string Text = "kind: Secret\n---\nkind: HorizontalPodAutoscaler\nmetadata: { name: web, namespace: shop }\n"
            + "spec: { scaleTargetRef: { name: web }, maxReplicas: 3 }\n";
        Assert.Contains("hpa.yml:1:1: note: 'Secret' is no autoscaler", Importing.Of("hpa.yml", Text).LosesNothing().Error,
            StringComparison.Ordinal);
        Importing.Of("hpa.yml", Text + "---\nname: web\n").Loses("7:1", "without a 'kind'");
        Importing.Of("hpa.yml", Text + "---\nwords\n").Loses("7:1", "an object was expected");
    }

    [Fact]
    public void Policies_of_one_name_are_told_apart()
    {
        const string Text = "kind: HorizontalPodAutoscaler\nmetadata: {{ name: web, namespace: {0} }}\n"
            + "spec: {{ scaleTargetRef: {{ name: web }}, maxReplicas: 3 }}\n";
        var import = Importing.Of("hpa.yml", string.Join("---\n", string.Format(null, Text, "a"), string.Format(null, Text, "b")))
            .LosesNothing();
        Assert.Contains("policy: a web\n", import.Output, StringComparison.Ordinal);
        Assert.Contains("policy: b web\n", import.Output, StringComparison.Ordinal);
    }
}
