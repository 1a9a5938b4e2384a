using ArchUnitNET.Loader;
using LifecycleManager.Cli.Hosting;

namespace LifecycleManager.Architecture.Tests;

/// <summary>Within a room, folders depend on each other in one direction, too.</summary>
public sealed class FoldersTests
{
    [Fact]
    public void Folders_have_no_cycles()
    {
        var found = Directory.GetFiles(Path.GetDirectoryName(typeof(RoleHost).Assembly.Location)!, "*.dll")
            .Where(path => Path.GetFileName(path) is var name
                && (name == "lcm.dll" || name.StartsWith("LifecycleManager.", StringComparison.Ordinal))
                && !name.Contains("Test", StringComparison.Ordinal))
            .SelectMany(CyclesOf);
        Assert.Empty(found);
    }

    /// <summary>The groups of folders of an assembly of which each reaches each.</summary>
    private static IEnumerable<string> CyclesOf(string assembly)
    {
        var architecture = new ArchLoader().LoadAssembly(System.Reflection.Assembly.LoadFrom(assembly)).Build();
        var room = Path.GetFileNameWithoutExtension(assembly) is "lcm"
            ? "LifecycleManager.Cli" : Path.GetFileNameWithoutExtension(assembly);
        var edges = architecture.Types
            .SelectMany(type => type.Dependencies.Select(dependency =>
                (From: Folder(type.FullName, room), To: Folder(dependency.Target.FullName, room))))
            .Where(edge => edge is { From: not null, To: not null } && edge.From != edge.To)
            .ToLookup(edge => edge.From!, edge => edge.To!, StringComparer.Ordinal);
        var reached = edges.ToDictionary(from => from.Key, from => Reach(from.Key, edges), StringComparer.Ordinal);
        return reached.Keys.Where(folder => reached[folder].Contains(folder))
            .Select(folder => room["LifecycleManager.".Length..] + ": " + string.Join(", ", reached[folder]
                .Where(other => reached.TryGetValue(other, out var back) && back.Contains(folder)).Order(StringComparer.Ordinal)))
            .Distinct(StringComparer.Ordinal);
    }

    private static HashSet<string> Reach(string from, ILookup<string, string> edges)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(edges[from]);
        while (open.TryPop(out var folder))
        {
            if (!seen.Add(folder)) continue;
            foreach (var next in edges[folder]) open.Push(next);
        }

        return seen;
    }

    /// <summary>
    /// The first folder below the room's own, which composes the others and is none; null for that and other assemblies.
    /// </summary>
    private static string? Folder(string type, string room)
    {
        if (!type.StartsWith(room + ".", StringComparison.Ordinal)) return null;
        var rest = type[(room.Length + 1)..].Split(['+', '/', '`', '<'])[0];
        var dot = rest.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? null : rest[..dot];
    }
}
