using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Fetching;

/// <summary>A file that a task wants in its sandbox.</summary>
/// <param name="Source">Where it is: http, https or file.</param>
/// <param name="Name">Its path within the sandbox.</param>
/// <param name="Sha256">Its checksum as hexadecimal digits, stated as <c>#sha256=...</c> behind the address; null when none
/// is.</param>
/// <param name="Executable">Whether it is made executable.</param>
/// <param name="Extract">Whether a known archive is extracted.</param>
/// <param name="Cache">Whether the agent keeps a copy for the next task.</param>
internal sealed record TaskArtifact(Uri Source, string Name, string? Sha256, bool Executable, bool Extract, bool Cache)
{
    private const string Sha256Fragment = "sha256=";

    /// <summary>Reads what a task states.</summary>
    /// <exception cref="FormatException">It is no artifact; the message says why.</exception>
    public static TaskArtifact Of(CommandInfo.Uri stated)
    {
        var text = stated.Value.StartsWith('/') ? "file://" + stated.Value : stated.Value;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var source))
            throw new FormatException($"the artifact '{stated.Value}' is no address");
        if (source.Scheme is not ("http" or "https" or "file"))
            throw new FormatException($"the artifact '{stated.Value}' is none of http, https and file");
        if (source.Scheme == "file" && source.Host.Length > 0)
            throw new FormatException($"the artifact '{stated.Value}' is on another machine");
        var checksum = Checksum(stated.Value, source);
        var name = stated.OutputFile is { Length: > 0 } output
            ? output : Uri.UnescapeDataString(source.Segments[^1].TrimEnd('/'));
        if (name.Length == 0 || Path.IsPathRooted(name) || name.Contains('\0', StringComparison.Ordinal)
            || name.Split('/').Any(part => part is ".." or "." or ""))
            throw new FormatException($"the artifact '{stated.Value}' has the name '{name}', which is none within the sandbox");
        var executable = stated.Executable ?? false;
        return new TaskArtifact(
            new UriBuilder(source) { Fragment = "" }.Uri, name, checksum, executable, !executable
            && (stated.Extract ?? true), stated.Cache ?? false);
    }

    private static string? Checksum(string stated, Uri source)
    {
        var fragment = source.Fragment.TrimStart('#');
        if (fragment.Length == 0) return null;
        if (!fragment.StartsWith(Sha256Fragment, StringComparison.OrdinalIgnoreCase))
            throw new FormatException($"the artifact '{stated}' has a fragment that is not sha256=...");
        var digits = fragment[Sha256Fragment.Length..];
        return digits.Length == 64 && digits.All(char.IsAsciiHexDigit)
            ? digits.ToLowerInvariant()
            : throw new FormatException($"the artifact '{stated}' has a checksum that is not 64 hexadecimal digits");
    }
}
