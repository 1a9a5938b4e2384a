using System.IO.Compression;
using LifecycleManager.Agent.Containerizers.Processes;
using LifecycleManager.Agent.Fetching;
using LifecycleManager.Agent.Linux;
using LifecycleManager.Agent.Sandboxes;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Agent.Tests.Fetching;

/// <summary>Artifacts are fetched by a process of the task's user, all of them or none.</summary>
public sealed class FetchProcessTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private readonly TemporaryDirectory _files = new();
    private readonly TaskCompletionSource _slow = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FakeMaster _master = null!;
    private TestAgent _agent = null!;
    private WebApplication _server = null!;
    private byte[] _zip = [];

    public async ValueTask InitializeAsync()
    {
        Server.Root();
        _master = await FakeMaster.StartAsync();
        await StartAgentAsync();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        _server = builder.Build();
        _server.Run(async context =>
        {
            if (context.Request.Path == "/slow")
            {
                await context.Response.Body.WriteAsync(new byte[100_000]);
                await context.Response.Body.FlushAsync();
                await _slow.Task.WaitAsync(context.RequestAborted);
            }

            await context.Response.Body.WriteAsync(context.Request.Path == "/bomb.zip" ? _zip : "fetched"u8.ToArray());
        });
        await _server.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null) await _agent.DisposeAsync();
        if (_server is not null) await _server.DisposeAsync();
        if (_master is not null) await _master.DisposeAsync();
        _directory.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task A_user_gets_what_he_may_read_and_nothing_else()
    {
        var open = Path.Combine(_files.Path, "open");
        await File.WriteAllTextAsync(open, "open");
        File.SetUnixFileMode(_files.Path, (UnixFileMode)0x1ed);
        var (fine, shadow) = (Make.Id("fine"), Make.Id("shadow"));

        Launch(fine, "nobody", "cat open; stat -c %U open", $"file://{open}");
        Launch(shadow, "nobody", "cat shadow", "file:///etc/shadow");

        await _master.UpdateAsync(fine, TaskState.Finished);
        Assert.Equal("opennobody\n", await File.ReadAllTextAsync(Path.Combine(Sandbox(fine), "stdout")));
        var refused = await _master.UpdateAsync(shadow, TaskState.Failed);
        Assert.Contains("the artifact file:///etc/shadow cannot be fetched: Access to the path '/etc/shadow' is denied",
            refused.Message);
        AssertNothingLeft(shadow, "/etc/shadow");
    }

    [Fact]
    public async Task What_one_user_may_read_no_other_gets_from_the_cache()
    {
        var secret = Path.Combine(_files.Path, "secret");
        await File.WriteAllTextAsync(secret, "swordfish");
        File.SetUnixFileMode(secret, UnixFileMode.UserRead);
        File.SetUnixFileMode(_files.Path, (UnixFileMode)0x1ed);
        var (mine, his) = (Make.Id("mine"), Make.Id("his"));

        Launch(mine, "root", "cat secret", Cached($"file://{secret}"));
        await _master.UpdateAsync(mine, TaskState.Finished);
        Launch(his, "nobody", "cat secret", Cached($"file://{secret}"));

        Assert.Contains("is denied", (await _master.UpdateAsync(his, TaskState.Failed)).Message);
    }

    [Fact]
    public async Task A_links_way_into_a_later_artifact_is_closed()
    {
        using var packed = new MemoryStream();
        using (var archive = new ZipArchive(packed, ZipArchiveMode.Create, leaveOpen: true))
        {
            var entry = archive.CreateEntry("here");
            entry.ExternalAttributes = unchecked((int)0xA1FF0000);
            using var stream = entry.Open();
            stream.Write("."u8);
        }

        _zip = packed.ToArray();
        var id = Make.Id();
        Launch(id, "nobody", "true", Of("/bomb.zip"), Of("/file") with { OutputFile = "here/file" });

        Assert.EndsWith("the entry 'here/file' goes through a link", (await _master.UpdateAsync(id, TaskState.Failed)).Message);
        AssertNothingLeft(id, "goes through a link");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_bomb_ends_at_the_tasks_disk_and_nothing_of_it_is_left(bool cached)
    {
        const long Megabyte = 1 << 20;
        using var packed = new MemoryStream();
        using (var archive = new ZipArchive(packed, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var entry = archive.CreateEntry("zeros").Open();
            for (var i = 0; i < 300; i++) entry.Write(new byte[Megabyte]);
        }

        _zip = packed.ToArray();
        Assert.True(_zip.Length < Megabyte);
        var id = Make.Id();
        var most = MeasureAsync(id);
        Launch(id, "nobody", "true", Of("/bomb.zip") with { Cache = cached });

        var failed = await _master.UpdateAsync(id, TaskState.Failed);
        Assert.Equal(StatusReason.ContainerLimitationDisk, failed.Reason);
        Assert.Contains("it exceeds the task's disk limit of 10 MB", failed.Message);
        AssertNothingLeft(id, "disk limit");
        Assert.InRange(await most, 1, 10 * Megabyte);
    }

    [Fact]
    public async Task A_download_counts_before_it_is_there()
    {
        _zip = new byte[11 << 20];
        var id = Make.Id();

        Launch(id, "nobody", "true", Of("/bomb.zip") with { Extract = false });

        Assert.Equal(StatusReason.ContainerLimitationDisk, (await _master.UpdateAsync(id, TaskState.Failed)).Reason);
        AssertNothingLeft(id, "disk limit");
    }

    [Fact]
    public async Task The_process_is_the_tasks_user_and_ends_with_the_launch()
    {
        var id = Make.Id();
        Launch(id, "nobody", "true", Of("/slow"));
        var process = await FetchingAsync(id);
        Assert.Equal(UserAccount.Find("nobody").Id, Native.Owner($"/proc/{process.Pid}").User);

        _master.Kill(id);

        await _master.UpdateAsync(id, TaskState.Killed);
        Assert.False(ProcessTable.IsAlive(process));
        AssertNothingLeft(id, "killed by its framework");
    }

    [Fact]
    public async Task A_fetch_that_is_cut_off_ends_with_its_agent_and_begins_anew_with_the_next_one()
    {
        await _agent.DisposeAsync();
        var id = Make.Id();
        ProcessIdentity process;
        using (var agent = AgentProcess.Start(_master, _directory.Path))
        {
            await _master.RegistrationAsync(2);
            Launch(id, "nobody", "wc -c <slow; ls", Of("/slow") with { OutputFile = "slow" });
            process = await FetchingAsync(id);
            await Wait.ForAsync(() => Directory.GetFiles(_directory.Path, "slow", SearchOption.AllDirectories)
                .Any(path => new FileInfo(path).Length == 100_000), "half of it");
            agent.Kill();
        }

        await Wait.ForAsync(() => !ProcessTable.IsAlive(process), "the end of the fetching process");
        _slow.SetResult();
        await StartAgentAsync();
        await _master.UpdateAsync(id, TaskState.Finished);
        Assert.Equal("100007\nslow\nstderr\nstdout\n", await File.ReadAllTextAsync(Path.Combine(Sandbox(id), "stdout")));
    }

    [Fact]
    public async Task A_volumes_link_is_no_way_out_for_an_archive()
    {
        using var packed = new MemoryStream();
        using (var archive = new ZipArchive(packed, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var entry = archive.CreateEntry("data/file").Open();
            entry.Write("x"u8);
        }

        _zip = packed.ToArray();
        File.SetUnixFileMode(_files.Path, (UnixFileMode)0x1ff);
        var id = Make.Id();
        var task = Task(id, "nobody", "true", Of("/bomb.zip"));
        _master.Launch(task with
        {
            Container = new ContainerInfo
            {
                Type = ContainerType.Mesos,
                Volumes = [new Volume { ContainerPath = "data", HostPath = _files.Path, Mode = VolumeMode.ReadWrite }],
            },
        });

        Assert.EndsWith("the entry 'data/file' goes through a link", (await _master.UpdateAsync(id, TaskState.Failed)).Message);
        Assert.Empty(Directory.GetFileSystemEntries(_files.Path));
    }

    private async Task StartAgentAsync()
    {
        _agent = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with
        {
            StopTasksOnExit = true,
            FetchCacheSize = 100 << 20,
        });
        await Wait.ForAsync(() => _agent.Service.Master is not null, "its master");
    }

    private void AssertNothingLeft(string task, string reason)
    {
        var sandbox = Sandbox(task);
        Assert.Equal(["stderr", "stdout"], Directory.GetFileSystemEntries(sandbox).Select(Path.GetFileName).Order());
        Assert.Contains(reason, File.ReadAllText(Path.Combine(sandbox, "stderr")));
        Assert.Empty(Fetching(task));
        Assert.DoesNotContain(Cgroups.Find("lcm-tests", ""),
            group => group.EndsWith(Path.GetFileName(sandbox), StringComparison.Ordinal));
    }

    // Until the task is told to have ended.
    private async Task<long> MeasureAsync(string task)
    {
        long most = 0;
        while (!_master.States(task).Any(state => state.IsTerminal()))
        {
            if (_agent.Service.Tasks.FirstOrDefault(run => run.Record.TaskId.Value == task) is { } run)
                most = Math.Max(most, DiskUsage.Of(run.Sandbox, CancellationToken.None));
            await System.Threading.Tasks.Task.Delay(1);
        }

        return most;
    }

    private static async Task<ProcessIdentity> FetchingAsync(string task)
    {
        await Wait.ForAsync(() => Fetching(task).Count == 1, "the fetching process");
        return Fetching(task)[0];
    }

    private static List<ProcessIdentity> Fetching(string task) =>
    [
        .. ProcessTable.All().Where(process => process.Alive
            && ProcessTable.CommandLine(process.Identity.Pid).Contains(FetchProcess.Verb)
            && ProcessTable.CommandLine(process.Identity.Pid)[0] != "setpriv"
            && File.ResolveLinkTarget($"/proc/{process.Identity.Pid}/cwd", false) is { } directory
            && directory.FullName.Contains(task, StringComparison.Ordinal)).Select(process => process.Identity),
    ];

    private CommandInfo.Uri Of(string path) => new() { Value = _server.Urls.First() + path };

    private static CommandInfo.Uri Cached(string value) => new() { Value = value, Cache = true };

    private void Launch(string id, string user, string line, string uri) =>
        Launch(id, user, line, new CommandInfo.Uri { Value = uri });

    private void Launch(string id, string user, string line, params CommandInfo.Uri[] uris) =>
        _master.Launch(Task(id, user, line, uris));

    private static TaskInfo Task(string id, string user, string line, params CommandInfo.Uri[] uris) => Make.Shell(id, line) with
    {
        Command = new CommandInfo { Value = line, User = user, Uris = uris },
        Resources = [Resource.OfScalar("cpus", 0.1), Resource.OfScalar("mem", 64), Resource.OfScalar("disk", 10)],
    };

    private string Sandbox(string task) => _agent.Service.Tasks.FirstOrDefault(run => run.Record.TaskId.Value == task)?.Sandbox
        ?? _agent.Service.Completed.First(completed => completed.TaskId.Value == task).Sandbox;
}
