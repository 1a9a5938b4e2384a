using Confluent.Kafka;

namespace LifecycleManager.Metrics.Kafka.Tests.Fakes;

/// <summary>The brokers that librdkafka brings for tests: they speak Kafka's protocol, and topics have four partitions.</summary>
internal sealed class MockCluster : IDisposable
{
    private readonly IProducer<Null, string> _producer;
    private readonly IAdminClient _admin;

    public MockCluster(int brokers = 2)
    {
        var config = new ProducerConfig { BootstrapServers = "none" };
        config.Set("test.mock.num.brokers", $"{brokers}");
        _producer = new ProducerBuilder<Null, string>(config).SetLogHandler((_, _) => { }).Build();
        _admin = new DependentAdminClientBuilder(_producer.Handle).Build();
        Ports = [.. Metadata().Brokers.Select(broker => broker.Port)];
    }

    public IReadOnlyList<int> Ports { get; }

    public string BootstrapServers => string.Join(',', Ports.Select(port => $"127.0.0.1:{port}"));

    /// <summary>The topics that there are.</summary>
    public IEnumerable<string> Topics => Metadata().Topics.Select(topic => topic.Topic);

    public async Task ProduceAsync(string topic, int partition, int count)
    {
        for (var i = 0; i < count; i++)
            await _producer.ProduceAsync(new TopicPartition(topic, partition), new Message<Null, string> { Value = "x" });
    }

    /// <summary>Commits offsets of a group, each as partition and offset.</summary>
    public void Commit(string group, string topic, params (int Partition, int Offset)[] offsets)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(
            new ConsumerConfig { BootstrapServers = BootstrapServers, GroupId = group }).SetLogHandler((_, _) => { }).Build();
        consumer.Commit(offsets.Select(one => new TopicPartitionOffset(topic, one.Partition, one.Offset)));
    }

    public void Dispose()
    {
        _admin.Dispose();
        _producer.Dispose();
    }

    private Metadata Metadata() => _admin.GetMetadata(TimeSpan.FromSeconds(30));
}
