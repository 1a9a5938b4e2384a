namespace LifecycleManager.Decisions.Tools;

/// <summary>What the policy tools give back to the shell.</summary>
public static class ExitCodes
{
    /// <summary>All is well.</summary>
    public const int Good = 0;

    /// <summary>The tool did its work and found something wrong.</summary>
    public const int Found = 1;

    /// <summary>The tool could not do its work: no such file, input that cannot be read, an option that is wrong.</summary>
    public const int Failed = 2;
}
