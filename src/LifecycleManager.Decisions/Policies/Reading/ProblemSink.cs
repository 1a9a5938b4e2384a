using LifecycleManager.Decisions.Expressions;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>Gathers what is wrong with one file. Reading goes on after an error, so that one look shows them all.</summary>
internal sealed class ProblemSink(string file, string source)
{
    private const int MaxProblems = 100;
    private readonly List<PolicyProblem> _problems = [];

    public string File => file;

    public IReadOnlyList<PolicyProblem> Problems => _problems;

    public bool HasErrors { get; private set; }

    public void Error(YamlNode at, string message, string? suggestion = null, string code = "invalid") =>
        Add((int)at.Start.Line, (int)at.Start.Column, PolicySeverity.Error, message, suggestion, code);

    public void Error(YamlScalar at, ExpressionException e)
    {
        var (line, column) = SourceMap.Locate(source, at, e.Offset);
        Add(line, column, PolicySeverity.Error, e.Message, e.Suggestion, "expression");
    }

    public void Warning(YamlNode at, string message, string? suggestion = null, string code = "suspicious") =>
        Add((int)at.Start.Line, (int)at.Start.Column, PolicySeverity.Warning, message, suggestion, code);

    public void Add(int line, int column, PolicySeverity severity, string message, string? suggestion, string code)
    {
        HasErrors |= severity == PolicySeverity.Error;
        if (_problems.Count < MaxProblems)
        {
            _problems.Add(new PolicyProblem(file, Math.Max(1, line), Math.Max(1, column), severity, message, suggestion, code));
        }
    }

    public SourcePlace Place(YamlNode at) => new(file, (int)at.Start.Line, (int)at.Start.Column);

    /// <summary>The place of a character within a scalar's value.</summary>
    public SourcePlace Place(YamlScalar at, int offset)
    {
        var (line, column) = SourceMap.Locate(source, at, offset);
        return new SourcePlace(file, line, column);
    }
}
