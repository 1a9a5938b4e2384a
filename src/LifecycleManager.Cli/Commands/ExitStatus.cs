namespace LifecycleManager.Cli.Commands;

/// <summary>
/// The exit codes of <c>lcm</c>, the one table of them; those of <c>lcm policy</c> are <see cref="Decisions.Tools.ExitCodes"/>.
/// </summary>
internal static class ExitStatus
{
    /// <summary>Done; of a role, and of <c>lcm proxy</c>, also: ended by a signal, at whatever moment.</summary>
    public const int Success = 0;

    /// <summary>It could not be done; one line on standard error says why. A wrong option, too.</summary>
    public const int Failure = 1;

    /// <summary>It was looked, and there is something: a difference, a finding.</summary>
    public const int Found = 2;

    /// <summary>A deployment that was waited for has failed, or was not done in the time that was given.</summary>
    public const int DeploymentFailed = 3;

    /// <summary>Whether it was done is not known: the connection was lost, or no answer came in time.</summary>
    public const int Unknown = 4;

    /// <summary>The caller is not known (401), or may not do it (403).</summary>
    public const int Refused = 5;

    /// <summary>There is no such thing (404), or the name that was given has several.</summary>
    public const int NotFound = 6;

    /// <summary>A deployment under way holds it (409).</summary>
    public const int Locked = 7;

    /// <summary>Nobody answers, or nobody who can do it now (503).</summary>
    public const int Unavailable = 8;

    /// <summary>A role could not go on, by a defect that it found in itself (<c>EX_SOFTWARE</c>): to be started again.</summary>
    public const int RoleFailed = 70;

    /// <summary>A tool was ended by a signal before it was done; any process by the second signal.</summary>
    public const int Interrupted = 130;
}
