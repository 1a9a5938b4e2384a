using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using LifecycleManager.Decisions.CSharp.Sources;
using Microsoft.CodeAnalysis;

namespace LifecycleManager.Decisions.CSharp.Compiling;

/// <summary>Rules that come as assemblies: what they were built for, and what they call.</summary>
internal static class RuleAssemblies
{
    /// <summary>
    /// Reads assemblies; those that this process has itself, as in the output of a build, are left out, and its own are used.
    /// </summary>
    public static (List<RuleAssembly> Assemblies, List<RuleProblem> Problems) Read(IEnumerable<RuleFile> files)
    {
        var (assemblies, problems) = (new List<RuleAssembly>(), new List<RuleProblem>());
        var places = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var file in files)
        {
            try
            {
                using var image = new PEReader(new MemoryStream(file.Content));
                var reader = image.GetMetadataReader();
                var name = reader.GetString(reader.GetAssemblyDefinition().Name);
                if (References.Shared.ContainsKey(name)) continue;
                if (!places.TryAdd(name, file.Path))
                    problems.Add(Bad(file, $"{places[name]} is an assembly {name}, too", "duplicate"));
                else if (Problem(reader) is var (message, code))
                    problems.Add(Bad(file, message, code));
                else
                    assemblies.Add(new RuleAssembly(
                        file.Path, name, file.Content, MetadataReference.CreateFromImage(file.Content)));
            }
            catch (Exception e) when (e is BadImageFormatException or InvalidOperationException)
            {
                problems.Add(Bad(file, $"it is no assembly of .NET: {e.Message}", "assembly"));
            }
        }

        return (assemblies, problems);
    }

    private static RuleProblem Bad(RuleFile file, string message, string code) =>
        new(RulePlace.Of(file.Path), message, code);

    private static (string Message, string Code)? Problem(MetadataReader reader)
    {
        foreach (var handle in reader.AssemblyReferences)
        {
            var reference = reader.GetAssemblyReference(handle);
            var name = reader.GetString(reference.Name);
            if (References.Shared.TryGetValue(name, out var own) && !Fits(reference.Version, own.Version!))
                return ($"it was built for {name} {reference.Version}, and here is {own.Version}", "version");
        }

        foreach (var handle in reader.MemberReferences)
        {
            var member = reader.GetMemberReference(handle);
            if (member.Parent.Kind != HandleKind.TypeReference) continue;
            var type = reader.GetTypeReference((TypeReferenceHandle)member.Parent);
            var (space, name) = (reader.GetString(type.Namespace), reader.GetString(type.Name));
            var called = reader.GetString(member.Name);
            if (Impure.Find(space, name, called.StartsWith("get_", StringComparison.Ordinal) ? called[4..] : called) is { } why)
                return (why, "impure");
        }

        return null;
    }

    /// <summary>What was built for one version may not find all that it needs in an older one, or in another minor one.</summary>
    private static bool Fits(Version built, Version own) =>
        (built.Major, built.Minor) == (own.Major, own.Minor) && built <= own;
}

/// <summary>An assembly with rules.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Name">Its simple name.</param>
/// <param name="Image">Its bytes.</param>
/// <param name="Reference">The same for the compiler.</param>
internal sealed record RuleAssembly(string Path, string Name, byte[] Image, MetadataReference Reference);
