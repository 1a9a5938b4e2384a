using System.Reflection;
using System.Reflection.Metadata;
using LifecycleManager.Rules;
using Microsoft.CodeAnalysis;

namespace LifecycleManager.Decisions.CSharp.Compiling;

/// <summary>
/// What rules are compiled against: the very assemblies of this process, read where they lie in memory, since in a single file
/// they have no place on disk. Few of them: rules need facts and arithmetic, no network and no processes.
/// </summary>
internal static class References
{
    private static readonly string[] Framework =
    [
        "System.Private.CoreLib", "System.Runtime", "netstandard", "System.Collections", "System.Collections.Immutable",
        "System.Linq", "System.Linq.Expressions", "System.Linq.Queryable", "System.Memory", "System.ObjectModel",
        "System.Runtime.Extensions", "System.Text.RegularExpressions", "System.Threading",
    ];

    private static readonly Assembly[] Own =
    [
        typeof(App).Assembly, typeof(NRules.Fluent.Dsl.Rule).Assembly, typeof(NRules.RuleModel.IContext).Assembly,
        typeof(RuleCheckpoint).Assembly,
    ];

    /// <summary>The references; they last as long as the process, as what they refer to does.</summary>
    public static IReadOnlyList<MetadataReference> All { get; } =
        [.. Framework.Select(name => Assembly.Load(new AssemblyName(name))).Concat(Own).Select(Refer)];

    /// <summary>The assemblies of this process that rules are built for, by name.</summary>
    public static IReadOnlyDictionary<string, AssemblyName> Shared { get; } = Own.Append(typeof(NRules.ISession).Assembly)
        .Append(typeof(NRules.RuleRepositoryExtensions).Assembly).Distinct()
        .Select(assembly => assembly.GetName()).ToDictionary(name => name.Name!, StringComparer.OrdinalIgnoreCase);

    private static unsafe PortableExecutableReference Refer(Assembly assembly)
    {
        if (!assembly.TryGetRawMetadata(out var blob, out var length))
            throw new InvalidOperationException($"{assembly.GetName().Name} has no metadata in memory");
        return AssemblyMetadata.Create(ModuleMetadata.CreateFromMetadata((nint)blob, length)).GetReference();
    }
}
