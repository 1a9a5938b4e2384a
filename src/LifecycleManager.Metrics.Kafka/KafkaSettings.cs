using Confluent.Kafka;
using LifecycleManager.Metrics.Sources.Servers;

namespace LifecycleManager.Metrics.Kafka;

/// <summary>A cluster's settings as librdkafka has them.</summary>
internal static class KafkaSettings
{
    private const int LeastTimeout = 10;
    private const int LeastConnectTimeout = 1_000;
    private const int LeastAnswer = 1_000;
    private const int MostAnswer = 1_000_000_000;
    private const int MostPause = 2_000;

    /// <summary>
    /// How long one request may take: less than the question as a whole, so that a failure is told with its reason.
    /// </summary>
    public static TimeSpan RequestTimeout(KafkaCluster cluster) => cluster.Timeout * 0.8;

    /// <summary>The settings of a client that asks and never writes.</summary>
    public static AdminClientConfig Of(KafkaCluster cluster)
    {
        var limit = (int)Math.Max(LeastTimeout, RequestTimeout(cluster).TotalMilliseconds);
        var config = new AdminClientConfig
        {
            ClientId = "lcm",
            BootstrapServers = cluster.BootstrapServers,
            SecurityProtocol = (cluster.Tls, cluster.SaslMechanism) switch
            {
                (true, null) => SecurityProtocol.Ssl,
                (true, _) => SecurityProtocol.SaslSsl,
                (false, null) => SecurityProtocol.Plaintext,
                _ => SecurityProtocol.SaslPlaintext,
            },
            SocketTimeoutMs = limit,
            SocketConnectionSetupTimeoutMs = Math.Max(LeastConnectTimeout, limit),
            // A broker that is back is asked again at the next question or the one after.
            ReconnectBackoffMs = 100,
            ReconnectBackoffMaxMs = MostPause,
            ReceiveMessageMaxBytes = Math.Clamp(cluster.MaxAnswerBytes, LeastAnswer, MostAnswer),
            // Brokers may ask clients for their metrics; these are nobody's.
            EnableMetricsPush = false,
            // How often the client's threads look whether they are to end.
            CancellationDelayMaxMs = 1_000,
        };
        // A client that could write makes the topics that it asks for: this one only asks.
        config.Set("allow.auto.create.topics", "false");
        if (cluster.SaslMechanism is { } mechanism)
        {
            config.Set("sasl.mechanism", mechanism);
            (config.SaslUsername, config.SaslPassword) = (cluster.User, cluster.Password);
        }

        if (!cluster.Tls) return config;
        if (cluster.Authorities is not null) config.SslCaPem = cluster.Authorities;
        if (cluster.Certificate is not null) config.SslCertificatePem = cluster.Certificate;
        if (cluster.Key is not null) config.SslKeyPem = cluster.Key;
        config.EnableSslCertificateVerification = !cluster.AnyCertificate;
        config.SslEndpointIdentificationAlgorithm =
            cluster.AnyCertificate ? SslEndpointIdentificationAlgorithm.None : SslEndpointIdentificationAlgorithm.Https;
        return config;
    }
}
