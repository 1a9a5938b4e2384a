namespace LifecycleManager.Metrics;

/// <summary>
/// Who the collector is to a target. The operator says so, never an app's label: an app could have itself sent another's secret.
/// </summary>
/// <param name="For">
/// An app id (<c>*</c> stands for any characters), or a source: <c>prometheus</c>, <c>rabbitmq</c>, <c>eureka</c>, <c>agents</c>,
/// <c>scheduler</c>.
/// The first that fits is taken.
/// </param>
/// <param name="User">The user name for basic authentication; null: the secret is a bearer token.</param>
/// <param name="Secret">
/// Where the password or token is: a file, read again when it changes, or <c>env:NAME</c> for an environment variable.
/// Surrounding white space is cut.
/// </param>
public sealed record MetricsCredential(string For, string? User, string Secret)
{
    /// <summary>What <see cref="Secret"/> begins with where it names a variable.</summary>
    public const string Variable = "env:";

    /// <summary>The scheduler whose tasks are followed, as <see cref="For"/> names it.</summary>
    public const string Scheduler = "scheduler";
}
