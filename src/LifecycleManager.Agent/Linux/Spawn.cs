using System.Runtime.InteropServices;
using System.Text;

namespace LifecycleManager.Agent.Linux;

/// <summary>A descriptor that a new process begins with.</summary>
/// <param name="Number">Its number there.</param>
/// <param name="Path">The file that is opened as it; null where it is one of this process'.</param>
/// <param name="Flags">How the file is opened.</param>
/// <param name="Own">The number of this process' descriptor that it becomes, where it is no file.</param>
internal readonly record struct SpawnDescriptor(int Number, string? Path, int Flags, int Own = -1);

/// <summary>
/// Starts a process in a session of its own, with all signals as they are by default: .NET's own Process knows neither sessions
/// nor terminals, and to fork is for no process with threads.
/// </summary>
internal static unsafe class Spawn
{
    private const uint OwnersAlone = 0x180;

    /// <summary>Starts it.</summary>
    /// <param name="program">The program's path, which is its first argument too.</param>
    /// <param name="arguments">What follows.</param>
    /// <param name="environment">All of its environment.</param>
    /// <param name="descriptors">All of its descriptors, in the order in which they are made: the first terminal that is opened
    /// becomes the session's.</param>
    /// <returns>The pid, which is also the session's and the process group's.</returns>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public static int Start(
        string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment,
        params ReadOnlySpan<SpawnDescriptor> descriptors)
    {
        var attributes = NativeMemory.AllocZeroed(Native.OpaqueSize);
        var actions = NativeMemory.AllocZeroed(Native.OpaqueSize);
        var signals = NativeMemory.AllocZeroed(Native.OpaqueSize);
        var argv = Strings([program, .. arguments]);
        var envp = Strings([.. environment.Select(variable => $"{variable.Key}={variable.Value}")]);
        try
        {
            Check(Native.SpawnAttributesInit(attributes));
            Check(Native.SignalsEmpty(signals));
            Check(Native.SpawnAttributesSetMask(attributes, signals));
            Check(Native.SignalsFill(signals));
            Check(Native.SpawnAttributesSetDefaults(attributes, signals));
            Check(Native.SpawnAttributesSetFlags(
                attributes, Native.SpawnSetSession | Native.SpawnSetSignalMask | Native.SpawnSetSignalDefaults));
            Check(Native.FileActionsInit(actions));
            foreach (var (number, path, flags, own) in descriptors)
            {
                Check(path is null ? Native.FileActionsAddDuplicate(actions, own, number)
                    : Native.FileActionsAddOpen(actions, number, path, flags, OwnersAlone));
            }

            Check(Native.Spawn(out var pid, program, actions, attributes, argv, envp));
            _ = Native.FileActionsDestroy(actions);
            _ = Native.SpawnAttributesDestroy(attributes);
            return pid;
        }
        finally
        {
            Free(argv);
            Free(envp);
            NativeMemory.Free(signals);
            NativeMemory.Free(actions);
            NativeMemory.Free(attributes);
        }
    }

    private static void Check(int error)
    {
        if (error != 0) throw new IOException($"the process cannot be started: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    private static byte** Strings(string[] texts)
    {
        var array = (byte**)NativeMemory.AllocZeroed((nuint)(texts.Length + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < texts.Length; i++)
        {
            var bytes = Encoding.UTF8.GetBytes(texts[i]);
            array[i] = (byte*)NativeMemory.AllocZeroed((nuint)bytes.Length + 1);
            bytes.CopyTo(new Span<byte>(array[i], bytes.Length));
        }

        return array;
    }

    private static void Free(byte** array)
    {
        for (var item = array; *item is not null; item++) NativeMemory.Free(*item);
        NativeMemory.Free(array);
    }
}
