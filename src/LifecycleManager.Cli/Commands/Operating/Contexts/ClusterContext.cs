using System.Text.Json;
using System.Text.Json.Serialization;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands.Operating.Contexts;

/// <summary>A cluster by its name: where its roles are, and who asks them.</summary>
internal sealed record ClusterContext
{
    /// <summary>The schedulers, comma separated; null for the one of this machine.</summary>
    public string? Scheduler { get; init; }

    /// <summary>The masters.</summary>
    public string? Master { get; init; }

    /// <summary>The managers.</summary>
    public string? Manager { get; init; }

    /// <summary>Who asks; null for nobody.</summary>
    public string? Principal { get; init; }

    /// <summary>The principal's secret; null where it is in a file.</summary>
    public string? Secret { get; init; }

    /// <summary>A file with the principal's secret.</summary>
    public string? SecretFile { get; init; }

    /// <summary>A file with the certificates that those of the roles must come from; null for those that the machine
    /// trusts.</summary>
    public string? TlsCa { get; init; }

    /// <summary>A file with the certificate (PEM) that its roles are shown; null for none.</summary>
    public string? TlsCertificate { get; init; }

    /// <summary>A file with the certificate's key; null where it is in the certificate's.</summary>
    public string? TlsKey { get; init; }

    /// <summary>The addresses of a role, by its name; null where there are none.</summary>
    public string? Of(string role) => role switch
    {
        "scheduler" => Scheduler,
        "master" => Master,
        _ => Manager,
    };
}

/// <summary>What is in the file of contexts.</summary>
internal sealed record ContextList
{
    /// <summary>The one in use; null for none.</summary>
    public string? Current { get; init; }

    /// <summary>All, by name.</summary>
    public SortedDictionary<string, ClusterContext> Contexts
    {
        // The generated reader sets what a file leaves out to null.
        get => field ??= new(StringComparer.Ordinal);
        init;
    }
}

/// <summary>How contexts are kept.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, WriteIndented = true)]
[JsonSerializable(typeof(ContextList))]
internal sealed partial class ContextJson : JsonSerializerContext;

/// <summary>
/// The file of contexts: <c>contexts.json</c> below <c>~/.config/lcm</c>, or where <c>LCM_CONTEXT_FILE</c> says. It may hold
/// secrets: one that others can read is refused.
/// </summary>
internal static class ContextFile
{
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead
        | UnixFileMode.OtherWrite;

    /// <summary>Where it is.</summary>
    public static string PathOf(Settings settings) => settings.Find("context-file")?.Value
        ?? Path.Combine(Environment.GetFolderPath(
            Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify),
            "lcm", "contexts.json");

    /// <summary>Reads it; one that is not there is empty.</summary>
    /// <exception cref="CliException">It cannot be read, or others can.</exception>
    public static ContextList Read(string path)
    {
        try
        {
            if (!File.Exists(path)) return new ContextList();
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0)
                throw new CliException($"{path} can be read or written by others, and may hold secrets: 'chmod 600 {path}'");
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), ContextJson.Default.ContextList) ?? new ContextList();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"{path} cannot be read: {e.Message}", e);
        }
        catch (JsonException e)
        {
            throw new CliException($"{path} is no file of contexts: {e.Message}", e);
        }
    }

    /// <summary>Writes it, for its owner alone; a reader sees the old one or the new one.</summary>
    /// <exception cref="CliException">It cannot be written.</exception>
    public static void Write(string path, ContextList contexts)
    {
        var temporary = path + ".new";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            File.Delete(temporary);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var file = new FileStream(temporary, options))
                JsonSerializer.Serialize(file, contexts, ContextJson.Default.ContextList);
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"{path} cannot be written: {e.Message}", e);
        }
    }
}
