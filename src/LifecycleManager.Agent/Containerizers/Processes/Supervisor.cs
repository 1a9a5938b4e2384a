using System.Runtime.InteropServices;
using System.Text;

namespace LifecycleManager.Agent.Containerizers.Processes;

/// <summary>
/// Starts a task below a small shell of its own session, which outlives the agent and writes down how the task ended.
/// </summary>
/// <remarks>
/// The shell claims the attempt first (an exclusive file), so that a task is never run twice however often the agent dies;
/// notes its line of <c>/proc</c>, by which it is known from a reuse of its pid; joins the cgroups; and stays deaf to the
/// signals that end the task's group, to see the task's exit. It uses built-ins alone.
/// </remarks>
internal static unsafe class Supervisor
{
    private const string Shell = "/bin/sh";

    // $1 claim  $2 who am I  $3 exit  $4 sandbox  cgroup directories  --  program and arguments.
    // A handler, not SIG_IGN: the task must not inherit deafness. exec in a subshell: never a built-in of this name.
    private const string Script = """
        set -C
        : >"$1" || exit 125
        set +C
        read -r self </proc/$$/stat
        printf '%s\n' "$self" >"$2"
        exit=$3 sandbox=$4
        shift 4
        while [ "$1" != -- ]; do printf '%s' "$$" >"$1/cgroup.procs"; shift; done
        shift
        cd "$sandbox" || exit 125
        trap : HUP INT QUIT TERM USR1 USR2 ALRM
        (exec "$@") >>stdout 2>>stderr
        code=$?
        printf '%s\n' "$code" >"$exit"
        exit "$code"
        """;

    /// <summary>Starts it.</summary>
    /// <returns>The pid, which is also the session's and the process group's.</returns>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public static int Start(
        SupervisorFiles files, string sandbox, IReadOnlyList<string> cgroups, IReadOnlyList<string> command,
        IReadOnlyDictionary<string, string> environment)
    {
        string[] arguments =
            [Shell, "-c", Script, "lcm-task", files.Claim, files.Self, files.Exit, sandbox, .. cgroups, "--", .. command];
        var attributes = NativeMemory.AllocZeroed(Native.OpaqueSize);
        var actions = NativeMemory.AllocZeroed(Native.OpaqueSize);
        var signals = NativeMemory.AllocZeroed(Native.OpaqueSize);
        var argv = Strings(arguments);
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
            Check(Native.FileActionsAddOpen(actions, 0, "/dev/null", Native.OpenReadOnly, 0));
            Check(Native.FileActionsAddOpen(actions, 1, files.Log, Native.OpenWriteCreateAppend, 0x180));
            Check(Native.FileActionsAddOpen(actions, 2, files.Log, Native.OpenWriteCreateAppend, 0x180));
            Check(Native.Spawn(out var pid, Shell, actions, attributes, argv, envp));
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

/// <summary>The files between an agent and a task's supervisor, in the task's own directory.</summary>
/// <param name="meta">The directory.</param>
internal sealed class SupervisorFiles(string meta)
{
    private int _attempt = ReadLine(Path.Combine(meta, "attempt")) is { } line && int.TryParse(line, out var attempt) ? attempt : -1;

    /// <summary>
    /// Decides whether the attempt is run: a file of its supervisor, or a directory of an agent that gives it up. The kernel
    /// lets only one of them make it.
    /// </summary>
    public string Claim => Path.Combine(meta, $"claim.{_attempt}");

    /// <summary>The supervisor's line of <c>/proc</c>.</summary>
    public string Self => Path.Combine(meta, "supervisor");

    /// <summary>The task's exit code.</summary>
    public string Exit => Path.Combine(meta, "exit");

    /// <summary>The supervisor's own complaints.</summary>
    public string Log => Path.Combine(meta, "supervisor.log");

    /// <summary>Gives up an attempt that an earlier agent may have begun.</summary>
    /// <returns>False when its supervisor was faster: the task runs, or has run.</returns>
    public bool Forestall()
    {
        if (_attempt < 0) return true;
        try
        {
            Directory.CreateDirectory(Claim);
            return true;
        }
        catch (IOException) when (File.Exists(Claim))
        {
            return false;
        }
    }

    /// <summary>To be called before a supervisor is started.</summary>
    public void Begin()
    {
        _attempt++;
        File.WriteAllText(Path.Combine(meta, "attempt"), $"{_attempt}\n");
    }

    /// <summary>The exit code; null while it is not written.</summary>
    public int? ReadExit() => ReadLine(Exit) is { } line && int.TryParse(line, out var code) ? code : null;

    /// <summary>Who the supervisor is; null while it is not written.</summary>
    public ProcessIdentity? ReadSelf() => ReadLine(Self) is { } line ? ProcessStat.Parse(line)?.Identity : null;

    /// <summary>The supervisor's complaints, in one short line.</summary>
    public string Complaints()
    {
        try
        {
            var text = File.ReadAllText(Log).ReplaceLineEndings(" ").Trim();
            return text.Length > 500 ? text[..500] : text;
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static string? ReadLine(string path)
    {
        try
        {
            var text = File.ReadAllText(path);
            // Without its line feed it is not yet whole.
            return text.EndsWith('\n') ? text.TrimEnd() : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
