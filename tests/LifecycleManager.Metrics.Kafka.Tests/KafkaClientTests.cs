using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Kafka.Tests.Fakes;
using LifecycleManager.Metrics.Sources.Servers;

namespace LifecycleManager.Metrics.Kafka.Tests;

/// <summary>Against the library's own brokers.</summary>
public sealed class KafkaClientTests
{
    private static KafkaCluster Cluster(string servers, double seconds = 20) => new()
    {
        BootstrapServers = servers,
        Timeout = TimeSpan.FromSeconds(seconds),
        MaxAnswerBytes = 1_000_000,
    };

    private static Task<TopicOffsets?> ReadAsync(
        IKafkaClient client, string topic = "orders", string group = "billing", string? only = null) =>
        client.ReadAsync(topic, group, only is not null && PartitionSet.TryParse(only, out var set, out _) ? set : null,
            TestContext.Current.CancellationToken);

    /// <summary>
    /// Asks until it is told so: on a busy machine a question may be over before the first connection has failed.
    /// </summary>
    private static async Task<string> Fails(IKafkaClient client, string begin)
    {
        var told = "";
        await Eventually.TrueAsync(
            async () =>
            {
                var failure = await Assert.ThrowsAsync<KafkaClientException>(() => ReadAsync(client));
                Assert.Equal(KafkaFailureKind.Timeout, failure.Kind);
                return (told = failure.Message).StartsWith(begin, StringComparison.Ordinal);
            },
            more: () => told);
        return told;
    }

    [Fact]
    public async Task What_a_group_has_committed_and_what_the_topic_has_is_read_of_each_partition()
    {
        using var mock = new MockCluster();
        await mock.ProduceAsync("orders", 0, 5);
        await mock.ProduceAsync("orders", 2, 3);
        mock.Commit("billing", "orders", (0, 2), (1, 0));
        using var client = new KafkaClients().Create(Cluster(mock.BootstrapServers));
        var read = await ReadAsync(client);
        Assert.Equal(4, read!.PartitionCount);
        Assert.Equal(
            [new(0, 2, 0, 5), new(1, 0, 0, 0), new(2, null, 0, 3), new(3, null, 0, 0)],
            read.Partitions);

        // It goes on as the group does, and another group stands elsewhere.
        mock.Commit("billing", "orders", (0, 5), (2, 3));
        Assert.Equal([new(0, 5, 0, 5), new(2, 3, 0, 3)], (await ReadAsync(client, only: "0,2"))!.Partitions);
        Assert.All((await ReadAsync(client, group: "others"))!.Partitions, one => Assert.Null(one.Committed));
        Assert.Empty((await ReadAsync(client, only: "7"))!.Partitions);
    }

    [Fact]
    public async Task A_topic_that_is_not_there_is_told_and_is_not_made_by_asking()
    {
        using var mock = new MockCluster();
        await mock.ProduceAsync("orders", 0, 1);
        using var client = new KafkaClients().Create(Cluster(mock.BootstrapServers));
        for (var i = 0; i < 2; i++) Assert.Null(await ReadAsync(client, "none"));
        Assert.Equal(["orders"], mock.Topics);
    }

    [Fact]
    public async Task A_broker_that_is_not_there_is_told_with_the_reason()
    {
        int port;
        using (var taken = new Listener(_ => Task.CompletedTask)) port = taken.Port;
        using var client = new KafkaClients().Create(Cluster($"127.0.0.1:{port}", seconds: 1));
        await Fails(client, $"127.0.0.1:{port}: Connect to ipv4#127.0.0.1:{port} failed: Connection refused");
        using var unknown = new KafkaClients().Create(Cluster("no-such-broker.invalid:9092", seconds: 1));
        await Fails(unknown, "no-such-broker.invalid:9092: Failed to resolve");
    }

    [Fact]
    public async Task A_broker_that_hangs_is_told_and_no_question_is_longer_than_its_time()
    {
        using var hangs = new Listener(stream => stream.CopyToAsync(Stream.Null));
        using var client = new KafkaClients().Create(Cluster(hangs.Address, seconds: 1));
        await Fails(client, $"{hangs.Address}: it takes the connection and does not answer: "
            + "a listener with TLS needs 'tls: true', one with a login 'sasl'");
    }

    [Fact]
    public async Task A_broker_that_ends_what_is_opened_is_told_with_what_it_may_want()
    {
        using var closes = new Listener(_ => Task.CompletedTask);
        using var client = new KafkaClients().Create(Cluster(closes.Address, seconds: 1));
        await Fails(client,
            $"{closes.Address}: it takes the connection and does not answer: a listener with TLS needs 'tls: true'");
    }

    [Fact]
    public async Task Who_gives_up_need_not_wait_and_the_client_ends_with_the_last_call()
    {
        using var hangs = new Listener(stream => stream.CopyToAsync(Stream.Null));
        var client = new KafkaClients().Create(Cluster(hangs.Address, seconds: 30));
        using var patience = new CancellationTokenSource();
        var question = client.ReadAsync("orders", "billing", null, patience.Token);
        await Eventually.TrueAsync(() => hangs.Count > 0);
        Assert.False(question.IsCompleted);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => question);
        client.Dispose();
        client.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => ReadAsync(client));
    }

    [Fact]
    public async Task A_login_that_the_broker_does_not_take_is_told_without_the_secret()
    {
        using var mock = new MockCluster(1);
        foreach (var mechanism in KafkaCluster.SaslMechanisms)
        {
            using var client = new KafkaClients().Create(new KafkaCluster
            {
                BootstrapServers = mock.BootstrapServers,
                Timeout = TimeSpan.FromSeconds(1),
                MaxAnswerBytes = 1_000_000,
                SaslMechanism = mechanism,
                User = "lcm",
                Password = "hunter2",
            });
            var told = await Fails(client, $"{mock.BootstrapServers}: Failed to initialize SASL authentication");
            Assert.Contains($"mechanism {mechanism}", told, StringComparison.Ordinal);
            Assert.EndsWith("'sasl', 'user' and 'passwordFile' say who asks", told, StringComparison.Ordinal);
            Assert.DoesNotContain("hunter2", told, StringComparison.Ordinal);
        }
    }
}
