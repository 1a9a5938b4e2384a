using System.ComponentModel;
using System.Runtime.InteropServices;
using LifecycleManager.Agent.Linux;
using Microsoft.Win32.SafeHandles;

namespace LifecycleManager.Agent.Sandboxes;

/// <summary>
/// What is below one directory, and nothing else: each part of a path is opened from the one before it, and no symbolic link is
/// followed, be it put there by an archive a moment ago or by a task while this works.
/// </summary>
internal sealed class SandboxTree : IDisposable
{
    private readonly SafeFileHandle _root;

    private SandboxTree(SafeFileHandle root) => _root = root;

    /// <summary>Opens a directory.</summary>
    /// <param name="path">The directory; what is above it is followed as it is.</param>
    /// <exception cref="IOException">It is not there, or it is a link.</exception>
    public static SandboxTree Open(string path) => new(OpenAt(NativeFiles.CurrentDirectory, path, NativeFiles.ReadOnly
        | NativeFiles.Directory) ?? throw new IOException($"the directory {path} is not there"));

    /// <summary>The parts of a path; none for the directory itself.</summary>
    /// <exception cref="InvalidDataException">It leads out of the directory by its name alone.</exception>
    public static string[] Parts(string name)
    {
        var parts = name.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToArray();
        if (name.StartsWith('/') || name.Contains('\0', StringComparison.Ordinal) || parts.Contains(".."))
            throw new InvalidDataException($"the entry '{name}' reaches out of its directory");
        return parts;
    }

    /// <summary>Makes a directory with those above it, unless it is there.</summary>
    /// <exception cref="InvalidDataException">The path leads out of the directory, or through a link.</exception>
    public void MakeDirectory(string name) => Walk(name, Parts(name), make: true)?.Dispose();

    /// <summary>Makes a new file with the directories above it, in the place of whatever file or link is there.</summary>
    /// <inheritdoc cref="MakeDirectory" path="/exception" />
    public FileStream Create(string name, UnixFileMode mode)
    {
        using var parent = Parent(name, out var last)!;
        Remove(parent, last);
        var flags = NativeFiles.ReadWrite | NativeFiles.Create | NativeFiles.Exclusive;
        var file = OpenAt(Number(parent), last, flags, (uint)mode)!;
        // As it was asked for, whatever the process' own mask.
        if (NativeFiles.ChangeMode(Number(file), (uint)mode) != 0) throw Failed(name);
        return new FileStream(file, FileAccess.ReadWrite, bufferSize: 0);
    }

    /// <summary>Makes a symbolic link, in the place of whatever file or link is there.</summary>
    /// <inheritdoc cref="MakeDirectory" path="/exception" />
    public void Link(string name, string target)
    {
        using var parent = Parent(name, out var last)!;
        Remove(parent, last);
        if (NativeFiles.LinkAt(target, Number(parent), last) != 0) throw Failed(name);
    }

    /// <summary>Opens a regular file for reading; null when there is none.</summary>
    /// <exception cref="InvalidDataException">The path leads out of the directory or through a link, or to no file.</exception>
    public FileStream? OpenRead(string name) => Open(name, NativeFiles.ReadOnly, FileAccess.Read);

    /// <summary>Opens a regular file of one name for reading and writing; null when there is none.</summary>
    /// <exception cref="InvalidDataException">
    /// The path leads out of the directory or through a link, or to no file, or to one that has other names elsewhere.
    /// </exception>
    public FileStream? OpenWrite(string name)
    {
        var file = Open(name, NativeFiles.ReadWrite, FileAccess.ReadWrite);
        if (file is null || NativeFiles.Kind(Number(file.SafeFileHandle)).Links <= 1) return file;
        file.Dispose();
        throw new InvalidDataException($"'{name}' is a hard link");
    }

    /// <summary>Renames a file within its directory, over whatever file or link has the new name.</summary>
    public void Rename(string from, string to)
    {
        if (NativeFiles.RenameAt(Number(_root), Single(from), Number(_root), Single(to)) != 0) throw Failed(from);
    }

