using System.Text.Json;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Policies.Reading;
using LifecycleManager.Decisions.Tools.Import;

namespace LifecycleManager.Decisions.Tools;

/// <summary>
/// <c>lcm policy import</c>: policies from what other autoscalers are told: a Kubernetes HorizontalPodAutoscaler, a KEDA
/// ScaledObject, the scaling blocks of a Nomad job, marathon-autoscale's environment. What has no counterpart is said in
/// comments.
/// </summary>
public static class PolicyImport
{
    /// <summary>Translates files to one policy file.</summary>
    /// <param name="paths">The files; their kind is told by their content.</param>
    /// <param name="output">Gets the policies, one YAML document each.</param>
    /// <param name="error">Gets what is wrong.</param>
    /// <param name="files">Where files are read; null for the disk.</param>
    /// <returns>0 translated; 1 the translation is no good policy (its errors are written); 2 a file is of none of these
    /// kinds.</returns>
    public static int Run(IReadOnlyList<string> paths, TextWriter output, TextWriter error, IPolicyFiles? files = null)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        var drafts = new List<PolicyDraft>();
        foreach (var path in paths)
        {
            if ((files ?? DiskFiles.Instance).TryRead(path, error) is not { } text) return ExitCodes.Failed;
            try
            {
                var some = Read(path, text);
                if (some.Count == 0)
                    throw new FormatException(
                        "there is nothing to translate: no HorizontalPodAutoscaler, ScaledObject, scaling block or AS_ variable");
                drafts.AddRange(some);
            }
            catch (Exception e) when (e is FormatException or YamlSyntaxException or JsonException)
            {
                error.WriteLine($"{path}: {e.Message}");
                return ExitCodes.Failed;
            }
        }

        var written = string.Join("---\n", drafts.Select(draft => draft.Write()));
        output.Write(written);
        var file = PolicyParser.Parse("imported", written);
        foreach (var problem in file.Problems) error.WriteLine(problem);
        return file.Refused ? ExitCodes.Found : ExitCodes.Good;
    }

    private static List<PolicyDraft> Read(string path, string text)
    {
        if (MarathonAutoscaleImport.Environment(text) is { Count: > 0 } environment)
            return [MarathonAutoscaleImport.Read(environment)];
        var head = text.AsSpan().TrimStart();
        var hcl = path.EndsWith(".hcl", StringComparison.OrdinalIgnoreCase)
            || path.EndsWith(".nomad", StringComparison.OrdinalIgnoreCase)
            || head.StartsWith("job ") || head.StartsWith("scaling ");
        if (hcl) return [.. NomadImport.Read(Hcl.Parse(text))];
        var drafts = new List<PolicyDraft>();
        foreach (var document in YamlTree.Read(text).OfType<YamlMap>())
        {
            var resources = document.Text("kind") == "List" ? document.List("items") : [document];
            foreach (var resource in resources)
            {
                if (resource.Text("kind") == "HorizontalPodAutoscaler") drafts.Add(KubernetesImport.Hpa(resource));
                else if (resource.Text("kind") == "ScaledObject") drafts.Add(KubernetesImport.Keda(resource));
            }
        }

        return drafts;
    }
}
