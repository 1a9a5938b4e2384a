namespace LifecycleManager.Metrics;

/// <summary>
/// Who the collector is to a target. The operator says so, never an app's label: an app could have itself sent another's secret.
/// </summary>
/// <param name="For">
/// An app id (<c>*</c> stands for any characters), or a source: <c>prometheus</c>, <c>rabbitmq</c>, <c>eureka</c>, <c>agents</c>. The
/// first that fits is taken.
/// </param>
/// <param name="User">The user name for basic authentication; null: the secret is a bearer token.</param>
/// <param name="File">The file with the password or token; read again when it changes. Surrounding white space is cut.</param>
public sealed record MetricsCredential(string For, string? User, string File);
