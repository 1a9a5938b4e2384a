using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Agent.Containerizers.Processes;

namespace LifecycleManager.Agent.Checkpoints;

/// <summary>Files that are whole, old or new, whenever the machine stops, and that tell when they were damaged.</summary>
internal static class DurableFile
{
    /// <summary>Replaces a file; it is on the disk when this returns.</summary>
    /// <exception cref="IOException">The disk is full or fails; the old file is untouched.</exception>
    public static void Write<T>(string path, T value, JsonTypeInfo<T> type)
    {
        var temporary = path + ".new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        try
        {
            using (var file = new FileStream(temporary, options))
            {
                file.Write(Checksum.Seal(JsonSerializer.SerializeToUtf8Bytes(value, type)));
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (IOException)
        {
            // On a full disk half a file would take what others need.
            File.Delete(temporary);
            throw;
        }

        SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>
    /// Reads what <see cref="Write"/> wrote; null when there is no such file, or a damaged one, or the disk fails.
    /// </summary>
    public static T? Read<T>(string path, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return Parse(File.ReadAllBytes(path), type);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>An object of JSON with its sum; null when it is damaged.</summary>
    public static T? Parse<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return Checksum.Open(json) is { } whole ? JsonSerializer.Deserialize(whole, type) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Makes a directory that only the agent's user reads, and its entry durable.</summary>
    public static void MakeDirectory(string path)
    {
        Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
        SyncDirectory(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(path))!);
    }

    /// <summary>Makes new names in a directory durable.</summary>
    public static void SyncDirectory(string path)
    {
        var descriptor = Native.Open(path, Native.OpenReadOnly);
        if (descriptor < 0) return;
        _ = Native.Sync(descriptor);
        _ = Native.Close(descriptor);
    }

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
}
