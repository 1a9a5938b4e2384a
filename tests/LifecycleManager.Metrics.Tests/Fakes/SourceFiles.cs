namespace LifecycleManager.Metrics.Tests.Fakes;

/// <summary>A directory with a file of named servers and its secrets.</summary>
internal sealed class SourceFiles : IDisposable
{
    private readonly DirectoryInfo _directory = System.IO.Directory.CreateTempSubdirectory("lcm-sources-");

    public SourceFiles(string servers) => Write(servers);

    /// <summary>The file of the servers.</summary>
    public string Path => System.IO.Path.Combine(Directory, "sources.yml");

    public string Directory => _directory.FullName;

    /// <summary>Writes the servers anew.</summary>
    public void Write(string servers) => File.WriteAllText(Path, servers);

    /// <summary>Writes a secret beside them.</summary>
    public void Secret(string name, string text) => File.WriteAllText(System.IO.Path.Combine(Directory, name), text);

    public void Dispose() => _directory.Delete(recursive: true);
}
