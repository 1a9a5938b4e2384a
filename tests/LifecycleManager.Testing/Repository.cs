namespace LifecycleManager.Testing;

/// <summary>The repository that the tests were built from.</summary>
public static class Repository
{
    /// <summary>The directory of the solution.</summary>
    public static string Root { get; } = Find();

    /// <summary>The whole path of a file of the repository.</summary>
    public static string Path(string relative) => System.IO.Path.Combine(Root, relative);

    private static string Find()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(System.IO.Path.Combine(directory.FullName, "LifecycleManager.sln")))
            directory = directory.Parent
            ?? throw new DirectoryNotFoundException($"no LifecycleManager.sln above {AppContext.BaseDirectory}");
        return directory.FullName;
    }
}
