using System.Net;
using System.Net.Sockets;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>Roles that fail, within one process and alone in theirs.</summary>
public sealed class RoleStackTests : IAsyncDisposable
{
    private readonly RoleStack _stack = new(NullLoggerFactory.Instance, TimeProvider.System);
    private readonly List<string> _begun = [];
    private readonly Dictionary<string, RoleFailure> _failures = [];
    private readonly List<string> _ended = [];

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task A_role_that_fails_beside_others_begins_again_alone()
    {
        var (one, two) = (Role("one"), Role("two"));
        await _stack.StartAsync([one, two], CancellationToken.None);
        using var end = new CancellationTokenSource();
        var kept = _stack.KeepAsync(end.Token);
        Fail("one", "a defect");
        await Eventually.TrueAsync(() => Begun("one") == 2);
        using var http = new HttpClient();
        await Eventually.TrueAsync(async () => await http.GetStringAsync($"http://{one.Listen[0]}/") == "one");
        Assert.Equal("two", await http.GetStringAsync($"http://{two.Listen[0]}/"));
        Assert.Equal(1, Begun("two"));

        // And again.
        Fail("one", "another defect");
        await Eventually.TrueAsync(() => Begun("one") == 3);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => kept);
    }

    [Fact]
    public async Task The_first_cause_of_a_role_alone_is_the_process_end()
    {
        await _stack.StartAsync([Role("one")], CancellationToken.None);
        var waiting = _stack.UntilFailureAsync(CancellationToken.None);
        Fail("one", "a defect");
        Fail("one", "what followed");
        var failure = await Assert.ThrowsAsync<RoleFailedException>(() => waiting);
        Assert.Equal("the one has failed: a defect", failure.Message);
        Assert.Equal(70, ExitStatus.RoleFailed);
    }

    [Fact]
    public async Task A_background_service_that_throws_is_its_roles_failure()
    {
        await _stack.StartAsync([Role("one", services => services.AddHostedService<Broken>())], CancellationToken.None);
        var failure = await Assert.ThrowsAsync<RoleFailedException>(
            () => _stack.UntilFailureAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Contains("stopped by itself", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_cannot_be_stopped_keeps_no_other_from_it()
    {
        await _stack.StartAsync(
            [
                Role("one", services => services.AddSingleton(_ => new End(_ended, "one"))),
                Role("two", services => services.AddSingleton(_ => new Unstoppable())),
                Role("three", services => services.AddSingleton(_ => new End(_ended, "three"))),
            ],
            CancellationToken.None);
        await _stack.DisposeAsync();
        Assert.Equal(["three", "one"], _ended);
    }

    [Fact]
    public async Task What_works_on_has_ended_before_what_it_works_with()
    {
        await _stack.StartAsync(
            [
                Role("one", services => services.AddSingleton(_ => new End(_ended, "its state"))
                    .AddHostedService(_ => new Late(_ended))),
            ],
            CancellationToken.None);
        await _stack.DisposeAsync();
        Assert.Equal(["its work", "its state"], _ended);
    }

    [Fact]
    public async Task Where_one_cannot_start_those_after_it_never_begin_and_are_closed()
    {
        var begun = 0;
        var taken = Role("two");
        using var other = new TcpListener(taken.Listen[0]);
        other.Start();
        var last = Role("three", services => services.AddSingleton(_ => new End(_ended, "three"))
            .AddHostedService(_ => new Counted(() => begun++)));
        var problem = await Assert.ThrowsAsync<CliException>(
            () => _stack.StartAsync([Role("one"), taken, last], CancellationToken.None));
        Assert.Contains("the two cannot listen", problem.Message, StringComparison.Ordinal);
        Assert.Equal((0, "three"), (begun, Assert.Single(_ended)));
        using var http = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync($"http://{last.Listen[0]}/"));
    }

    [Fact]
    public async Task Roles_begin_in_order()
    {
        var order = new List<string>();
        Role Ordered(string name) => Role(name, services => services.AddHostedService(_ => new Counted(() => order.Add(name))));
        await _stack.StartAsync([Ordered("one"), Ordered("two"), Ordered("three")], CancellationToken.None);
        Assert.Equal(["one", "two", "three"], order);
    }

    private int Begun(string role)
    {
        lock (_begun) return _begun.Count(name => name == role);
    }

    private void Fail(string role, string cause)
    {
        lock (_begun) _failures[role].Fail(new InvalidDataException(cause));
    }

    private Role Role(string name, Action<IServiceCollection>? add = null) => new(
        name, "--port", [new IPEndPoint(IPAddress.Loopback, RoleSettings.PortOrFree(IPAddress.Loopback, 0))],
        services => add?.Invoke(services),
        app =>
        {
            lock (_begun)
            {
                _failures[name] = app.Services.GetRequiredService<RoleFailure>();
                _begun.Add(name);
            }

            _ = app.Services.GetService<End>();
            _ = app.Services.GetService<Unstoppable>();
            app.MapGet("/", () => name).Needs(Permission.None);
        });

    private sealed class Broken(IHostApplicationLifetime lifetime) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await Task.Delay(Timeout.Infinite, lifetime.ApplicationStarted)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new InvalidDataException("a defect");
        }
    }

    /// <summary>Ends later than the host waits for it.</summary>
    private sealed class Late(List<string> ended) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await Task.Delay(Timeout.Infinite, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Task.Delay(TimeSpan.FromSeconds(1.5), CancellationToken.None);
            ended.Add("its work");
        }
    }

    private sealed class Counted(Action begun) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            begun();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class End(List<string> ended, string name) : IDisposable
    {
        public void Dispose() => ended.Add(name);
    }

    private sealed class Unstoppable : IDisposable
    {
        public void Dispose() => throw new InvalidDataException("not now");
    }
}
