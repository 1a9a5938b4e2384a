using Confluent.Kafka;
using Confluent.Kafka.Admin;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Sources.Servers;

namespace LifecycleManager.Metrics.Kafka;

/// <summary>A client of one cluster by librdkafka, which has threads of its own and connects by itself.</summary>
internal sealed class KafkaClient : IKafkaClient
{
    private readonly IAdminClient _admin;
    private readonly TimeSpan _limit;
    private readonly LastTrouble _trouble;
    private readonly Lock _lock = new();
    private int _running;
    private bool _isClosing;

    private KafkaClient(IAdminClient admin, TimeSpan limit, LastTrouble trouble) =>
        (_admin, _limit, _trouble) = (admin, limit, trouble);

    /// <summary>Makes one.</summary>
    /// <exception cref="KafkaClientException">The settings cannot be used, or the library cannot be loaded.</exception>
    public static KafkaClient Create(KafkaCluster cluster)
    {
        var trouble = new LastTrouble();
        try
        {
            var admin = new AdminClientBuilder(KafkaSettings.Of(cluster))
                // What is wrong is told once, with the question that has no answer.
                .SetLogHandler((_, message) => trouble.Add(message))
                .Build();
            return new KafkaClient(admin, KafkaSettings.RequestTimeout(cluster), trouble);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or DllNotFoundException or KafkaException)
        {
            throw new KafkaClientException(KafkaFailureKind.Settings, KafkaProblem.OfSettings(e));
        }
    }

    /// <inheritdoc/>
    public async Task<TopicOffsets?> ReadAsync(
        string topic, string group, PartitionSet? only, CancellationToken cancellation)
    {
        try
        {
            await ConnectAsync(topic, cancellation);
            if (await CountAsync(topic, cancellation) is not { } count) return null;
            var wanted = Enumerable.Range(0, count).Where(number => only?.Contains(number) != false)
                .Select(number => new TopicPartition(topic, number)).ToList();
            if (wanted.Count == 0) return new TopicOffsets(count, []);
            var starts = OffsetsAsync(wanted, OffsetSpec.Earliest(), cancellation);
            var committed = await CommittedAsync(group, wanted, cancellation);
            // Asked last, so that no message counts as done before it was there.
            var ends = await OffsetsAsync(wanted, OffsetSpec.Latest(), cancellation);
            var begins = await starts;
            _trouble.Clear();
            return new TopicOffsets(count, [.. wanted.Select(one => new PartitionOffsets(
                one.Partition, committed.GetValueOrDefault(one.Partition), begins[one.Partition], ends[one.Partition]))]);
        }
        catch (ListConsumerGroupOffsetsException e)
        {
            var error = e.Results.SelectMany(result => result.Partitions.Select(one => one.Error).Prepend(result.Error))
                .FirstOrDefault(error => error.IsError) ?? e.Error;
            throw KafkaProblem.Of(error, $"the group '{group}'", _trouble.Text);
        }
        catch (ListOffsetsException e)
        {
            var error = e.Result.ResultInfos.Select(one => one.TopicPartitionOffsetError.Error)
                .FirstOrDefault(error => error.IsError) ?? e.Error;
            throw KafkaProblem.Of(error, $"the topic '{topic}'", _trouble.Text);
        }
        catch (KafkaException e)
        {
            throw KafkaProblem.Of(e.Error, $"the topic '{topic}'", _trouble.Text);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        bool isIdle;
        lock (_lock) (isIdle, _isClosing) = (_running == 0 && !_isClosing, true);
        if (isIdle) Destroy();
    }

    /// <summary>
    /// Waits for a connection. The question how many partitions there are would knock at brokers that are down forty times a
    /// second.
    /// </summary>
    private async Task ConnectAsync(string topic, CancellationToken cancellation)
    {
        try
        {
            await OffsetsAsync([new TopicPartition(topic, 0)], OffsetSpec.Earliest(), cancellation);
        }
        catch (KafkaException e) when (!KafkaProblem.IsSilence(e.Error))
        {
            // It is asked of all partitions once they are known.
        }
    }

    /// <summary>How many partitions a topic has; null where it is not there.</summary>
    private async Task<int?> CountAsync(string topic, CancellationToken cancellation)
    {
        // There is no other way to ask for it than to wait: on a thread of its own, which ends with the limit.
        var metadata = await RunAsync(
            () => Task.Factory.StartNew(
                () => _admin.GetMetadata(topic, _limit), CancellationToken.None, TaskCreationOptions.LongRunning,
                TaskScheduler.Default), cancellation);
        var found = metadata.Topics.Single();
        if (found.Error.Code is ErrorCode.UnknownTopicOrPart) return null;
        return found.Error.IsError ? throw new KafkaException(found.Error) : found.Partitions.Count;
    }

    /// <summary>The group's committed offsets, by partition; those that it has none of are left out.</summary>
    private async Task<Dictionary<int, long?>> CommittedAsync(
        string group, List<TopicPartition> wanted, CancellationToken cancellation)
    {
        var results = await RunAsync(
            () => _admin.ListConsumerGroupOffsetsAsync(
                [new ConsumerGroupTopicPartitions(group, wanted)],
                new ListConsumerGroupOffsetsOptions { RequestTimeout = _limit, RequireStableOffsets = false }), cancellation);
        return results.SelectMany(result => result.Partitions).Where(one => !one.Offset.IsSpecial)
            .ToDictionary(one => one.Partition.Value, one => (long?)one.Offset.Value);
    }

    private async Task<Dictionary<int, long>> OffsetsAsync(
        List<TopicPartition> wanted, OffsetSpec which, CancellationToken cancellation)
    {
        var result = await RunAsync(
            () => _admin.ListOffsetsAsync(
                wanted.Select(one => new TopicPartitionOffsetSpec { TopicPartition = one, OffsetSpec = which }),
                new ListOffsetsOptions { RequestTimeout = _limit, IsolationLevel = IsolationLevel.ReadUncommitted }),
            cancellation);
        return result.ResultInfos.ToDictionary(
            one => one.TopicPartitionOffsetError.Partition.Value, one => one.TopicPartitionOffsetError.Offset.Value);
    }

    /// <summary>
    /// Begins a call, which cannot be cancelled: whoever gives up leaves it to end by its limit. The library is not given back
    /// before.
    /// </summary>
    private async Task<T> RunAsync<T>(Func<Task<T>> begin, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosing, this);
            _running++;
        }

        Task<T> call;
        try
        {
            call = begin();
        }
        catch
        {
            Ended();
            throw;
        }

        _ = call.ContinueWith(
            _ => Ended(), CancellationToken.None, TaskContinuationOptions.DenyChildAttach, TaskScheduler.Default);
        return await call.WaitAsync(cancellation).ConfigureAwait(false);
    }

    private void Ended()
    {
        bool isLast;
        lock (_lock) isLast = --_running == 0 && _isClosing;
        if (isLast) Destroy();
    }

    // It waits for the library's threads: nobody else is to.
    private void Destroy() => _ = Task.Run(_admin.Dispose);
}
