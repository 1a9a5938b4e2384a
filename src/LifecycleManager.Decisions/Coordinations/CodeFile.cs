namespace LifecycleManager.Decisions.Coordinations;

/// <summary>Files of rules that are code, by their names: <c>*.cs</c> or <c>*.dll</c>, and not hidden.</summary>
public static class CodeFile
{
    /// <summary>Whether a path is one of them.</summary>
    public static bool IsOne(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return !Path.GetFileName(path).StartsWith('.') && Path.GetExtension(path) is var extension
            && (extension.Equals(".cs", StringComparison.OrdinalIgnoreCase)
                || extension.Equals(".dll", StringComparison.OrdinalIgnoreCase));
    }
}
