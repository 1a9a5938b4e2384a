using LifecycleManager.Decisions.Schedules;
using LifecycleManager.Runtime;

namespace LifecycleManager.Decisions.Policies;

/// <summary>The calendar files that one rule file names, as they were when it was read.</summary>
internal sealed class CalendarTexts
{
    private readonly Dictionary<string, (FileStamp? Stamp, string? Text)> _known = new(StringComparer.Ordinal);

    /// <summary>Whether each is as it was: those that could not be read still cannot.</summary>
    public bool AreUnchanged()
    {
        foreach (var (path, (stamp, text)) in _known.ToList())
        {
            var now = Stamp(path);
            if (now is not null && now == stamp) continue;
            try
            {
                if (Load(path) != text) return false;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (text is not null) return false;
            }

            _known[path] = (now, text);
        }

        return true;
    }

    /// <summary>Forgets them, before the rule file is read anew.</summary>
    public void Clear() => _known.Clear();

    /// <summary>A file's text, of which more than a calendar may have is cut off.</summary>
    /// <exception cref="IOException">It is not there, or no regular file.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public string Read(string path)
    {
        _known[path] = (null, null);
        var stamp = Stamp(path);
        var text = Load(path);
        _known[path] = (stamp, text);
        return text;
    }

    private static FileStamp? Stamp(string path)
    {
        var file = new FileInfo(path);
        return file is { Exists: true, LinkTarget: null } ? FileStamp.Of(file) : null;
    }

    private static string Load(string path)
    {
        using var stream = RegularFile.Open(path);
        using var reader = new StreamReader(stream);
        var buffer = new char[Math.Min(stream.Length, CalendarFile.MaxLength) + 1];
        return new string(buffer, 0, reader.ReadBlock(buffer));
    }
}
