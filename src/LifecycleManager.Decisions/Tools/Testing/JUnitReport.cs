using System.Globalization;
using System.Xml.Linq;

namespace LifecycleManager.Decisions.Tools.Testing;

/// <summary>The results of tests in JUnit's XML, as pipelines read it: a suite a file, a case a test.</summary>
internal sealed class JUnitReport
{
    private readonly List<XElement> _suites = [];

    /// <summary>A file's tests.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tests">Each test with what was not as expected.</param>
    public void Add(string path, IReadOnlyList<(TestCase Test, IReadOnlyList<string> Failures)> tests) =>
        Add(path, tests.Count, tests.Count(one => one.Failures.Count > 0), 0, 0, tests.Select(one => Case(
            path, one.Test.Name, one.Failures.Count == 0 ? null : new XElement("failure",
                new XAttribute("message", Clean(one.Failures[0])), Clean(string.Join('\n', one.Failures))))));

    /// <summary>A file that could not be run.</summary>
    public void AddError(string path, string message) => Add(path, 1, 0, 1, 0, [Case(path, "the file",
        new XElement("error", new XAttribute("message", Clean(message.Split('\n')[0])), Clean(message)))]);

    /// <summary>A file that was left out.</summary>
    public void AddSkipped(string path, string message) => Add(path, 1, 0, 0, 1, [Case(path, "the file",
        new XElement("skipped", new XAttribute("message", Clean(message))))]);

    /// <summary>The report's text.</summary>
    public override string ToString() => new XDeclaration("1.0", "utf-8", null) + "\n" + new XElement("testsuites",
        Count("tests"), Count("failures"), Count("errors"), Count("skipped"), _suites) + "\n";

    private void Add(string path, int tests, int failures, int errors, int skipped, IEnumerable<XElement> cases) =>
        _suites.Add(new XElement("testsuite", new XAttribute("name", Clean(path)), new XAttribute("tests", tests),
            new XAttribute("failures", failures), new XAttribute("errors", errors), new XAttribute("skipped", skipped), cases));

    private XAttribute Count(string what) => new(what, _suites.Sum(suite => int.Parse(suite.Attribute(what)!.Value,
        CultureInfo.InvariantCulture)));

    private static XElement Case(string path, string name, XElement? outcome) =>
        new("testcase", new XAttribute("classname", Clean(path)), new XAttribute("name", Clean(name)), outcome);

    // What XML cannot hold is shown as what it is not.
    private static string Clean(string text) =>
        string.Concat(text.Select(c => System.Xml.XmlConvert.IsXmlChar(c) || char.IsSurrogate(c) ? c : '?'));
}
