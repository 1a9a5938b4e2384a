namespace LifecycleManager.Manager;

/// <summary>Where the tables of decisions and of the audit are.</summary>
/// <param name="Address"><c>sqlite:PATH</c> or <c>postgres://USER@HOST/DATABASE</c>.</param>
public sealed record TableOptions(string Address)
{
    /// <summary>The password of PostgreSQL; null where none is needed, or the environment has it.</summary>
    public string? Password { get; init; }

    /// <summary>Whether all managers of the state have the same tables, so that one that stands by can read them.</summary>
    public bool AreShared { get; init; }
}
