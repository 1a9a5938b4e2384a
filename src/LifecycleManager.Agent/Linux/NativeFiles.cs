using System.Runtime.InteropServices;

namespace LifecycleManager.Agent.Linux;

/// <summary>The calls of libc that work relative to an open directory, so that no path is looked up twice.</summary>
internal static unsafe partial class NativeFiles
{
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int NonBlocking = 0x800;
    public const int CloseOnExec = 0x80000;
    public const int CurrentDirectory = -100;
    public const int RemoveDirectory = 0x200;
    public const int NotThere = 2;
    public const int Exists = 17;
    public const int NotADirectory = 20;
    public const int IsADirectory = 21;
    public const int TooManyLinks = 40;

    private const uint TypeMask = 0xF000;
    private const uint RegularType = 0x8000;

    // These two have other values on ARM.
    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;

    /// <summary>Only a directory is opened.</summary>
    public static readonly int Directory = IsArm ? 0x4000 : 0x10000;

    /// <summary>The last part of a path may be no symbolic link.</summary>
    public static readonly int NoFollow = IsArm ? 0x8000 : 0x20000;

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int OpenAt(int directory, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MakeDirectoryAt(int directory, string path, uint mode);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int UnlinkAt(int directory, string path, int flags);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int RenameAt(int fromDirectory, string from, int toDirectory, string to);

    [LibraryImport("libc", EntryPoint = "symlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int LinkAt(string target, int directory, string path);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    public static partial int ChangeMode(int descriptor, uint mode);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    public static partial int ChangeOwner(int descriptor, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    public static partial int OpenAt(int directory, byte[] path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    public static partial int UnlinkAt(int directory, byte[] path, int flags);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true)]
    public static partial int RenameAt(int fromDirectory, byte[] from, int toDirectory, byte[] to);

    /// <summary>The names in an open directory as the kernel has them, with a NUL at the end of each.</summary>
    public static IReadOnlyList<byte[]> Names(int directory)
    {
        // struct dirent: inode, offset, length (2 bytes), type (1 byte), name.
        const int NameOffset = 19;
        var names = new List<byte[]>();
        // Of its own: closing the stream closes it.
        var stream = OpenDirectory(OpenAt(directory, ".", Directory | CloseOnExec, 0));
        if (stream == 0) return names;
        for (var entry = ReadDirectory(stream); entry != 0; entry = ReadDirectory(stream))
        {
            var name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)entry + NameOffset);
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8)) names.Add([.. name, 0]);
        }

        _ = CloseDirectory(stream);
        return names;
    }

    /// <summary>What is open: whether a regular file, of how many names, and whose.</summary>
    public static (bool IsRegular, uint Links, uint User) Kind(int descriptor)
    {
        const int EmptyPath = 0x1000;
        const uint BasicStats = 0x7ff;
        // struct statx: mask, blksize, attributes (8), nlink, uid, gid, mode (2 bytes).
        var buffer = stackalloc uint[64];
        if (StatX(descriptor, "", EmptyPath, BasicStats, buffer) != 0) return default;
        var type = *(ushort*)(buffer + 7) & TypeMask;
        return (type == RegularType, buffer[4], buffer[5]);
    }

    [LibraryImport("libc", EntryPoint = "fdopendir", SetLastError = true)]
    private static partial nint OpenDirectory(int descriptor);

    [LibraryImport("libc", EntryPoint = "readdir", SetLastError = true)]
    private static partial nint ReadDirectory(nint stream);

    [LibraryImport("libc", EntryPoint = "closedir", SetLastError = true)]
    private static partial int CloseDirectory(nint stream);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int directory, string path, int flags, uint mask, void* buffer);
}
