using System.Runtime.InteropServices;

namespace LifecycleManager.Agent.Linux;

/// <summary>The few calls of libc that .NET does not offer.</summary>
internal static unsafe partial class Native
{
    public const int SigKill = 9;
    public const int SigTerm = 15;
    public const int NoHang = 1;
    public const int SigHangup = 1;
    public const int SigContinue = 18;
    public const int OpenReadOnly = 0;
    public const int OpenReadWrite = 2;
    public const int OpenWriteCreateAppend = 0x441;
    public const short SpawnSetSignalDefaults = 0x04;
    public const short SpawnSetSignalMask = 0x08;
    public const short SpawnSetSession = 0x80;
    public const int NoSuchProcess = 3;

    /// <summary>More than any libc's <c>posix_spawnattr_t</c>, <c>posix_spawn_file_actions_t</c> or <c>sigset_t</c>.</summary>
    public const int OpaqueSize = 1024;

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Spawn(out int pid, string path, void* fileActions, void* attributes, byte** arguments,
        byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    public static partial int SpawnAttributesInit(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    public static partial int SpawnAttributesDestroy(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    public static partial int SpawnAttributesSetFlags(void* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    public static partial int SpawnAttributesSetMask(void* attributes, void* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    public static partial int SpawnAttributesSetDefaults(void* attributes, void* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    public static partial int FileActionsInit(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    public static partial int FileActionsDestroy(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int FileActionsAddOpen(void* actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static partial int FileActionsAddDuplicate(void* actions, int descriptor, int to);

    [LibraryImport("libc", EntryPoint = "sigfillset")]
    public static partial int SignalsFill(void* signals);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    public static partial int SignalsEmpty(void* signals);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    public static partial int WaitPid(int pid, out int status, int options);

    /// <summary>
    /// How a child has ended that stays to be waited for: its exit code, 128 + N when signal N ended it; null while it runs.
    /// </summary>
    public static int? ExitOf(int child)
    {
        const int ByPid = 1;
        const int Exited = 4;
        const int Leave = 0x1000000;
        const int ExitedByItself = 1;
        // siginfo_t of SIGCHLD: signo, errno, code, pid at byte 16, uid, status.
        var info = stackalloc int[32];
        if (WaitId(ByPid, child, info, Exited | NoHang | Leave) != 0 || info[4] != child) return null;
        return info[2] == ExitedByItself ? info[6] : 128 + info[6];
    }

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static partial int WaitId(int idType, int id, void* info, int options);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ChangeOwner(string path, uint user, uint group);

    /// <summary>A path's count of links, owner and group; zeros when it cannot be looked at.</summary>
    public static (uint Links, uint User, uint Group) Owner(string path)
    {
        const int NoFollow = 0x100;
        const uint BasicStats = 0x7ff;
        const int CurrentDirectory = -100;
        // struct statx: mask, blksize, attributes (8), nlink, uid, gid.
        var buffer = stackalloc uint[64];
        return StatX(CurrentDirectory, path, NoFollow, BasicStats, buffer) == 0 ? (buffer[4], buffer[5], buffer[6]) : default;
    }

    /// <summary>
    /// What a path takes of the disk, its count of links, and what file it is; zeros when it cannot be looked at.
    /// </summary>
    public static (long Bytes, uint Links, ulong Device, ulong Inode) Usage(string path)
    {
        const int NoFollow = 0x100;
        const uint BasicStats = 0x7ff;
        const int CurrentDirectory = -100;
        const int BlockSize = 512;
        // struct statx: nlink at byte 16, ino at 32, blocks at 48, the device's numbers at 136 and 140.
        var buffer = stackalloc uint[64];
        return StatX(CurrentDirectory, path, NoFollow, BasicStats, buffer) == 0
            ? (*(long*)(buffer + 12) * BlockSize, buffer[4], *(ulong*)(buffer + 34), *(ulong*)(buffer + 8)) : default;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int directory, string path, int flags, uint mask, void* buffer);
}
