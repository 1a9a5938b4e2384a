using System.Reflection;
using System.Runtime.Loader;

namespace LifecycleManager.Decisions.CSharp.Loading;

/// <summary>
/// The assemblies of one version of the rule files; collected with all that was made of them once nobody uses it any more.
/// </summary>
internal sealed class RuleContext : AssemblyLoadContext
{
    private readonly Dictionary<string, byte[]> _images;

    /// <param name="images">The assemblies, by name.</param>
    public RuleContext(IEnumerable<(string Name, byte[] Image)> images)
        : base("rules", isCollectible: true) =>
        _images = images.ToDictionary(image => image.Name, image => image.Image, StringComparer.OrdinalIgnoreCase);

    /// <inheritdoc />
    protected override Assembly? Load(AssemblyName assemblyName) =>
        _images.TryGetValue(assemblyName.Name!, out var image) ? LoadFromStream(new MemoryStream(image)) : null;
}
