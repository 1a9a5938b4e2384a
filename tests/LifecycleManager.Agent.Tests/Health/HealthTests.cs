using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using LifecycleManager.Agent.Containerizers.Docker;
using LifecycleManager.Agent.Health;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Agent.Tests.Health;

public sealed class HealthTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private readonly JumpingTime _time = new();
    private FakeMaster _master = null!;

    public async ValueTask InitializeAsync() => _master = await FakeMaster.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task An_agent_without_a_master_is_well_and_says_so()
    {
        await _master.StopAsync();
        await using var agent = await TestAgent.StartAsync(Options, time: _time);

        _time.Add(TimeSpan.FromHours(1));

        Assert.Equal((HttpStatusCode.OK, "UP", "without a master; its tasks run on"), await HealthAsync(agent));
        Assert.Equal("pong", await agent.Http.GetStringAsync("/ping"));
        await _master.ListenAsync();
        await Wait.ForAsync(() => agent.Service.Master is not null, "the registration");
        Assert.Equal((HttpStatusCode.OK, "UP", $"registered with {_master.Address.GetLeftPart(UriPartial.Authority)}"),
            await HealthAsync(agent));
        Assert.True(await OperatorSaysHealthyAsync(agent));
    }

    [Fact]
    public async Task An_engine_that_is_not_installed_is_no_failure_of_an_agent_of_processes()
    {
        await using var agent = await TestAgent.StartAsync(
            Options with { Containerizers = ["docker", "process"], Docker = new Uri($"unix://{_directory.Path}/no.sock") },
            time: _time);
        await Wait.ForAsync(() => agent.Log.Lines.Any(line =>
            line.Contains("No Docker engine answers", StringComparison.Ordinal)), "a look");

        _time.Add(TimeSpan.FromMinutes(5));

        // A look that was cut short by the passing of time looks as if the engine hung, until the next.
        await Eventually.TrueAsync(async () => (await HealthAsync(agent)).Status == HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_agent_of_containers_alone_needs_an_engine()
    {
        await using var agent = await TestAgent.StartAsync(
            Options with { Containerizers = ["docker"], Docker = new Uri($"unix://{_directory.Path}/no.sock") }, time: _time);
        await Wait.ForAsync(() => agent.Log.Lines.Any(line =>
            line.Contains("No Docker engine answers", StringComparison.Ordinal)), "a look");
        Assert.Equal(HttpStatusCode.OK, (await HealthAsync(agent)).Status);

        _time.Add(DockerEngine.MaxSilence);

        var (status, _, detail) = await HealthAsync(agent);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("the Docker engine at unix://", detail, StringComparison.Ordinal);
        Assert.False(await OperatorSaysHealthyAsync(agent));
    }

    [Fact]
    public async Task An_engine_that_takes_calls_and_never_answers_holds_nothing_up_and_is_told_after_30_s()
    {
        using var engine = new TcpListener(IPAddress.Loopback, 0);
        engine.Start(512);
        await using (var agent = await TestAgent.StartAsync(
            Options with
            {
                Containerizers = ["docker", "process"],
                Docker = new Uri($"tcp://127.0.0.1:{((IPEndPoint)engine.LocalEndpoint).Port}"),
                StopTasksOnExit = true,
                KillGracePeriod = TimeSpan.Zero,
            },
            time: _time))
        {
            await Wait.ForAsync(() =>
            {
                _time.Add(TimeSpan.FromSeconds(1));
                return agent.Service.Master is not null;
            }, "the registration");
            var (process, container) = (Make.Id("process"), Make.Id("container"));
            _master.Launch(Make.Container(container, "image", "sleep 1000"), Make.Shell(process, "sleep 1000"));
            await _master.UpdateAsync(process, TaskState.Running);
            _master.Kill(container);
            _master.Kill(process);
            await _master.UpdateAsync(process, TaskState.Killed);
            await _master.UpdateAsync(container, TaskState.Killed);
            await agent.Http.GetStringAsync("/monitor/statistics");

            await Wait.ForAsync(() =>
            {
                _time.Add(TimeSpan.FromSeconds(1));
                return !agent.Health.Verdict().IsUp;
            }, "the failure to be told");
            var (status, _, detail) = await HealthAsync(agent);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
            Assert.StartsWith("the Docker engine at tcp://127.0.0.1", detail, StringComparison.Ordinal);
            Assert.EndsWith("it does not answer in time", detail, StringComparison.Ordinal);
            // Processes run on and begin.
            var another = Make.Id("another");
            _master.Launch(Make.Shell(another, "true"));
            await _master.UpdateAsync(another, TaskState.Finished);
        }

        // The agent has stopped, though its engine hangs.
    }

    [Fact]
    public async Task A_work_directory_that_cannot_be_written_is_told_and_its_end_too()
    {
        using var disk = SmallDisk.Mount(1024);
        var watch = new WorkDirectoryWatch(disk.Path, _time, NullLogger.Instance);
        using var stop = new CancellationTokenSource();
        var running = watch.RunAsync(new RoleHealth(_time).Loop("watch"), stop.Token);
        Assert.Null(watch.Problem);

        disk.Fill();
        await TurnAsync(() => watch.Problem is not null);
        Assert.Contains("No space left", watch.Problem, StringComparison.Ordinal);

        disk.Free();
        await TurnAsync(() => watch.Problem is null);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        Task TurnAsync(Func<bool> done) => Eventually.TrueAsync(() =>
        {
            _time.Add(WorkDirectoryWatch.Interval);
            return done();
        });
    }

    [Fact]
    public async Task An_agent_whose_disk_is_full_says_so_and_is_well_again_by_itself()
    {
        using var disk = SmallDisk.Mount(1024);
        await using var agent = await TestAgent.StartAsync(Options with { WorkDirectory = disk.Path }, time: _time);
        await _master.RegistrationAsync();
        disk.Fill();
        await TurnAsync(() => !agent.Health.Verdict().IsUp);
        Assert.Contains("the work directory cannot be written", (await HealthAsync(agent)).Detail, StringComparison.Ordinal);

        disk.Free();
        await TurnAsync(() => agent.Health.Verdict().IsUp);

        Task TurnAsync(Func<bool> done) => Eventually.TrueAsync(() =>
        {
            _time.Add(WorkDirectoryWatch.Interval);
            return done();
        });
    }

    private AgentOptions Options => TestAgent.Options(_master, _directory);

    private static async Task<(HttpStatusCode Status, string Word, string Detail)> HealthAsync(TestAgent agent)
    {
        using var answer = await agent.Http.GetAsync("/health");
        var json = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        return (answer.StatusCode, json["status"]!.GetValue<string>(), json["detail"]!.GetValue<string>());
    }

    private static async Task<bool> OperatorSaysHealthyAsync(TestAgent agent)
    {
        using var answer = await agent.Http.PostAsync("/api/v1", new StringContent(
            """{"type":"GET_HEALTH"}""", System.Text.Encoding.UTF8, "application/json"));
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["get_health"]!["healthy"]!.GetValue<bool>();
    }
}
