using System.Text;

namespace LifecycleManager.Runtime;

/// <summary>
/// A secret that is handed over as a file. It is read again when the file changes, so that it can be renewed while the process
/// runs; its text is in no message and no log.
/// </summary>
/// <param name="path">The file.</param>
public sealed class SecretFile(string path)
{
    /// <summary>The longest secret, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    private readonly Lock _lock = new();
    private (FileStamp Stamp, string Text)? _read;

    /// <summary>The file.</summary>
    public string Path { get; } = path;

    /// <summary>The secret as it is now, without the line feed that editors and <c>echo</c> end a file with.</summary>
    /// <exception cref="IOException">It is not there, cannot be read, is a directory, or is longer than
    /// <see cref="MaxBytes"/>.</exception>
    public string Read()
    {
        lock (_lock)
        {
            try
            {
                var file = new FileInfo(Path);

                // A renewed secret may be another file behind the same link, as Kubernetes does it: the file's own time counts.
                if (file.LinkTarget is not null) file = (FileInfo)file.ResolveLinkTarget(returnFinalTarget: true)!;
                if (!file.Exists) throw new FileNotFoundException($"the secret file {Path} is not there");
                var stamp = FileStamp.Of(file);
                if (_read is { } known && known.Stamp == stamp) return known.Text;
                var text = ReadOnce(Path);
                _read = stamp is { } settled ? (settled, text) : null;
                return text;
            }
            catch (Exception e) when (e is UnauthorizedAccessException or ArgumentException or NotSupportedException)
            {
                throw new IOException($"the secret file {Path} cannot be read: {e.Message}", e);
            }
        }
    }

    /// <summary>Reads a secret once.</summary>
    /// <inheritdoc cref="Read" path="/exception" />
    public static string ReadOnce(string path)
    {
        try
        {
            if ((File.GetAttributes(path) & FileAttributes.Directory) != 0)
                throw new IOException($"the secret file {path} is a directory");
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[MaxBytes + 1];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length > MaxBytes) throw new IOException($"the secret file {path} is longer than {MaxBytes} bytes");
            return Encoding.UTF8.GetString(bytes, 0, length).TrimEnd('\r', '\n');
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"the secret file {path} cannot be read: {e.Message}", e);
        }
    }
}
