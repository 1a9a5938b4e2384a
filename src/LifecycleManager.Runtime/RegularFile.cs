namespace LifecycleManager.Runtime;

/// <summary>
/// Files that others put somewhere for this process. What is no regular file is never opened: opening a named pipe waits until
/// somebody writes to it, and a device may have no end.
/// </summary>
public static class RegularFile
{
    /// <summary>The file itself, links followed.</summary>
    /// <exception cref="IOException">
    /// It is not there, a link leads nowhere or in circles, or it is a directory; or it is empty, which on Linux pipes, sockets
    /// and devices are, too.
    /// </exception>
    /// <exception cref="UnauthorizedAccessException">A directory on the way may not be searched.</exception>
    public static FileInfo Find(string path)
    {
        FileSystemInfo file = new FileInfo(path);
        if (file.LinkTarget is not null) file = file.ResolveLinkTarget(returnFinalTarget: true)!;
        if (file is DirectoryInfo || Directory.Exists(file.FullName)) throw new IOException("it is a directory");
        if (!file.Exists)
            throw new FileNotFoundException(file.FullName == Path.GetFullPath(path)
                ? "it is not there" : $"it is a link to {file.FullName}, which is not there");
        return ((FileInfo)file).Length > 0 ? (FileInfo)file : throw new EmptyFileException();
    }

    /// <summary>Opens a regular file for reading; others may write, replace or delete it meanwhile.</summary>
    /// <inheritdoc cref="Find" path="/exception" />
    public static FileStream Open(string path) =>
        new(Find(path).FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Reads all of a regular file.</summary>
    /// <inheritdoc cref="Find" path="/exception" />
    public static byte[] ReadAllBytes(string path)
    {
        using var file = Open(path);
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <summary>Reads all of a regular file that holds UTF-8, with or without a byte order mark.</summary>
    /// <inheritdoc cref="Find" path="/exception" />
    public static string ReadAllText(string path)
    {
        using var reader = new StreamReader(Open(path));
        return reader.ReadToEnd();
    }
}

/// <summary>A file is empty, or a pipe, a socket or a device.</summary>
public sealed class EmptyFileException() : IOException("it is empty, or no regular file");