    /// <summary>Removes a file or a link of the directory itself; nothing where there is none.</summary>
    public void Delete(string name) => Remove(_root, Single(name));

    /// <summary>Gives a file or a directory of this tree to a user.</summary>
    public void Give(string name, uint user, uint group)
    {
        using var parent = Parts(name) is [] ? null : Parent(name, out _);
        using var entry = parent is null ? OpenAt(Number(_root), ".", NativeFiles.ReadOnly)
            : OpenAt(Number(parent), Parts(name)[^1], NativeFiles.ReadOnly | NativeFiles.NonBlocking);
        if (entry is null || NativeFiles.ChangeOwner(Number(entry), user, group) != 0) throw Failed(name);
    }

    /// <summary>Sets the mode of the directory itself.</summary>
    public void SetMode(UnixFileMode mode)
    {
        if (NativeFiles.ChangeMode(Number(_root), (uint)mode) != 0) throw Failed(".");
    }

    /// <summary>Removes all that is in the directory.</summary>
    public void Clear() => TreeRemoval.Clear(_root);

    public void Dispose() => _root.Dispose();

    /// <summary>Opens what is below a directory, never through a link; null when it is not there.</summary>
    /// <exception cref="InvalidDataException">It is a link, or no directory where one is asked for.</exception>
    internal static SafeFileHandle? OpenAt(int directory, string name, int flags, uint mode = 0)
    {
        var descriptor = NativeFiles.OpenAt(directory, name, flags | NativeFiles.NoFollow | NativeFiles.CloseOnExec, mode);
        if (descriptor >= 0) return new SafeFileHandle(descriptor, ownsHandle: true);
        var error = Marshal.GetLastPInvokeError();
        return error switch
        {
            NativeFiles.NotThere => null,
            NativeFiles.TooManyLinks or NativeFiles.NotADirectory => throw new InvalidDataException($"'{name}' is a link"),
            _ => throw new IOException($"'{name}': {new Win32Exception(error).Message}"),
        };
    }

    internal static int Number(SafeHandle handle) => (int)handle.DangerousGetHandle();

    private FileStream? Open(string name, int flags, FileAccess access)
    {
        using var parent = Parent(name, out var last, make: false);
        // A pipe would wait for its other end.
        var file = parent is null ? null : OpenAt(Number(parent), last, flags | NativeFiles.NonBlocking);
        if (file is null) return null;
        if (NativeFiles.Kind(Number(file)).IsRegular) return new FileStream(file, access, bufferSize: 0);
        file.Dispose();
        throw new InvalidDataException($"'{name}' is no regular file");
    }

    private SafeFileHandle? Parent(string name, out string last, bool make = true)
    {
        var parts = Parts(name);
        last = parts.LastOrDefault() ?? throw new InvalidDataException($"the entry '{name}' is the directory itself");
        return Walk(name, parts[..^1], make);
    }

    private SafeFileHandle? Walk(string name, string[] parts, bool make)
    {
        const uint Mode = 0x1ed;
        var at = OpenAt(Number(_root), ".", NativeFiles.ReadOnly | NativeFiles.Directory)!;
        foreach (var part in parts)
        {
            var above = at;
            try
            {
                if (make && NativeFiles.MakeDirectoryAt(Number(above), part, Mode) != 0
                    && Marshal.GetLastPInvokeError() != NativeFiles.Exists) throw Failed(name);
                if (OpenAt(Number(above), part, NativeFiles.ReadOnly | NativeFiles.Directory) is not { } below) return null;
                at = below;
            }
            catch (InvalidDataException)
            {
                throw new InvalidDataException($"the entry '{name}' goes through a link");
            }
            finally
            {
                above.Dispose();
            }
        }

        return at;
    }

    private static void Remove(SafeFileHandle parent, string name)
    {
        if (NativeFiles.UnlinkAt(Number(parent), name, 0) != 0 && Marshal.GetLastPInvokeError() != NativeFiles.NotThere)
            throw Failed(name);
    }

    private static string Single(string name) => Parts(name) is [var only] ? only
        : throw new ArgumentException("the name is a path", nameof(name));

    private static IOException Failed(string name) =>
        new($"'{name}': {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
}
