namespace LifecycleManager.Decisions.Expressions;

/// <summary>The fixed slots that stand before a policy's reads.</summary>
internal static class Slots
{
    public const int Instances = 0;
    public const int Healthy = 1;
    public const int Staged = 2;
    public const int Min = 3;
    public const int Max = 4;
    public const int Time = 5;

    /// <summary>
    /// What nothing divided by nothing counts as, where both are of metrics: no load per no event. It has no name in expressions.
    /// </summary>
    public const int Idle = 6;

    /// <summary>The first read's slot.</summary>
    public const int FirstRead = 7;

    /// <summary>The facts' names, by slot.</summary>
    public static readonly string[] Facts = ["instances", "healthy", "staged", "min", "max", "time"];
}
