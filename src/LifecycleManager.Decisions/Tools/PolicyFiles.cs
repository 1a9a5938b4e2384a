using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Decisions.Tools;

/// <summary>Reads files for the tools, with one line of complaint where that fails.</summary>
internal static class PolicyFiles
{
    /// <summary>
    /// The files that paths name; directories stand for the files in them that <paramref name="wanted"/> takes.
    /// </summary>
    public static bool TryExpand(this IPolicyFiles source, IEnumerable<string> paths, Func<string, bool> wanted, TextWriter error,
        out List<string> files)
    {
        files = [];
        var good = true;
        foreach (var path in paths)
        {
            try
            {
                if (source.Find(path) is { } found)
                {
                    files.AddRange(found.Where(file => file == path || wanted(file)));
                    continue;
                }

                error.WriteLine($"{path}: no such file or directory");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                error.WriteLine($"{path}: cannot be read: {e.Message}");
            }

            good = false;
        }

        return good;
    }

    public static string? TryRead(this IPolicyFiles source, string path, TextWriter error)
    {
        try
        {
            return source.Read(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"{path}: cannot be read: {e.Message}");
            return null;
        }
    }

    /// <summary>What one file says; null after its problems were written.</summary>
    public static PolicyFile? TryLoad(this IPolicyFiles source, string path, TextWriter error)
    {
        if (source.TryRead(path, error) is not { } text) return null;
        var file = PolicyParser.Parse(path, text, source.Read);
        if (!file.Refused) return file;
        foreach (var problem in file.Problems) error.WriteLine(problem);
        return null;
    }

    /// <summary>What files say together, rules that are code among them; null after what is wrong was written.</summary>
    /// <param name="source">Where policies are read.</param>
    /// <param name="paths">The files.</param>
    /// <param name="rules">Compiles rules that are code; null where they must not be run.</param>
    /// <param name="error">Gets what is wrong.</param>
    /// <param name="code">The rules that are code; null where there are none.</param>
    public static PolicySet? TryLoadAll(
        this IPolicyFiles source, IEnumerable<string> paths, IRuleFiles? rules, TextWriter error, out ICodeRules? code)
    {
        var (policies, coordinations, budgets) = (new List<Policy>(), new List<Coordination>(), new List<Budget>());
        var (jobs, ofRules) = (new List<ScalingSchedule>(), new List<string>());
        code = null;
        foreach (var path in paths)
        {
            if (CodeFile.IsOne(path))
            {
                ofRules.Add(path);
                continue;
            }

            if (source.TryLoad(path, error) is not { } file) return null;
            policies.AddRange(file.Policies);
            coordinations.AddRange(file.Coordinations);
            budgets.AddRange(file.Budgets);
            jobs.AddRange(file.Jobs);
        }

        if (ofRules.Count > 0 && (code = Compile(ofRules, rules, error)) is null) return null;
        return PolicySet.Of(policies, coordinations, budgets, jobs);
    }

    /// <summary>Why rules that are code are not read.</summary>
    public static string NotAllowed(string path) =>
        $"{path}: rules in C# are run by lcm policy with --csharp-rules alone: they have the rights of whoever runs them";

    private static ICodeRules? Compile(List<string> paths, IRuleFiles? rules, TextWriter error)
    {
        if (rules is null)
        {
            error.WriteLine(NotAllowed(paths[0]));
            return null;
        }

        var code = rules.Load(paths, out var problems);
        foreach (var problem in problems) error.WriteLine(problem);
        return code;
    }
}
