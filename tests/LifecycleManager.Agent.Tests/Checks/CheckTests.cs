using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Agent.Tests.Checks;

/// <summary>Checks of real processes; the test itself serves what they look at.</summary>
public sealed class CheckTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private FakeMaster _master = null!;
    private TestAgent _agent = null!;
    private WebApplication _service = null!;
    private int _status = 200;
    private int _asked;
    private uint _port;

    public async ValueTask InitializeAsync()
    {
        _master = await FakeMaster.StartAsync();
        _agent = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with { StopTasksOnExit = true });
        await _master.RegistrationAsync();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        _service = builder.Build();
        _service.Run(context =>
        {
            Interlocked.Increment(ref _asked);
            context.Response.StatusCode = context.Request.Path == "/health" ? _status : 404;
            context.Response.Headers.Location = "/elsewhere";
            return Task.CompletedTask;
        });
        await _service.StartAsync();
        _port = (uint)new Uri(_service.Urls.First()).Port;
    }

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        await _service.DisposeAsync();
        await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_failing_http_check_is_told_and_then_kills()
    {
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "sleep 1000") with
        {
            HealthCheck =
            Health(new HttpCheck { Port = _port, Path = "/health" }, failures: 3)
        });
        await _master.UpdateAsync(id, TaskState.Running,
            update => update is { Healthy: true, Reason: StatusReason.TaskHealthCheckStatusUpdated });

        _status = 302;
        var before = Volatile.Read(ref _asked);
        await Wait.ForAsync(() => Volatile.Read(ref _asked) >= before + 3, "checks that are answered with 302");
        Assert.DoesNotContain(_master.Updates(id), update => update.Healthy == false);
        _status = 503;

        await _master.UpdateAsync(id, TaskState.Running, update => update.Healthy == false && update.Message
            == "health check: the answer is 503");
        var killed = await _master.UpdateAsync(id, TaskState.Killed);
        Assert.False(killed.Healthy);
        Assert.StartsWith("killed for failed health checks: the answer is 503", killed.Message);
    }

    [Theory]
    [InlineData(31_536_000)]
    [InlineData(4_294_968)]
    [InlineData(1e300)]
    public async Task Times_of_any_length_work(double seconds)
    {
        var id = Make.Id();
        var check = Health(new HttpCheck { Port = _port, Path = "/health" }, failures: 3);
        _master.Launch(Make.Shell(id, "sleep 1000") with
        {
            HealthCheck = check with { IntervalSeconds = seconds, TimeoutSeconds = seconds, GracePeriodSeconds = seconds },
            KillPolicy = new KillPolicy { GracePeriod = DurationInfo.From(TimeSpan.FromDays(10_000)) },
        });

        await _master.UpdateAsync(id, TaskState.Running, update => update.Healthy == true);
    }

    [Fact]
    public async Task A_tcp_check_needs_a_listener()
    {
        var (good, bad) = (Make.Id("good"), Make.Id("bad"));
        _master.Launch(
            Make.Shell(good, "sleep 1000") with { HealthCheck = Health(new TcpCheck { Port = _port }) },
            Make.Shell(bad, "sleep 1000") with { HealthCheck = Health(new TcpCheck { Port = (uint)Server.FreePort() }) });

        await _master.UpdateAsync(good, TaskState.Running, update => update.Healthy == true);
        await _master.UpdateAsync(bad, TaskState.Killed);
    }

    [Fact]
    public async Task A_command_check_runs_in_the_sandbox_and_has_an_end()
    {
        var (good, stuck) = (Make.Id("good"), Make.Id("stuck"));
        _master.Launch(
            Make.Shell(good, "touch here; sleep 1000") with { HealthCheck = Health(new CommandInfo { Value = "test -e here" }) },
            Make.Shell(stuck, "sleep 1000") with { HealthCheck = Health(new CommandInfo { Value = "sleep 1000" }) });

        await _master.UpdateAsync(good, TaskState.Running, update => update.Healthy == true);
        Assert.Contains("no result within 0.5 s", (await _master.UpdateAsync(stuck, TaskState.Killed)).Message);
    }

    [Fact]
    public async Task A_check_reports_and_never_kills()
    {
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "sleep 1000") with
        {
            Check = new CheckInfo
            {
                Type = CheckType.Http,
                Http = new HttpCheck { Port = _port, Path = "/health" },
                DelaySeconds = 0,
                IntervalSeconds = 0.05,
                TimeoutSeconds = 5
            },
        });
        await _master.UpdateAsync(id, TaskState.Running, update => update.CheckStatus?.Http?.StatusCode == 200);

        _status = 500;

        var changed = await _master.UpdateAsync(id, TaskState.Running, update => update.CheckStatus?.Http?.StatusCode == 500);
        Assert.Equal(StatusReason.TaskCheckStatusUpdated, changed.Reason);
        Assert.Null(changed.Healthy);
    }

    [Fact]
    public async Task A_check_that_cannot_be_run_is_an_error_of_the_task()
    {
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "sleep 1000") with { HealthCheck = new HealthCheck { Type = CheckType.Http } });

        Assert.Equal("health_check.http is missing", (await _master.UpdateAsync(id, TaskState.Error)).Message);
    }

    private static HealthCheck Health(HttpCheck check, uint failures = 3) =>
        Quick(CheckType.Http, failures) with { Http = check };

    private static HealthCheck Health(TcpCheck check) => Quick(CheckType.Tcp) with { Tcp = check };

    private static HealthCheck Health(CommandInfo check) =>
        Quick(CheckType.Command) with { Command = check, TimeoutSeconds = 0.5 };

    private static HealthCheck Quick(CheckType type, uint failures = 3) => new()
    {
        Type = type,
        DelaySeconds = 0.05,
        IntervalSeconds = 0.05,
        TimeoutSeconds = 5,
        GracePeriodSeconds = 0,
        ConsecutiveFailures = failures,
    };
}
