using LifecycleManager.Runtime.Health;
using LifecycleManager.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Runtime.Tests;

public sealed class WatchedDirectoryTests : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromHours(1);

    private readonly string _root = Directory.CreateTempSubdirectory("watched").FullName;
    private readonly FakeTimeProvider _time = new();
    private int _looks;

    public WatchedDirectoryTests() => Directory.CreateDirectory(Watched);

    private string Watched => Path.Combine(_root, "rules");

    [Fact]
    public async Task A_write_is_looked_at_once_it_is_quiet()
    {
        using var directory = Open();
        Write("a.yml");
        await NextLookAsync(WatchedDirectory.Quiet);
    }

    [Fact]
    public async Task Writes_that_never_cease_are_looked_at_all_the_same()
    {
        using var directory = Open();
        // Two writes within each time that would be quiet.
        for (var i = 0; i < 3; i++) await NextLookAsync(WatchedDirectory.Quiet / 2, () => Write("a.yml"));
    }

    [Theory]
    [InlineData("deleted and made again")]
    [InlineData("another in its place")]
    [InlineData("a link that is turned")]
    [InlineData("made later")]
    public async Task A_directory_in_the_place_of_another_is_watched_from_the_next_poll_on(string kind)
    {
        if (kind is "made later" or "a link that is turned") Directory.Delete(Watched);
        if (kind == "a link that is turned") LinkTo(".1");
        using var directory = Open();
        if (kind == "another in its place") Directory.Move(Watched, Watched + ".old");
        else if (kind != "made later") Directory.Delete(Watched);
        if (kind == "a link that is turned") LinkTo(".2");
        else Directory.CreateDirectory(Watched);
        _time.Advance(Poll);

        for (var i = 0; i < 3; i++) await NextLookAsync(WatchedDirectory.Quiet, () => Write("a.yml"));
    }

    [Fact]
    public async Task What_does_not_concern_is_not_looked_at()
    {
        var heeded = new List<string>();
        using var directory = Open(path =>
        {
            lock (heeded) heeded.Add(path);
            return path.EndsWith(".yml", StringComparison.Ordinal);
        });
        Write("access.log");
        await Eventually.TrueAsync(() => { lock (heeded) return heeded.Count > 0; });
        var before = _looks;
        _time.Advance(WatchedDirectory.Longest);
        Assert.Equal(before, _looks);
        Write("a.yml");
        await NextLookAsync(WatchedDirectory.Quiet);
    }

    [Fact]
    public void A_look_that_throws_is_told_and_the_next_one_comes()
    {
        var log = new RecordingLog();
        using var directory = new WatchedDirectory(Watched, () =>
        {
            if (_looks++ == 0) throw new InvalidCastException("a defect");
        }, _time, log);
        directory.Begin(Poll);
        _time.Advance(Poll);
        Assert.Contains("a defect", Assert.Single(log.Lines), StringComparison.Ordinal);
        _time.Advance(Poll);
        Assert.Equal(2, _looks);
    }

    [Fact]
    public async Task While_a_look_hangs_no_other_begins_and_whoever_asks_is_told()
    {
        using var began = new SemaphoreSlim(0);
        using var go = new SemaphoreSlim(0);
        var health = new RoleHealth(_time);
        using var directory = new WatchedDirectory(
            Watched, () => _looks++, _time, NullLogger.Instance, health.Loop("the rule files"));
        directory.Begin(Poll);
        var hanging = Task.Run(() => directory.Run(() =>
        {
            began.Release();
            go.Wait();
        }), TestContext.Current.CancellationToken);
        await began.WaitAsync(TestContext.Current.CancellationToken);
        _time.Advance(Poll);
        Assert.Equal(0, _looks);
        Assert.Throws<TimeoutException>(() => directory.Between(TimeSpan.Zero, () => 1));
        Assert.Equal("the rule files has stood still for 3600 s", Assert.Single(health.Verdict().Reasons));

        go.Release();
        await hanging;
        Assert.Empty(health.Verdict().Reasons);
        Assert.Equal(1, directory.Between(TimeSpan.FromSeconds(30), () => 1));
        // What the poll found busy is made up for.
        _time.Advance(WatchedDirectory.Longest);
        Assert.Equal(1, _looks);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private WatchedDirectory Open(Predicate<string>? concerns = null)
    {
        var directory = new WatchedDirectory(Watched, () => Interlocked.Increment(ref _looks), _time, NullLogger.Instance)
        {
            Concerns = concerns ?? (_ => true),
        };
        directory.Run(() => { });
        directory.Begin(Poll);
        return directory;
    }

    private void LinkTo(string suffix) =>
        Directory.CreateSymbolicLink(Watched, Directory.CreateDirectory(Watched + suffix).FullName);

    private void Write(string name) => File.WriteAllText(Path.Combine(Watched, name), "x");

    /// <summary>Lets the directory's time pass, far less than to its next poll, until somebody looks.</summary>
    private Task NextLookAsync(TimeSpan step, Action? before = null)
    {
        var looks = Volatile.Read(ref _looks);
        return Eventually.TrueAsync(() =>
        {
            before?.Invoke();
            _time.Advance(step);
            return Volatile.Read(ref _looks) > looks;
        });
    }
}
