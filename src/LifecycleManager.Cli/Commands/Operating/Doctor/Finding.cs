namespace LifecycleManager.Cli.Commands.Operating.Doctor;

/// <summary>Something that is not as it should be.</summary>
/// <param name="Severity"><c>error</c> where work is not done, <c>warning</c> where it soon may not be.</param>
/// <param name="Where">What it is about.</param>
/// <param name="What">What is wrong.</param>
/// <param name="Advice">What to do.</param>
internal sealed record Finding(string Severity, string Where, string What, string Advice)
{
    /// <summary>Work is not done.</summary>
    public static Finding Error(string where, string what, string advice) => new("error", where, what, advice);

    /// <summary>Work may not be done soon, or not as somebody believes.</summary>
    public static Finding Warning(string where, string what, string advice) => new("warning", where, what, advice);
}
