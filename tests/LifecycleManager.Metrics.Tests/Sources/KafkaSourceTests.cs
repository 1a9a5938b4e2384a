using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Sources.Servers;

namespace LifecycleManager.Metrics.Tests.Sources;

/// <summary>What the collector does with a client of Kafka; the client itself is tested in its room.</summary>
public sealed class KafkaSourceTests
{
    private const string One = "kafka: { a: { bootstrapServers: 'b:9092', sasl: PLAIN, user: u, passwordFile: p } }";

    private static MetricQuery Lag(string topic, string? group = "g", string? partitions = null, string? server = null) => new()
    {
        Source = MetricSource.Kafka,
        Selector = topic,
        From = new SourceSettings { Group = group, Partitions = partitions, OffsetReset = "latest", Server = server },
    };

    [Fact]
    public async Task A_lag_is_of_a_topic_a_group_and_partitions()
    {
        using var files = new SourceFiles(One);
        files.Secret("p", "hunter2");
        var kafka = new FakeKafka();
        using var questions = new Questions(Questions.Options(files.Path) with { Kafka = kafka });
        Assert.Equal((2, null), await questions.AskAsync(Lag("/shop/web")));
        var labels = new Dictionary<string, string> { ["group"] = "workers" };
        Assert.Equal((2, null), await questions.AskAsync(Lag("$app", "${label:group}", "1"), labels));
        Assert.Equal(["/shop/web g", "/shop/web workers"], kafka.Asked);
        Assert.Equal("there is no topic 'none' at kafka://b:9092", (await questions.AskAsync(Lag("none"))).Problem);
        Assert.Equal("the topic 't' has no partition 4: it has 2",
            (await questions.AskAsync(Lag("t", partitions: "0-4"))).Problem);
        Assert.Equal("down: kafka://b:9092: no broker", (await questions.AskAsync(Lag("silent"))).Problem);
        Assert.True(Lag("t") is { NeverNegative: true, NaNIsIdle: true, HasServer: true });
    }

    [Fact]
    public async Task One_client_is_kept_and_ends_once_its_secrets_are_others()
    {
        using var files = new SourceFiles(One);
        files.Secret("p", "hunter2");
        var kafka = new FakeKafka();
        using (var questions = new Questions(Questions.Options(files.Path) with { Kafka = kafka }))
        {
            for (var i = 0; i < 3; i++) Assert.Equal((2, null), await questions.AskAsync(Lag("t")));
            Assert.Equal(["hunter2"], kafka.Made);
            files.Secret("p", "hunter3");
            Assert.Equal((2, null), await questions.AskAsync(Lag("t")));
            Assert.Equal(["hunter2", "hunter3"], kafka.Made);
            Assert.Equal(1, kafka.Ended);
        }

        Assert.Equal(2, kafka.Ended);
    }

    [Fact]
    public async Task A_cluster_that_hangs_holds_up_no_other_source()
    {
        await using var quick = await HttpServer.StartAsync("application/json", new() { ["/"] = "2" });
        using var files = new SourceFiles($$"""
            kafka: { a: { bootstrapServers: 'b:9092', concurrency: 2 } }
            json: { quick: { url: 'http://127.0.0.1:{{quick.Port}}' } }
            """);
        var kafka = new FakeKafka();
        await using var scheduler = await FakeScheduler.StartAsync();
        await using var collector = await CollectorUnderTest.StartAsync(scheduler, options => options with
        {
            SourcesFile = files.Path,
            MaxConcurrentScrapes = 1,
            Timeout = TimeSpan.FromMinutes(1),
            Kafka = kafka,
        });
        var other = new MetricQuery { Source = MetricSource.Json, Selector = "/" };
        collector.Demand([.. Enumerable.Range(0, 10).Select(i => ("/a", Lag("hangs", $"g{i}"))), ("/a", other)]);
        await Eventually.TrueAsync(() => kafka.Hanging == 2);
        var asked = quick.Requests.Count;
        await Eventually.TrueAsync(() => quick.Requests.Count > asked + 2);
        Assert.Equal(2, (await collector.ReadAsync("/a", other)).Value);
        Assert.Equal(2, kafka.Hanging);
    }

    [Fact]
    public async Task A_question_without_a_group_and_a_program_without_a_client_are_told()
    {
        using var files = new SourceFiles(One);
        files.Secret("p", "hunter2");
        using var questions = new Questions(Questions.Options(files.Path));
        Assert.Equal("down: kafka://b:9092: this program has no Kafka client", (await questions.AskAsync(Lag("t"))).Problem);

        await using var scheduler = await FakeScheduler.StartAsync();
        await using var collector = await CollectorUnderTest.StartAsync(
            scheduler, options => options with { SourcesFile = files.Path });
        var (bare, odd) = (Lag("t", group: null), Lag("t", partitions: "one"));
        collector.Demand(("/a", bare), ("/a", odd));
        Assert.Contains("is of a consumer group: name it", (await collector.ReadAsync("/a", bare, Told)).Missing,
            StringComparison.Ordinal);
        Assert.Contains("'one' is no partition", (await collector.ReadAsync("/a", odd, Told)).Missing, StringComparison.Ordinal);

        static bool Told(MetricReading reading) => reading.Missing?.Contains("not collected", StringComparison.Ordinal) == false;
    }

    private sealed class FakeKafka : IKafkaClients, IKafkaClient
    {
        private int _hanging;

        public List<string> Made { get; } = [];

        public List<string> Asked { get; } = [];

        public int Ended { get; private set; }

        public int Hanging => Volatile.Read(ref _hanging);

        public IKafkaClient Create(KafkaCluster cluster)
        {
            Made.Add(cluster.Password ?? "");
            return this;
        }

        public async Task<TopicOffsets?> ReadAsync(
            string topic, string group, PartitionSet? only, CancellationToken cancellation)
        {
            switch (topic)
            {
                case "none":
                    return null;
                case "silent":
                    throw new KafkaClientException(KafkaFailureKind.Timeout, "no broker");
                case "hangs":
                    Interlocked.Increment(ref _hanging);
                    await Task.Delay(Timeout.Infinite, cancellation);
                    break;
            }

            Asked.Add($"{topic} {group}");
            return new TopicOffsets(2, [new PartitionOffsets(1, 3, 0, 5)]);
        }

        public void Dispose() => Ended++;
    }
}
