using LifecycleManager.Metrics.Scraping;

namespace LifecycleManager.Metrics.Sources.Servers;

/// <summary>A Kafka cluster: one client for all questions, made when the first is asked.</summary>
/// <param name="server">The server.</param>
/// <param name="material">What the connection rests on.</param>
/// <param name="options">Whose limits hold, and who makes the client.</param>
internal sealed class KafkaConnection(SourceServer server, string[] material, CollectorOptions options)
    : SourceConnection(server, material)
{
    private readonly Lock _lock = new();
    private IKafkaClient? _client;

    /// <summary>The client.</summary>
    /// <exception cref="ScrapeException">A secret cannot be read, or there is no client in this program.</exception>
    /// <exception cref="KafkaClientException">The settings cannot be used.</exception>
    public IKafkaClient Client()
    {
        lock (_lock)
        {
            return _client ??= (options.Kafka ?? throw new ScrapeException(
                FailureReason.Configuration, $"{Server.Address}: this program has no Kafka client")).Create(Cluster());
        }
    }

    protected override void Close()
    {
        lock (_lock) _client?.Dispose();
    }

    private KafkaCluster Cluster() => new()
    {
        BootstrapServers = string.Join(',', Server.Brokers),
        Timeout = Server.Timeout is { } stated && stated < options.Timeout ? stated : options.Timeout,
        MaxAnswerBytes = options.MaxBodyBytes,
        Tls = Server.Tls,
        Authorities = Server.Authorities?.ReadAll(),
        Certificate = Server.Certificate?.ReadAll(),
        Key = Server.Key?.ReadAll(),
        AnyCertificate = Server.AnyCertificate,
        SaslMechanism = Server.SaslMechanism,
        User = Server.User,
        Password = Server.Password?.Read(),
    };
}
