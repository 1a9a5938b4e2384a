using System.Xml.Linq;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Decisions.Tests.Tools.Testing;

public sealed class JUnitReportTests
{
    [Fact]
    public void Each_file_is_a_suite_and_each_test_a_case_with_what_came_of_it()
    {
        const string Policy = "policy: p\napp: /a\ninstances: { max: 3 }\nmetrics: { m: { pushed: m } }\n"
            + "rules: [ { rule: r, when: m > 1, then: { add: 1 } } ]\n";
        const string Tests = "tests:\n  - { name: it <stays>, app: /a, series: { m: '0' }, counts: '1' }\n"
            + "  - { name: it grows, app: /a, series: { m: '2' }, counts: '3' }\n";
        var files = new MemoryFiles(
        [
            KeyValuePair.Create("a.yml", Policy), KeyValuePair.Create("a.test.yml", Tests),
            KeyValuePair.Create("b.yml", Policy), KeyValuePair.Create("b.test.yml", "tests: [ 1 ]\n"),
        ]);
        Assert.Equal(2, PolicyTest.Run(["a.test.yml", "b.test.yml"], TextWriter.Null, TextWriter.Null, files, junit: "out.xml"));
        var all = XDocument.Parse(files.Read("out.xml")).Root!;
        Assert.Equal(("3", "1", "1", "0"), (all.Attribute("tests")!.Value, all.Attribute("failures")!.Value,
            all.Attribute("errors")!.Value, all.Attribute("skipped")!.Value));
        var cases = all.Elements("testsuite").SelectMany(suite => suite.Elements("testcase")).ToList();
        Assert.Equal(["it <stays>", "it grows", "the file"], cases.Select(one => one.Attribute("name")!.Value));
        Assert.Empty(cases[0].Elements());
        Assert.Contains("expected 3 instances, got 2", cases[1].Element("failure")!.Attribute("message")!.Value,
            StringComparison.Ordinal);
        Assert.Contains("b.test.yml", cases[2].Element("error")!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Instances_that_are_not_ready_do_not_count_as_healthy()
    {
        const string Policy = "policy: p\napp: /a\ninstances: { max: 9 }\nmetrics: { m: { pushed: m } }\n"
            + "rules: [ { rule: r, when: healthy < instances, then: { add: 1 } } ]\n"
            + "scaleOut: { stabilization: 0s, limit: none }\n";
        var files = new MemoryFiles(
        [
            KeyValuePair.Create("a.yml", Policy),
            KeyValuePair.Create("a.test.yml",
                "tests:\n  - { name: n, app: /a, instances: 2, notReady: '0 1 0', counts: '2 3 3 3' }\n"),
        ]);
        var output = new StringWriter();
        Assert.True(PolicyTest.Run(["a.test.yml"], output, output, files) == 0, output.ToString());
    }
}
