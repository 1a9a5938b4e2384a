using System.Formats.Tar;
using System.Security.Cryptography;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Agent.Tests.Fetching;

/// <summary>Artifacts and secrets of real tasks.</summary>
public sealed class FetchTests : IAsyncLifetime
{
    private static readonly byte[] Program = "#!/bin/sh\necho program $SECRET\n"u8.ToArray();
    private readonly TemporaryDirectory _directory = new();
    private readonly TemporaryDirectory _secrets = new();
    private FakeMaster _master = null!;
    private TestAgent _agent = null!;
    private WebApplication _server = null!;
    private int _requests;

    public async ValueTask InitializeAsync()
    {
        _master = await FakeMaster.StartAsync();
        _agent = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with
        {
            StopTasksOnExit = true,
            MaxArtifactSize = 1_048_576,
            SecretsDirectory = _secrets.Path,
        });
        await _master.RegistrationAsync();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        _server = builder.Build();
        _server.Run(async context =>
        {
            Interlocked.Increment(ref _requests);
            switch (context.Request.Path.Value)
            {
                case "/program":
                    await context.Response.Body.WriteAsync(Program);
                    break;
                case "/large":
                    await context.Response.Body.WriteAsync(new byte[2_000_000]);
                    break;
                case "/slow":
                    await Task.Delay(Timeout.Infinite, context.RequestAborted);
                    break;
                case "/files.tar":
                    await context.Response.Body.WriteAsync(Archive());
                    break;
                default:
                    context.Response.StatusCode = 404;
                    break;
            }
        });
        await _server.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        await _server.DisposeAsync();
        await _master.DisposeAsync();
        _directory.Dispose();
        _secrets.Dispose();
    }

    [Fact]
    public async Task Programs_archives_and_checksums()
    {
        var sum = Convert.ToHexStringLower(SHA256.HashData(Program));
        var id = await LaunchAsync("./run && cat inner/file",
            Of("/program#sha256=" + sum) with { Executable = true, OutputFile = "run" }, Of("/files.tar"));

        await _master.UpdateAsync(id, TaskState.Finished);
        Assert.Equal("program\nfrom the archive", await OutputAsync(id));
    }

    [Fact]
    public async Task The_cache_asks_once()
    {
        foreach (var id in new[] { await LaunchAsync("sh program", Of("/program") with { Cache = true }),
            await LaunchAsync("sh program", Of("/program") with { Cache = true }) })
            await _master.UpdateAsync(id, TaskState.Finished);

        Assert.Equal(1, _requests);
    }

    [Theory]
    [InlineData("/none", "the answer is 404")]
    [InlineData("/large", "it is larger than 1048576 bytes")]
    [InlineData("/program#sha256=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "its sha256 is ")]
    public async Task An_artifact_that_is_not_what_it_should_be_fails_the_task(string path, string message)
    {
        var id = await LaunchAsync("true", Of(path));

        var failed = await _master.UpdateAsync(id, TaskState.Failed);
        Assert.Equal(StatusReason.ContainerLaunchFailed, failed.Reason);
        Assert.Contains($"cannot be fetched: {message}", failed.Message);
    }

    [Fact]
    public async Task A_task_can_be_killed_while_its_artifacts_are_on_their_way()
    {
        var id = await LaunchAsync("true", Of("/slow"));
        await _master.UpdateAsync(id, TaskState.Starting,
            update => update.Message?.StartsWith("fetching", StringComparison.Ordinal) == true);

        _master.Kill(id);

        Assert.Equal(StatusReason.TaskKilledDuringLaunch, (await _master.UpdateAsync(id, TaskState.Killed)).Reason);
    }

    [Fact]
    public async Task Secrets_reach_the_task_and_nothing_else()
    {
        await File.WriteAllTextAsync(Path.Combine(_secrets.Path, "database"), "swordfish\n");
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "") with
        {
            Command = new CommandInfo
            {
                Value = "echo $SECRET $OTHER; sleep 1000",
                Environment = new([Secret("SECRET", "database"), Value("OTHER", "hunter2")])
            },
        });
        await _master.UpdateAsync(id, TaskState.Running);
        await Wait.ForAsync(() => _agent.Service.Tasks.Single().Updates.Latest is not null
            && File.ReadAllText(Path.Combine(_agent.Service.Tasks.Single().Sandbox, "stdout")) == "swordfish hunter2\n",
            "the secrets");

        foreach (var path in new[] { "/state", "/containers", "/monitor/statistics" })
        {
            var text = await _agent.Http.GetStringAsync(path);
            Assert.DoesNotContain("swordfish", text);
            Assert.DoesNotContain("hunter2", text);
            Assert.DoesNotContain("aHVudGVyMg", text);
        }

        Assert.DoesNotContain(_agent.Log.Lines, line => line.Contains("swordfish", StringComparison.Ordinal)
            || line.Contains("hunter2", StringComparison.Ordinal));
        Assert.DoesNotContain(Directory.GetFiles(_directory.Path, "*", SearchOption.AllDirectories)
            .Where(path => !path.EndsWith("stdout", StringComparison.Ordinal)),
            path => File.Exists(path) && Path.GetFileName(path) != "lock" && File.ReadAllText(path)
                .Contains("swordfish", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("absent", TaskState.Failed, "the secret 'absent' is not on this agent")]
    [InlineData("../agent.json", TaskState.Error,
        "the secret of the environment variable 'SECRET' has a reference whose name has a slash or a control character")]
    public async Task A_secret_that_is_not_there_fails_the_task(string name, TaskState state, string message)
    {
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "") with
        {
            Command =
            new CommandInfo { Value = "true", Environment = new([Secret("SECRET", name)]) }
        });

        Assert.Equal(message, (await _master.UpdateAsync(id, state)).Message);
    }

    private static CommandEnvironment.Variable Secret(string name, string reference) =>
        new()
        {
            Name = name,
            Type = "SECRET",
            Secret =
            new Secret { Type = "REFERENCE", Reference = new Secret.ReferenceInfo(reference) }
        };

    private static CommandEnvironment.Variable Value(string name, string value) => new()
    {
        Name = name,
        Type = "SECRET",
        Secret = new Secret { Type = "VALUE", Value = new Secret.ValueInfo(System.Text.Encoding.UTF8.GetBytes(value)) },
    };

    private CommandInfo.Uri Of(string path) => new() { Value = _server.Urls.First() + path };

    private Task<string> LaunchAsync(string line, params CommandInfo.Uri[] uris)
    {
        var id = Make.Id();
        _master.Launch(Make.Shell(id, line) with { Command = new CommandInfo { Value = line, Uris = uris } });
        return Task.FromResult(id);
    }

    private async Task<string> OutputAsync(string task) => await File.ReadAllTextAsync(Path.Combine(
        _agent.Service.Tasks.FirstOrDefault(run => run.Record.TaskId.Value == task)?.Sandbox
            ?? _agent.Service.Completed.First(completed => completed.TaskId.Value == task).Sandbox,
        "stdout"));

    private static byte[] Archive()
    {
        using var stream = new MemoryStream();
        using (var tar = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true))
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile,
                "inner/file")
            { DataStream = new MemoryStream("from the archive"u8.ToArray()) });
        return stream.ToArray();
    }
}
