using LifecycleManager.Runtime;

namespace LifecycleManager.Decisions.Policies;

/// <summary>One file of a <see cref="PolicyDirectory"/>: as it is now, and its version that is in force.</summary>
internal sealed class PolicyFileEntry
{
    private readonly CalendarTexts _calendars = new();
    private FileStamp? _stamp;
    private string? _text;

    /// <summary>As it is now.</summary>
    public PolicyFile? Parsed { get; set; }

    /// <summary>When that was read.</summary>
    public DateTimeOffset ReadAt { get; private set; }

    /// <summary>The last good version; null where there never was one.</summary>
    public PolicyFile? Good { get; set; }

    /// <summary>When that was read.</summary>
    public DateTimeOffset? GoodAt { get; set; }

    /// <summary>Since when the file is gone; null where it is there.</summary>
    public DateTimeOffset? GoneSince { get; set; }

    /// <summary>The same as a timestamp.</summary>
    public long GoneClock { get; private set; }

    /// <summary>What was last told of it.</summary>
    public string? Told { get; set; }

    /// <summary>The file is not there, or cannot be seen; whether that is news.</summary>
    public bool Miss(TimeProvider time)
    {
        if (GoneSince is not null) return false;
        (GoneSince, GoneClock) = (time.GetUtcNow(), time.GetTimestamp());
        return true;
    }

    /// <summary>Reads the file where it has changed, or a calendar that it names has; whether that is so.</summary>
    /// <param name="file">Its path.</param>
    /// <param name="now">The present.</param>
    /// <param name="explicitly">Read it whatever its stamp says.</param>
    public bool Refresh(string file, DateTimeOffset now, bool explicitly)
    {
        try
        {
            var info = new FileInfo(file);
            // A link may point elsewhere without any sign of its own; links are read each time.
            var stamp = info is { Exists: true, LinkTarget: null } ? FileStamp.Of(info) : null;
            var sameCalendars = _calendars.AreUnchanged();
            if (!explicitly && stamp is not null && stamp == _stamp && sameCalendars) return false;
            var text = Read(file);
            _stamp = stamp;
            if (_text == text && sameCalendars) return false;
            _text = text;
            _calendars.Clear();
            Parsed = string.IsNullOrWhiteSpace(text)
                ? Bad(file, "the file is blank; to end its policies delete it", "blank")
                : PolicyParser.Parse(file, text, _calendars.Read);
        }
        catch (Exception e)
        {
            // Whatever is wrong with one file is that file's refusal.
            var bad = e is EmptyFileException
                ? Bad(file, "the file is empty, or no regular file; to end its policies delete it", "blank")
                : Bad(file, $"the file cannot be read: {e.Message}", "unreadable");
            if (_text is null && Parsed?.Problems is [var known] && known == bad.Problems[0]) return false;
            (_text, _stamp) = (null, null);
            Parsed = bad;
        }

        ReadAt = now;
        return true;
    }

    private static PolicyFile Bad(string file, string message, string code) =>
        new([], [new PolicyProblem(file, 1, 1, PolicySeverity.Error, message, null, code)]);

    private static string Read(string file)
    {
        using var stream = RegularFile.Open(file);
        using var reader = new StreamReader(stream);
        var buffer = new char[Math.Min(stream.Length, PolicyParser.MaxLength) + 1];
        var length = reader.ReadBlock(buffer);
        return TextEncodings.IsUtf16(reader.CurrentEncoding)
            ? throw new Utf16Exception(new string(buffer, 0, length)) : new string(buffer, 0, length);
    }
}
