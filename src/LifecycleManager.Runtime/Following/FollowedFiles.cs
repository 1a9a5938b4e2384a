using System.Security;

namespace LifecycleManager.Runtime.Following;

/// <summary>
/// What some files say together, and what they say once they have changed: by a rename, a rewriting or a swapped link, since what
/// counts is what is in them. While one cannot be read, or they do not fit each other, the last good ones stay in force.
/// </summary>
/// <typeparam name="T">What they say; never changed itself.</typeparam>
public sealed class FollowedFiles<T> : IFollowed
    where T : class
{
    /// <summary>The longest file, in bytes: 4 MiB.</summary>
    public const int MaxFile = 4 * 1024 * 1024;

    private readonly Lock _looking = new();
    private readonly IReadOnlyList<string> _paths;
    private readonly Func<IReadOnlyList<byte[]>, T> _read;
    private readonly Func<T, string>? _describe;
    private readonly int _maxFile;
    private readonly bool _isOnce;
    private IReadOnlyList<byte[]> _bytes;
    private volatile T _current;
    private volatile string? _problem;

    /// <summary>Reads them.</summary>
    /// <param name="name">What they are together, with the file that people know them by.</param>
    /// <param name="paths">The files.</param>
    /// <param name="read">
    /// Reads what is in each, in their order; throws <see cref="FormatException"/> with what is wrong.
    /// </param>
    /// <param name="describe">Tells what is in force, without what is secret in it; null for nothing.</param>
    /// <param name="maxFile">The longest file, in bytes; of 1 to <see cref="MaxFile"/>.</param>
    /// <param name="pipes">Whether what is no file, such as a shell's <c>&lt;(…)</c>, is read, once.</param>
    /// <exception cref="FormatException">They cannot be read, or are not what they should be.</exception>
    public FollowedFiles(
        string name, IReadOnlyList<string> paths, Func<IReadOnlyList<byte[]>, T> read, Func<T, string>? describe = null,
        int maxFile = MaxFile, bool pipes = false)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(read);
        (Name, _paths, _read, _describe, _maxFile) = (name, paths, read, describe, maxFile);
        _isOnce = pipes && !paths.All(IsFile);
        _bytes = [.. paths.Select(path => Read(path, pipes))];
        _current = read(_bytes);
    }

    /// <summary>Raised after what is in force has changed.</summary>
    public event Action? Changed;

    /// <summary>What is in force.</summary>
    public T Current => _current;

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string? Description => _describe?.Invoke(_current);

    /// <inheritdoc/>
    public string? Problem => _problem;

    /// <inheritdoc/>
    public bool Look()
    {
        // Roles of one process share it, and look each for itself.
        lock (_looking) return !_isOnce && LookNow();
    }

    private bool LookNow()
    {
        var before = _problem;
        try
        {
            IReadOnlyList<byte[]> bytes = [.. _paths.Select(path => Read(path, pipes: false))];
            var isSame = bytes.Zip(_bytes).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));
            if (isSame && before is null) return false;
            if (!isSame) (_current, _bytes) = (_read(bytes), bytes);
            _problem = null;
            if (!isSame) Changed?.Invoke();
            return true;
        }
        catch (FormatException e)
        {
            _problem = $"{Name} is not in force, the last good one is: {e.Message}";
            return _problem != before;
        }
    }

    private byte[] Read(string path, bool pipes)
    {
        try
        {
            // What an editor or a copy has begun to write is refused by whoever reads it, and looked at again.
            using var file = pipes ? File.OpenRead(path) : RegularFile.Open(path);
            var bytes = new byte[Math.Min(_maxFile, file.CanSeek ? file.Length : _maxFile) + 1];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length > _maxFile) throw new FormatException($"it is longer than {_maxFile} bytes{Of(path)}");
            return bytes[..length];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SecurityException or ArgumentException)
        {
            throw new FormatException($"it cannot be read: {e.Message}{Of(path)}", e);
        }
    }

    private string Of(string path) => Name.Contains(path, StringComparison.Ordinal) ? "" : $" ({path})";

    private static bool IsFile(string path)
    {
        try
        {
            return RegularFile.Find(path).Exists;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }
}
