namespace LifecycleManager.Agent.Fetching;

/// <summary>
/// How much may still be written for a task: each byte is counted before it is, in blocks, as the disk has them.
/// </summary>
/// <param name="left">Bytes that may be written; null for no limit.</param>
/// <param name="quota">What a task may have in all, in bytes, for the message.</param>
internal sealed class DiskBudget(long? left, long quota)
{
    private const long Block = 4096;
    private long _left = left ?? long.MaxValue;

    /// <summary>A directory is made.</summary>
    /// <exception cref="DiskLimitException">It would be more than the task may have.</exception>
    public void TakeDirectory() => Take(Block);

    /// <summary>A file grows.</summary>
    /// <param name="from">Its length, in bytes.</param>
    /// <param name="to">Its new length, in bytes.</param>
    /// <exception cref="DiskLimitException">It would be more than the task may have.</exception>
    public void TakeFile(long from, long to) => Take((Blocks(to) - Blocks(from)) * Block);

    private static long Blocks(long bytes) => (bytes + Block - 1) / Block;

    private void Take(long bytes)
    {
        if (bytes > _left) throw new DiskLimitException(quota);
        _left -= bytes;
    }
}

/// <summary>What is fetched would take more of the disk than the task may have.</summary>
/// <param name="quota">What that is, in bytes.</param>
internal sealed class DiskLimitException(long quota)
    : IOException(FormattableString.Invariant($"it exceeds the task's disk limit of {quota / 1048576.0:0.#} MB"));
