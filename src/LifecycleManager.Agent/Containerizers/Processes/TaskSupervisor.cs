using LifecycleManager.Agent.Linux;

namespace LifecycleManager.Agent.Containerizers.Processes;

/// <summary>
/// Starts a task below a small shell of its own session, which outlives the agent and writes down how the task ended.
/// </summary>
/// <remarks>
/// The shell claims the attempt first (an exclusive file), so that a task is never run twice however often the agent dies;
/// notes its line of <c>/proc</c>, by which it is known from a reuse of its pid; joins the cgroups; and stays deaf to the
/// signals that end the task's group, to see the task's exit. It uses built-ins alone. Without its note there is no task;
/// notes and exit code are written into space that is there before, so that they fit on a full disk.
/// </remarks>
internal static class TaskSupervisor
{
    private const string Shell = "/bin/sh";
    private const string Name = "lcm-task";

    // $1 claim  $2 who am I  $3 ending  $4 exit  $5 sandbox  cgroup directories  --  program and arguments.
    // A handler, not SIG_IGN: the task must not inherit deafness. exec in a subshell: never a built-in of this name.
    private const string Script = """
        set -C
        : >"$1" || exit 125
        set +C
        read -r self </proc/$$/stat
        printf '%s\n' "$self" 1<>"$2" || exit 125
        ending=$3 exit=$4 sandbox=$5
        shift 5
        while [ "$1" != -- ]; do printf '%s' "$$" >"$1/cgroup.procs"; shift; done
        shift
        cd "$sandbox" || exit 125
        unset MESOS_TASK_RECORD
        trap : HUP INT QUIT TERM USR1 USR2 ALRM
        (exec "$@")
        code=$?
        printf '%s\n' "$code" 1<>"$ending"
        printf '%s\n' "$code" >"$exit"
        exit "$code"
        """;

    /// <summary>A command whose output goes to the files of the sandbox, its working directory.</summary>
    public static IReadOnlyList<string> WithOutput(IReadOnlyList<string> command) =>
        [Shell, "-c", """command exec >>stdout 2>>stderr || exit 125; exec "$@" """, "lcm-run", .. command];

    /// <summary>Starts it.</summary>
    /// <returns>The pid, which is also the session's and the process group's.</returns>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public static int Start(
        TaskSupervisorFiles files, string sandbox, IReadOnlyList<string> cgroups, IReadOnlyList<string> command,
        IReadOnlyDictionary<string, string> environment)
    {
        string[] arguments =
            ["-c", Script, Name, files.Claim, files.Self, files.Ending, files.Exit, sandbox, .. cgroups, "--", .. command];
        return Spawn.Start(
            Shell, arguments, environment,
            new SpawnDescriptor(0, "/dev/null", Native.OpenReadOnly),
            new SpawnDescriptor(1, files.Log, Native.OpenWriteCreateAppend),
            new SpawnDescriptor(2, files.Log, Native.OpenWriteCreateAppend));
    }

    /// <summary>
    /// Whether a process is a supervisor of this agent's user: it leads its session and was started as one. A task can start
    /// nothing of the kind as another user than the agent's.
    /// </summary>
    public static bool Is(ProcessStat process)
    {
        var pid = process.Identity.Pid;
        return process.Session == pid && ProcessTable.CommandLine(pid) is [Shell, "-c", _, Name, ..]
            && Native.Owner($"/proc/{pid}").User == Native.EffectiveUser();
    }
}
