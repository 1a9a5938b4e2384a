namespace LifecycleManager.Cli.Commands;

/// <summary>The exit codes of <c>lcm</c>; those of <c>lcm policy</c> are <see cref="Decisions.Tools.ExitCodes"/>.</summary>
internal static class ExitStatus
{
    /// <summary>Done; of a role, and of <c>lcm proxy</c>, also: ended by a signal, at whatever moment.</summary>
    public const int Success = 0;

    /// <summary>It could not be done; one line on standard error says why.</summary>
    public const int Failure = 1;

    /// <summary>A role could not go on, by a defect that it found in itself (<c>EX_SOFTWARE</c>): to be started again.</summary>
    public const int RoleFailed = 70;

    /// <summary>A tool was ended by a signal before it was done; any process by the second signal.</summary>
    public const int Interrupted = 130;
}
