namespace LifecycleManager.Architecture.Tests;

/// <summary>A room's test project has the room's folders: what is tested in a file lies in the folder of the same name.</summary>
public sealed class MirrorTests
{
    private const int Levels = 2;

    /// <summary>Folders of tests that have no folder of the room beside them, each with what it tests.</summary>
    private static readonly string[] Beside =
    [
        "Cli: Deploy", // docker-compose.yml, dashboards and rules, at the top of the repository
        "Decisions: Quality", // tests/LifecycleManager.Benchmarks/Quality, and what policies promise beside other autoscalers
    ];

    /// <summary>Folders of a room whose tests lie elsewhere or are missing. The list only gets shorter.</summary>
    private static readonly string[] Untested =
    [
        "Agent: Launching", // records alone
        "Manager: Status", // records alone
    ];

    /// <summary>Folders of tests of no folder of the room. The list only gets shorter.</summary>
    private static readonly string[] Misplaced = [];

    [Fact]
    public void A_folder_of_tests_is_one_of_the_room()
    {
        var found = Rooms().SelectMany(room => Tests(room).Except(Sources(room)).Select(folder => $"{room}: {folder}"));
        Assert.Equal(Beside.Concat(Misplaced).Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_folder_of_a_room_has_tests()
    {
        var found = Rooms().SelectMany(room => Sources(room).Except(Tests(room)).Select(folder => $"{room}: {folder}"));
        Assert.Equal(Untested.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Rooms() =>
        Directory.GetDirectories(Repository.Path("src"), "LifecycleManager.*")
            .Select(path => Path.GetFileName(path)["LifecycleManager.".Length..]);

    private static HashSet<string> Sources(string room) => Folders($"src/LifecycleManager.{room}", "*.cs", "*.razor");

    private static HashSet<string> Tests(string room) => Folders($"tests/LifecycleManager.{room}.Tests", "*Tests.cs");

    /// <summary>The folders of the first levels in or below which a file matches.</summary>
    private static HashSet<string> Folders(string project, params string[] patterns)
    {
        var root = Repository.Path(project);
        return patterns.SelectMany(pattern => Directory.EnumerateFiles(root, pattern, SearchOption.AllDirectories))
            .Select(file => Path.GetRelativePath(root, Path.GetDirectoryName(file)!).Replace('\\', '/'))
            .Where(folder => folder.Split('/')[0] is not ("." or "obj" or "bin"))
            .SelectMany(folder => Enumerable.Range(1, Levels).Select(depth => string.Join('/', folder.Split('/').Take(depth))))
            .ToHashSet(StringComparer.Ordinal);
    }
}
