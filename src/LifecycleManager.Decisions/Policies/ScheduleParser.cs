using LifecycleManager.Decisions.Policies.Reading;
using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Decisions.Policies;

/// <summary>Reads one schedule that was not given in a rule file: as YAML, or as JSON, which is YAML.</summary>
public static class ScheduleParser
{
    /// <summary>The longest text taken, in characters.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>
    /// Parses, checks and compiles a schedule, with the keys of an item of <c>schedules</c>. Never throws for what the text says.
    /// A calendar file is refused: there is no rule file that it would be beside.
    /// </summary>
    /// <param name="source">The name that problems are reported under.</param>
    /// <param name="text">The text.</param>
    /// <returns>The schedule, null where there is an error; and errors and warnings, in the order of their places.</returns>
    public static (ScalingSchedule? Schedule, IReadOnlyList<PolicyProblem> Problems) Parse(string source, string text)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(text);
        if (text.StartsWith('\uFEFF')) text = text[1..];
        var problems = new ProblemSink(source, text);
        var schedule = (ScalingSchedule?)null;
        if (text.Length > MaxLength)
        {
            problems.Add(1, 1, PolicySeverity.Error, $"the schedule is longer than {MaxLength} characters", null, "too-long");
        }
        else
        {
            try
            {
                if (YamlTree.Read(text) is [var only]) schedule = new ScheduleReader(problems, calendars: null).Read(only);
                else problems.Add(1, 1, PolicySeverity.Error, "one schedule is needed, as a mapping", null, "type");
            }
            catch (YamlSyntaxException e)
            {
                problems.Add((int)e.Mark.Line, (int)e.Mark.Column, PolicySeverity.Error, e.Message, null, "syntax");
            }
        }

        return (problems.HasErrors ? null : schedule,
            [.. problems.Problems.OrderBy(problem => (problem.Line, problem.Column))]);
    }
}
