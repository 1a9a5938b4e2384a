using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions.Json;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>Files to fetch: only what the agents can bring, so that none is found wanting at the launch.</summary>
internal static class FetchValidation
{
    private static readonly string[] Schemes = ["http", "https", "file"];

    // Mesos' fetcher would extract them; the agents' does not, and a task must not find an archive where it expects its content.
    private static readonly string[] UnknownArchives = [".tbz2", ".tar.bz2", ".txz", ".tar.xz", ".gz"];

    public static void Validate(App app, string path, Problems problems)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var index = 0; index < app.Fetch!.Count; index++)
            Artifact(app.Fetch[index], $"{path}/fetch({index})", names, problems);
    }

    private static void Artifact(Artifact artifact, string at, HashSet<string> names, Problems problems)
    {
        var text = artifact.Uri.StartsWith('/') ? "file://" + artifact.Uri : artifact.Uri;
        if (artifact.Uri.Any(char.IsControl) || !Uri.TryCreate(text, UriKind.Absolute, out var source))
        {
            problems.Add($"{at}/uri", "must be an address such as https://host/file, or an absolute path on the agents");
            return;
        }

        if (!Schemes.Contains(source.Scheme, StringComparer.Ordinal))
            problems.Add($"{at}/uri", $"'{source.Scheme}' is not supported: the agents fetch from http, https and file");
        else if (source.Scheme == "file" && source.Host.Length > 0) problems.Add($"{at}/uri", "is a file on another machine");
        else if (!IsChecksum(source.Fragment))
            problems.Add($"{at}/uri", "has a fragment that is not #sha256= and 64 hexadecimal digits");

        var name = artifact.DestPath is { Length: > 0 } destination
            ? destination : Uri.UnescapeDataString(source.Segments[^1].TrimEnd('/'));
        var where = artifact.DestPath is { Length: > 0 } ? $"{at}/destPath" : $"{at}/uri";
        if (name.Length == 0 || name.StartsWith('/') || name.Any(char.IsControl)
            || name.Split('/').Any(part => part is "" or "." or ".."))
            problems.Add(where, $"'{name}' is not a file name within the sandbox");
        else if (!names.Add(name)) problems.Add(where, $"'{name}' is there twice");
        problems.Unless(
            artifact is not { Extract: true, Executable: not true }
                || name.EndsWith(".tar.gz", StringComparison.OrdinalIgnoreCase)
                || !UnknownArchives.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)),
            at, $"'{name}' is not extracted: the agents know tar, tar.gz, tgz and zip; with \"extract\": false it is fetched as it is");
    }

    private static bool IsChecksum(string fragment) => fragment.Length <= 1
        || (fragment.StartsWith("#sha256=", StringComparison.OrdinalIgnoreCase) && fragment.Length == 72
            && fragment.Skip(8).All(char.IsAsciiHexDigit));
}
