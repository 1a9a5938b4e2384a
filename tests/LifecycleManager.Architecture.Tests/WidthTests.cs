using System.Globalization;

namespace LifecycleManager.Architecture.Tests;

/// <summary>Lines are as wide as <c>.editorconfig</c> says, which no compiler looks at.</summary>
public sealed class WidthTests
{
    /// <summary>How many lines of a project are still wider. The list only gets shorter, and its numbers smaller.</summary>
    private static readonly Dictionary<string, int> Known = new()
    {
        ["src/LifecycleManager.Agent"] = 1,
        ["src/LifecycleManager.Cli"] = 14,
        ["src/LifecycleManager.Decisions"] = 17,
        ["src/LifecycleManager.Discovery"] = 3,
        ["src/LifecycleManager.Master"] = 4,
        ["src/LifecycleManager.Scheduler"] = 2,
        ["src/LifecycleManager.Scheduler.Core"] = 11,
        ["src/LifecycleManager.Storage"] = 2,
        ["tests/BrownField"] = 1,
        ["tests/LifecycleManager.Agent.Tests"] = 6,
        ["tests/LifecycleManager.Benchmarks"] = 14,
        ["tests/LifecycleManager.Cli.Tests"] = 6,
        ["tests/LifecycleManager.Clusters.Tests"] = 8,
        ["tests/LifecycleManager.Decisions.Tests"] = 30,
        ["tests/LifecycleManager.Demo"] = 2,
        ["tests/LifecycleManager.Discovery.Tests"] = 1,
        ["tests/LifecycleManager.EndToEnd.Tests"] = 12,
        ["tests/LifecycleManager.Master.Tests"] = 46,
        ["tests/LifecycleManager.Metrics.Tests"] = 8,
        ["tests/LifecycleManager.Protocol.Tests"] = 1,
        ["tests/LifecycleManager.Scheduler.Core.Tests"] = 19,
        ["tests/LifecycleManager.Scheduler.Tests"] = 24,
        ["tests/LifecycleManager.Storage.Tests"] = 3,
    };

    [Fact]
    public void A_line_is_as_wide_as_editorconfig_says()
    {
        var widest = Widest();
        var wide = Projects()
            .Select(project => (Name: project, Lines: Lines(project).Count(line => line.Length > widest)))
            .Where(project => project.Lines > 0)
            .ToDictionary(project => project.Name, project => project.Lines);
        Assert.All(wide, project => Assert.True(
            project.Value <= Known.GetValueOrDefault(project.Key),
            $"{project.Key} has {project.Value} lines wider than {widest}; known are {Known.GetValueOrDefault(project.Key)}"));
        Assert.All(
            Known.Keys, name => Assert.True(wide.ContainsKey(name), $"{name} has no such line: take it off the list"));
    }

    private static int Widest()
    {
        const string Setting = "max_line_length = ";
        var line = File.ReadLines(Repository.Path(".editorconfig"))
            .Single(line => line.StartsWith(Setting, StringComparison.Ordinal));
        return int.Parse(line[Setting.Length..], CultureInfo.InvariantCulture);
    }

    private static IEnumerable<string> Projects() =>
        from top in (string[])["src", "tests"]
        from project in Directory.GetDirectories(Repository.Path(top))
        select $"{top}/{Path.GetFileName(project)}";

    private static IEnumerable<string> Lines(string project) =>
        from file in Directory.EnumerateFiles(Repository.Path(project), "*.cs", SearchOption.AllDirectories)
        let folders = Path.GetRelativePath(Repository.Root, file).Split(Path.DirectorySeparatorChar)
        where !folders.Any(folder => folder is "bin" or "obj")
        from line in File.ReadLines(file)
        select line;
}
