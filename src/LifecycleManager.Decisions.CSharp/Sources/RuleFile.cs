using LifecycleManager.Decisions.Coordinations;

namespace LifecycleManager.Decisions.CSharp.Sources;

/// <summary>A file of rules as it was read.</summary>
/// <param name="Path">The path as it was given.</param>
/// <param name="Content">Its bytes.</param>
public sealed record RuleFile(string Path, byte[] Content)
{
    /// <summary>The longest source file, in bytes: 1 MiB.</summary>
    public const int MaxSource = 1 << 20;

    /// <summary>The longest assembly, in bytes: 8 MiB.</summary>
    public const int MaxAssembly = 8 << 20;

    /// <summary>The most files: 500.</summary>
    public const int MaxFiles = 500;

    /// <summary>Whether it is an assembly, and no source.</summary>
    public bool IsAssembly => IsAssemblyPath(Path);

    /// <summary>Whether a path is a file of rules by its name: <c>*.cs</c> or <c>*.dll</c>, and not hidden.</summary>
    public static bool IsRuleFile(string path) => CodeFile.IsOne(path);

    /// <summary>The longest file of its kind, in bytes.</summary>
    internal static int MaxLength(string path) => IsAssemblyPath(path) ? MaxAssembly : MaxSource;

    private static bool IsAssemblyPath(string path) => path.EndsWith(".dll", StringComparison.OrdinalIgnoreCase);
}
