using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Agent.Linux;
using LifecycleManager.Runtime;

namespace LifecycleManager.Agent.Checkpoints;

/// <summary>Files that are whole, old or new, whenever the machine stops, and that tell when they were damaged.</summary>
internal static class DurableFile
{
    /// <summary>Replaces a file; it is on the disk when this returns.</summary>
    /// <exception cref="IOException">The disk is full or fails; the old file is untouched.</exception>
    public static void Write<T>(string path, T value, JsonTypeInfo<T> type)
    {
        var temporary = path + ".new";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        try
        {
            // What a crash has left; and whatever else bears the name: opening a pipe would wait for its reader.
            File.Delete(temporary);
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
    /// Reads what <see cref="Write"/> wrote; null when there is no such file, or a damaged one, or it cannot be read.
    /// </summary>
    public static T? Read<T>(string path, JsonTypeInfo<T> type) where T : class => Read(path, type, out _);

    /// <summary>Reads what <see cref="Write"/> wrote; null where that is not to be had.</summary>
    /// <param name="path">The file.</param>
    /// <param name="type">What it holds.</param>
    /// <param name="problem">Why it is not to be had, with the file's name; null where it is.</param>
    public static T? Read<T>(string path, JsonTypeInfo<T> type, out string? problem) where T : class
    {
        try
        {
            var value = Parse(RegularFile.ReadAllBytes(path), type);
            problem = value is null ? $"{path} is damaged" : null;
            return value;
        }
        catch (EmptyFileException)
        {
            problem = $"{path} is damaged";
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = Directory.Exists(path) ? $"{path} is a directory" : $"{path} cannot be read: {e.Message}";
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
        catch (Exception e) when (e is JsonException or NotSupportedException or InvalidOperationException
            or ArgumentException or FormatException)
        {
            // Whatever a converter makes of what is no value of its type.
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
