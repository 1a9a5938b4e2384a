namespace LifecycleManager.Runtime;

/// <summary>What tells that a file is as it was when it was read: its time and its length, taken before the reading.</summary>
/// <param name="Written">When it was last written, as the file system has it.</param>
/// <param name="Length">In bytes.</param>
public readonly record struct FileStamp(DateTime Written, long Length)
{
    /// <summary>
    /// File systems count time in steps, of milliseconds up to two seconds: a second write within the step of the first leaves no
    /// trace where the length is the same.
    /// </summary>
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(2);

    /// <summary>The stamp of a file; null where it was written so lately that it has to be read again the next time.</summary>
    public static FileStamp? Of(FileInfo file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var stamp = new FileStamp(file.LastWriteTimeUtc, file.Length);
        // By the machine's clock, whatever clock else is in use: the file's time is of it.
        return TimeProvider.System.GetUtcNow().UtcDateTime - stamp.Written > Step ? stamp : null;
    }
}
