using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tests.Recovery;

/// <summary>An agent that cannot start says the true reason, in one line.</summary>
public sealed class StartTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private FakeMaster _master = null!;

    public async ValueTask InitializeAsync() => _master = await FakeMaster.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"home\":")]
    [InlineData("[1, 2]")]
    [InlineData("{}")]
    [InlineData("{\"home\":\"../../etc\"}")]
    [InlineData("{\"home\":\"h\",\"agent_id\":{\"value\":5}}")]
    [InlineData("{\"home\":\"h\",\"resources\":[null]}")]
    [InlineData("{\"home\":\"h\",\"resources\":\"\\ud800\"}")]
    [InlineData("{\"sum\":\"0123456789abcdef\",\"home\":\"h\"}")]
    public async Task With_a_record_that_is_damaged_and_no_other_word_on_who_it_is(string text)
    {
        foreach (var name in new[] { "agent.json", "agent.json.copy" })
            await File.WriteAllTextAsync(Path.Combine(_directory.Path, name), text);

        Assert.Equal(
            $"{_directory.Path}/agent.json is damaged, and nothing else says which agent this is; "
            + "without the file it begins as a new one",
            await RefusedAsync(_directory.Path));
    }

    [Fact]
    public async Task With_a_record_that_is_a_directory()
    {
        Directory.CreateDirectory(Path.Combine(_directory.Path, "agent.json"));

        Assert.StartsWith($"{_directory.Path}/agent.json is a directory, and nothing else", await RefusedAsync(_directory.Path),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("agent.json")]
    [InlineData("agent.json.copy")]
    public async Task One_copy_is_enough_and_the_other_is_mended(string damaged)
    {
        await using (await TestAgent.StartAsync(Options(_directory.Path))) await Wait.ForAsync(IsRegistered, "the registration");
        await File.WriteAllTextAsync(Path.Combine(_directory.Path, damaged), "{}");

        await using (var agent = await TestAgent.StartAsync(Options(_directory.Path)))
        {
            Assert.Equal(_master.NextAgentId, (await _master.RegistrationAsync(2)).AgentInfo.Id?.Value);
            Assert.Single(agent.Log.Lines, line => line.Contains($"{damaged} is damaged", StringComparison.Ordinal));
        }

        Assert.Equal(
            await File.ReadAllTextAsync(Path.Combine(_directory.Path, "agent.json")),
            await File.ReadAllTextAsync(Path.Combine(_directory.Path, "agent.json.copy")));

        bool IsRegistered() => File.Exists(Path.Combine(_directory.Path, "agent.json.copy"))
            && File.ReadAllText(Path.Combine(_directory.Path, "agent.json.copy"))
                .Contains(_master.NextAgentId, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task With_a_directory_that_can_only_be_read(bool ranBefore)
    {
        using var disk = SmallDisk.Mount(1024);
        if (ranBefore)
        {
            await using (await TestAgent.StartAsync(Options(disk.Path))) await _master.RegistrationAsync();
        }

        disk.MakeReadOnly();

        var reason = await RefusedAsync(disk.Path);
        Assert.StartsWith($"the work directory {disk.Path} cannot be used: ", reason, StringComparison.Ordinal);
        Assert.Contains("Read-only file system", reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lock")]
    [InlineData("tasks")]
    [InlineData("slaves")]
    public async Task With_something_else_where_its_files_belong(string name)
    {
        var path = Path.Combine(_directory.Path, name);
        if (name == "lock") Directory.CreateDirectory(path);
        else await File.WriteAllTextAsync(path, "");

        var reason = await RefusedAsync(_directory.Path);
        Assert.StartsWith($"the work directory {_directory.Path} cannot be used: ", reason, StringComparison.Ordinal);
        Assert.Contains(path, reason, StringComparison.Ordinal);
        Assert.DoesNotContain("another agent", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_pipes_where_its_record_belongs()
    {
        foreach (var name in new[] { "agent.json", "agent.json.copy" }) NamedPipe.Make(Path.Combine(_directory.Path, name));

        Assert.StartsWith($"{_directory.Path}/agent.json is damaged, and nothing else", await RefusedAsync(_directory.Path),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pipes_named_like_files_that_it_writes_and_counts_in_do_not_keep_it_from_starting()
    {
        foreach (var name in new[] { "agent.json.new", "agent.json.copy.new", "sandbox-ages.json", "image-ages.json",
            "images.json", "probe" })
            NamedPipe.Make(Path.Combine(_directory.Path, name));

        await using (await TestAgent.StartAsync(Options(_directory.Path))) await _master.RegistrationAsync();
        Assert.Equal('{', (char)(await File.ReadAllBytesAsync(Path.Combine(_directory.Path, "agent.json")))[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Records_of_a_task_that_cannot_be_read_keep_neither_it_nor_the_agent_from_going_on(bool arePipes)
    {
        var id = Make.Id();
        await using (await TestAgent.StartAsync(Options(_directory.Path)))
        {
            await _master.RegistrationAsync();
            _master.Launch(Make.Shell(id, "exec sleep 1000"));
            await _master.UpdateAsync(id, TaskState.Running);
        }

        var meta = Directory.GetDirectories(Path.Combine(_directory.Path, "tasks")).Single();
        foreach (var name in new[] { "task.json", "updates", "kill.json" })
        {
            File.Delete(Path.Combine(meta, name));
            if (arePipes) NamedPipe.Make(Path.Combine(meta, name));
            else Directory.CreateDirectory(Path.Combine(meta, name));
        }

        await using var agent = await TestAgent.StartAsync(Options(_directory.Path));
        Assert.Equal(id, (await _master.RegistrationAsync(2)).Tasks!.Single().Task.TaskId.Value);
        _master.Kill(id, TimeSpan.Zero);
        await Wait.ForAsync(() => TaskProcesses.Of(id).Count == 0, "the end of the task");
        Assert.True(agent.Health.Verdict().IsUp, agent.Health.Verdict().Detail);
    }

    private AgentOptions Options(string directory) => TestAgent.Options(_master, _directory) with { WorkDirectory = directory };

    private async Task<string> RefusedAsync(string directory)
    {
        var refused = await Assert.ThrowsAsync<IOException>(async () =>
        {
            await using var agent = await TestAgent.StartAsync(Options(directory));
        });
        Assert.DoesNotContain('\n', refused.Message);
        return refused.Message;
    }
}
