using System.Text.Json;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Storage;

namespace LifecycleManager.Master.Tests.Leadership;

/// <summary>What a leading master shows to those who look for it in ZooKeeper by Mesos' convention.</summary>
public sealed class AnnouncementTests
{
    [Fact]
    public async Task A_leading_master_shows_its_description()
    {
        AnnouncingElection? election = null;
        await using var master = await MasterUnderTest.StartAsync(election: inner => election = new(inner, fails: false));
        var (prefix, data) = await election!.Announced.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("json.info_", prefix);
        var info = JsonSerializer.Deserialize(data.Span, MesosJson.Default.MasterInfo)!;
        Assert.Equal((await master.TermAsync(), master.Options.Address.Port, "127.0.0.1"),
            (info.Id, info.Port, info.Address!.Ip));
        Assert.Equal($"master@127.0.0.1:{info.Port}", info.Pid);
    }

    [Fact]
    public async Task A_master_leads_also_where_it_cannot_be_shown()
    {
        AnnouncingElection? election = null;
        await using var master = await MasterUnderTest.StartAsync(election: inner => election = new(inner, fails: true));
        await election!.Announced.WaitAsync(TimeSpan.FromSeconds(30));
        var term = await master.TermAsync();
        await using var framework = await master.FrameworkAsync();
        Assert.NotNull(term);
        Assert.Equal(term, await master.TermAsync());
    }

    private sealed class AnnouncingElection(ILeaderElection inner, bool fails) : ILeaderElection, ILeaderAnnouncer
    {
        private readonly TaskCompletionSource<(string, ReadOnlyMemory<byte>)> _announced =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<(string Prefix, ReadOnlyMemory<byte> Data)> Announced => _announced.Task;

        public Task<ILeadership> StandAsync(string name, string address, CancellationToken cancellation = default) =>
            inner.StandAsync(name, address, cancellation);

        public Task<string?> LeaderAsync(string name, CancellationToken cancellation = default) =>
            inner.LeaderAsync(name, cancellation);

        public Task AnnounceAsync(ILeadership leadership, string prefix, ReadOnlyMemory<byte> data,
            CancellationToken cancellation = default)
        {
            _announced.TrySetResult((prefix, data));
            return fails ? Task.FromException(new StateUnavailableException("it is refused")) : Task.CompletedTask;
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
