using System.Net;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Runtime.Loops;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace LifecycleManager.Agent.Tests.Fakes;

/// <summary>An agent within the test's own process, behind a real web server.</summary>
public sealed class TestAgent : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestAgent(WebApplication app) => _app = app;

    public HttpClient Http { get; private set; } = new();

    public ConcurrentLog Log { get; private init; } = new();

    internal AgentService Service => _app.Services.GetRequiredService<AgentService>();

    internal RoleHealth Health => _app.Services.GetRequiredService<RoleHealth>();

    internal RoleFailure Failure => _app.Services.GetRequiredService<RoleFailure>();

    /// <summary>Options that make an agent quick, small and of processes alone.</summary>
    public static AgentOptions Options(FakeMaster master, TemporaryDirectory directory) => new()
    {
        WorkDirectory = directory.Path,
        Masters = [master.Address],
        Hostname = "127.0.0.1",
        TaskAddress = IPAddress.Loopback,
        Resources = "cpus:2;mem:1024;disk:1024",
        Containerizers = ["process"],
        CgroupRoot = "lcm-tests",
        RegistrationBackoff = TimeSpan.FromMilliseconds(20),
        MaxRegistrationBackoff = TimeSpan.FromMilliseconds(200),
        UpdateRetry = TimeSpan.FromMilliseconds(300),
        DiskWatchInterval = TimeSpan.FromMilliseconds(200),
        DockerPing = TimeSpan.FromMilliseconds(300),
        // What else this machine does is no test's business.
        MachineStat = () => null,
    };

    internal static async Task<TestAgent> StartAsync(AgentOptions options, Func<NamedLoop, NamedLoop>? wrap = null,
        TimeProvider? time = null)
    {
        var log = new ConcurrentLog();
        var agent = new TestAgent(Build(options, log, time)) { Log = log };
        if (wrap is not null) agent.Service.Wrap = wrap;
        try
        {
            await agent._app.StartAsync();
        }
        catch
        {
            await agent.DisposeAsync();
            throw;
        }

        agent.Http = new HttpClient { BaseAddress = new Uri(agent._app.Urls.First()) };
        return agent;
    }

    internal static WebApplication Build(AgentOptions options, ILoggerProvider log, TimeProvider? time = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRouting();
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddSingleton(Metrics.NewCustomRegistry());
        builder.Services.AddSingleton<RoleHealth>();
        builder.Services.AddSingleton<RoleFailure>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        builder.Logging.AddProvider(log).SetMinimumLevel(LogLevel.Debug).AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.AddAgent(options);
        var app = builder.Build();
        app.UseRouting();
        app.MapAgent();
        return app;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}

/// <summary>A log that a test can read.</summary>
public sealed class ConcurrentLog : ILoggerProvider, ILogger
{
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines) return [.. _lines];
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        lock (_lines) _lines.Add($"{logLevel}: {formatter(state, exception)} {exception}");
    }

    public void Dispose()
    {
    }
}

/// <summary>A directory of one test's own.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("lcm-agent-tests-").FullName;

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A task that is just ending may still hold it.
        }
    }
}
