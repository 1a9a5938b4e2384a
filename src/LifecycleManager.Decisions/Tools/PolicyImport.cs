using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Policies.Reading;
using LifecycleManager.Decisions.Tools.Import;
using YamlDotNet.Core;

namespace LifecycleManager.Decisions.Tools;

/// <summary>
/// <c>lcm policy import</c>: policies from what other autoscalers are told: a Kubernetes HorizontalPodAutoscaler, a KEDA
/// ScaledObject, the scaling blocks of a Nomad job, marathon-autoscale's environment. Every key of the source is carried, or
/// said with its place: as lost, or as told.
/// </summary>
public static class PolicyImport
{
    // What people write by hand is a thousandth of it; what is more costs time before it is refused.
    private const int Longest = 1 << 20;

    private const string Nothing =
        "there is nothing to translate: no HorizontalPodAutoscaler, ScaledObject, scaling block or AS_ variable";

    /// <summary>Translates files to one policy file.</summary>
    /// <param name="paths">The files; their kind is told by their content.</param>
    /// <param name="output">Gets the policies, one YAML document each.</param>
    /// <param name="error">Gets what is wrong, lost and told, each with its place.</param>
    /// <param name="files">Where files are read; null for the disk.</param>
    /// <returns>0 translated; 1 something of the source was lost, or the translation is no good policy; 2 a file cannot be read,
    /// or is of none of these kinds.</returns>
    public static int Run(IReadOnlyList<string> paths, TextWriter output, TextWriter error, IPolicyFiles? files = null)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        var drafts = new List<PolicyDraft>();
        var hasLost = false;
        foreach (var path in paths)
        {
            if (TextOf(files ?? DiskFiles.Instance, path, error) is not { } text) return ExitCodes.Failed;
            try
            {
                var results = Read(path, text);
                if (results.Count == 0) throw new ImportException(new Mark(0, 1, 1), Nothing);
                foreach (var (draft, log) in results)
                {
                    log.Finish();
                    hasLost |= log.HasLost;
                    foreach (var remark in log.Remarks) error.WriteLine(remark);
                    if (draft is { IsLeftOut: false }) drafts.Add(draft);
                }
            }
            catch (ImportException e)
            {
                error.WriteLine($"{path}:{e.At.Line}:{e.At.Column}: error: {e.Message}");
                return ExitCodes.Failed;
            }
            catch (YamlSyntaxException e)
            {
                error.WriteLine($"{path}:{e.Mark.Line}:{e.Mark.Column}: error: {e.Message}");
                return ExitCodes.Failed;
            }
        }

        foreach (var same in drafts.GroupBy(draft => draft.Name).Where(group => group.Count() > 1).ToList())
        {
            foreach (var draft in same) draft.Name = draft.App.Trim('/').Replace('/', ' ');
        }

        var written = string.Join("---\n", drafts.Select(draft => draft.Write()));
        output.Write(written);
        if (drafts.Count == 0) return ExitCodes.Found;
        var file = PolicyParser.Parse("imported", written);
        foreach (var problem in file.Problems) error.WriteLine(problem);
        return file.Refused || hasLost ? ExitCodes.Found : ExitCodes.Good;
    }

    // What others write may be in UTF-16: nothing of it is kept but the policy.
    private static string? TextOf(IPolicyFiles files, string path, TextWriter error)
    {
        try
        {
            return files.Read(path);
        }
        catch (Utf16Exception e)
        {
            return e.Text;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"{path}: cannot be read: {e.Message}");
            return null;
        }
    }

    private static List<(PolicyDraft? Draft, ImportLog Log)> Read(string path, string text)
    {
        var start = new Mark(0, 1, 1);
        if (text.Length > Longest)
            throw new ImportException(start, $"the file has {text.Length} characters; at most {Longest} are read");
        if (TextEncodings.Foreign(text) is var (at, message)) throw new ImportException(YamlTree.MarkAt(text, at), message);

        var head = text.AsSpan().TrimStart();
        if (path.EndsWith(".hcl", StringComparison.OrdinalIgnoreCase)
            || path.EndsWith(".nomad", StringComparison.OrdinalIgnoreCase)
            || head.StartsWith("job ") || head.StartsWith("scaling "))
        {
            return [.. NomadImport.Read(Hcl.Parse(text), path)];
        }

        if (head is not ['{' or '[', ..] && MarathonAutoscaleImport.Lines(text) is { Entries.Count: > 0 } lines)
            return [MarathonAutoscaleImport.Read(lines, path)];
        var results = new List<(PolicyDraft?, ImportLog)>();
        var passed = new ImportLog(path);
        foreach (var document in YamlTree.Read(text))
        {
            foreach (var item in document is YamlList list ? list.Items : [document]) Object(results, passed, item, path, null);
        }

        if (results.Count > 0) results.Add((null, passed));
        return results;
    }

    private static void Object(
        List<(PolicyDraft?, ImportLog)> results, ImportLog passed, YamlNode node, string path, string? usual)
    {
        if (node is not YamlMap map)
        {
            if (node is not YamlScalar { IsNull: true }) passed.Lost(node.Start, $"an object was expected, not {node.Kind}");
            return;
        }

        PolicyDraft? draft;
        ImportLog log;
        switch (Word(map, "kind") ?? usual)
        {
            case "HorizontalPodAutoscaler":
                draft = HpaImport.Read(map, path, out log);
                break;
            case "ScaledObject":
                draft = KedaImport.Read(map, path, out log);
                break;
            case "ScaledJob":
                (draft, log) = (null, new ImportLog(path));
                log.Lost(map.Start, "a ScaledJob was left out: jobs that end have no counterpart");
                break;
            case { } many when many.EndsWith("List", StringComparison.Ordinal):
                Objects(results, passed, map, path, many[..^"List".Length]);
                return;
            case var other:
                if (MarathonAutoscaleImport.Environment(map) is { } variables)
                    results.Add(MarathonAutoscaleImport.Read(variables, path));
                else if ((other ?? Word(map, "id")) is { } what)
                    passed.Harmless(map.Start, $"'{what}' is no autoscaler, and was passed over");
                else passed.Lost(map.Start, "an object without a 'kind' was left out");
                return;
        }

        results.Add((draft, log));
    }

    private static void Objects(
        List<(PolicyDraft?, ImportLog)> results, ImportLog passed, YamlMap list, string path, string kind)
    {
        if (Value(list, "items") is not YamlList items) return;
        foreach (var item in items.Items) Object(results, passed, item, path, kind);
        if (Value(list, "metadata") is not YamlMap metadata || Word(metadata, "continue") is not { Length: > 0 }) return;
        var log = new ImportLog(path);
        log.Lost(metadata.Start, "the list was cut by the server: what follows is not in this file");
        results.Add((null, log));
    }

    private static YamlNode? Value(YamlMap map, string key) =>
        map.Entries.FirstOrDefault(entry => entry.Key.Value == key).Value;

    private static string? Word(YamlMap map, string key) =>
        Value(map, key) is YamlScalar { IsNull: false } word ? word.Value : null;
}
