namespace LifecycleManager.Metrics;

/// <summary>
/// How targets that speak TLS are known to be themselves, where the machine's authorities do not know theirs. The operator's word
/// goes before the app's labels.
/// </summary>
/// <param name="For">An app id (<c>*</c> stands for any characters). The first that fits is taken.</param>
/// <param name="AuthorityFile">
/// The authorities' certificates (PEM), read again when the file changes; null: the machine's authorities.
/// </param>
/// <param name="ServerName">The name that the certificate is to have; null: the host's.</param>
/// <param name="InsecureSkipVerify">Whether any certificate is taken.</param>
public sealed record MetricsTls(string For, string? AuthorityFile, string? ServerName = null, bool InsecureSkipVerify = false);
