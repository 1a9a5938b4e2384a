using System.Net.Sockets;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Security;
using LifecycleManager.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Cli.Hosting;

/// <summary>One running role: its web server, its loops and its state.</summary>
public sealed class RoleHost : IAsyncDisposable
{
    /// <summary>The longest request body that any role takes; the rooms bound theirs further.</summary>
    private const long MaxRequestBody = 16 * 1024 * 1024;

    /// <summary>
    /// What waits in one connection for a client that does not read. It is there once for each of thousands of event streams, and
    /// the system's own buffers come on top of it.
    /// </summary>
    private const long MaxWriteBuffer = 16 * 1024;

    /// <summary>How long open requests may take to end when a role stops; together the roles stay within 5 s.</summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(1);

    /// <summary>How long what works on the role's state may take beyond that, before the state is closed beneath it.</summary>
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(5);

    private readonly Role _role;
    private readonly WebApplication _app;
    private readonly StateBackend? _state;
    private readonly ILogger _log;
    private bool _begun;

    private RoleHost(Role role, WebApplication app, StateBackend? state, ILogger log)
    {
        (_role, _app, _state, _log) = (role, app, state, log);
        Failure = app.Services.GetRequiredService<RoleFailure>();

        // A background service that throws stops its host: nothing of the role works then, whatever else of it still stands.
        app.Lifetime.ApplicationStopping.Register(() =>
            Failure.Fail(new InvalidOperationException("its host has stopped by itself")));
    }

    /// <summary>The role's name.</summary>
    public string Name => _role.Name;

    /// <summary>How the role says that it cannot go on.</summary>
    public RoleFailure Failure { get; }

    /// <summary>Starts a role.</summary>
    /// <exception cref="CliException">Its port is in use, or its state cannot be opened.</exception>
    public static async Task<RoleHost> StartAsync(Role role, ILoggerFactory loggers, TimeProvider time,
        CancellationToken cancellation)
    {
        var host = await PrepareAsync(role, loggers, time, cancellation);
        await host.BeginAsync(cancellation);
        return host;
    }

    /// <summary>A role of which nothing lives yet: its ports are free, its state is open, its parts are composed.</summary>
    /// <exception cref="CliException">Its port is in use, or its state cannot be opened.</exception>
    public static async Task<RoleHost> PrepareAsync(Role role, ILoggerFactory loggers, TimeProvider time,
        CancellationToken cancellation)
    {
        CheckPorts(role);
        var log = loggers.CreateLogger<RoleHost>();
        var state = await OpenStateAsync(role, loggers, time, cancellation);
        WebApplication? app = null;
        try
        {
            app = Build(role, state, loggers, time);
            cancellation.ThrowIfCancellationRequested();
            return new RoleHost(role, app, state, log);
        }
        catch (Exception e)
        {
            await GiveUpAsync(role, app, state, hasBegun: false, log);
            if (Told(role, e, cancellation) is { } told) throw told;
            throw;
        }
    }

    /// <summary>Begins what was prepared; what cannot begin is ended.</summary>
    /// <exception cref="CliException">It cannot listen, or a part of it has failed.</exception>
    public async Task BeginAsync(CancellationToken cancellation)
    {
        _begun = true;
        try
        {
            cancellation.ThrowIfCancellationRequested();

            // Not with the token: background services would be tied to it for life, and end all at once instead of in order.
            await _app.StartAsync(CancellationToken.None);
        }
        catch (Exception e)
        {
            await GiveUpAsync(_role, _app, _state, hasBegun: true, _log);
            if (Told(_role, e, cancellation) is { } told) throw told;
            throw;
        }
    }

    /// <summary>Ends loops and connections, then closes the state.</summary>
    public async ValueTask DisposeAsync()
    {
        await EndAsync(_app, _state, _begun);
    }

    // What has begun before it failed, or before it was asked to stop, ends in order.
    private static async Task GiveUpAsync(Role role, WebApplication? app, StateBackend? state, bool hasBegun, ILogger log)
    {
        try
        {
            await EndAsync(app, state, hasBegun);
        }
        catch (Exception problem)
        {
            log.LogWarning("What the {Role} had begun could not be ended: {Reason}", role.Name, problem.Message);
        }
    }

    /// <summary>Why a role cannot start, as its operator is told; null for what nobody expects.</summary>
    private static CliException? Told(Role role, Exception problem, CancellationToken cancellation)
    {
        // Kestrel's word for a certificate that is for no server, and for endpoints that make no sense.
        var isKestrels = problem is InvalidOperationException && (role.Tls is not null || role.Kestrel is not null);
        if (isKestrels || problem is IOException or SocketException) return Explain(role, problem);

        // A background service that throws before the server listens: the host's log has its cause.
        if (problem is OperationCanceledException && !cancellation.IsCancellationRequested)
            return new CliException($"the {role.Name} cannot start: a part of it has failed", problem);

        // What only the room itself can judge.
        return problem is ArgumentException or FormatException
            ? new CliException($"the {role.Name} cannot start: {problem.Message}", problem) : null;
    }

    private static async Task EndAsync(WebApplication? app, StateBackend? state, bool hasBegun)
    {
        try
        {
            if (app is not null && hasBegun)
            {
                await app.StopAsync(CancellationToken.None);
                await WorkEndedAsync(app);
            }
        }
        finally
        {
            try
            {
                if (app is not null) await app.DisposeAsync();
            }
            finally
            {
                if (state is not null) await state.DisposeAsync();
            }
        }
    }

    // The host waits for its loops and for open requests together: what it has not waited for has been asked to end, and ends.
    private static async Task WorkEndedAsync(WebApplication app)
    {
        var working = app.Services.GetServices<IHostedService>().OfType<BackgroundService>()
            .Select(service => service.ExecuteTask).OfType<Task>().Where(task => !task.IsCompleted).ToList();
        if (working.Count == 0) return;
        using var late = new CancellationTokenSource(EndTimeout);
        await Task.WhenAll(working).WaitAsync(late.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static WebApplication Build(Role role, StateBackend? state, ILoggerFactory loggers, TimeProvider time)
    {
        // The empty builder: configuration and logging are the process's, and nothing is paid for that no role uses.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "lcm" });
        if (role.Tls is not null || role.Kestrel is not null) builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.UseSockets(sockets => sockets.MaxWriteBufferSize = MaxWriteBuffer).UseKestrelCore()
            .ConfigureKestrel(kestrel => Listen(kestrel, role, loggers, time));

        var registry = Prometheus.Metrics.NewCustomRegistry();
        var services = builder.Services;
        services.AddSingleton<IMemoryPoolFactory<byte>>(ServerBuffers.All);
        services.AddRouting();
        services.AddSingleton(loggers);
        services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        services.AddSingleton(time);
        services.AddSingleton(registry);
        services.AddSingleton(new RoleHealth(time) { Warnings = role.Warnings });
        services.AddSingleton<RoleFailure>();
        services.AddSingleton<IHostLifetime, ProcessLifetime>();
        services.Configure<HostOptions>(options => options.ShutdownTimeout = StopTimeout);
        RoleMetrics.Add(services, registry, role.Name);
        if (role.Tls is { } served)
            services.AddHostedService(
                _ => new CertificateWatch(served, registry, time, loggers.CreateLogger<CertificateWatch>()));
        services.Follow(role.Tls);
        foreach (var followed in role.Followed) services.Follow(followed);
        if (role.AuditFile is { } audit)
        {
            services.AddSingleton(provider => new AuditFile(
                audit, provider.GetRequiredService<RoleHealth>(), loggers.CreateLogger<AuditFile>()));
        }

        if (state is not null) services.AddSingleton(state.Store).AddSingleton(state.Election);
        role.Add(services);

        var app = builder.Build();
        var log = loggers.CreateLogger<RoleHost>();
        foreach (var warning in role.Warnings) log.LogWarning("{Role}: {Warning}", role.Name, warning);
        app.Use(ForgetGoneAsync);
        app.UseBrowserProtection(role.Hosts, role.IsStrict);
        app.UseKnownMethods();
        app.UseRouting();
        RoleMetrics.Use(app, registry, role.Name);
        role.Map(app);
        return app;
    }

    /// <summary>A client that resets its connection in the middle of a request is no defect, and cannot be answered.</summary>
    private static async Task ForgetGoneAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (Exception e) when (e is ConnectionResetException or ConnectionAbortedException)
        {
            // Nothing more is read of the body: the server would complain of that.
            context.Abort();
        }
    }

    /// <summary>What a connection holds whose reader does not keep up, beside what the system does.</summary>
    private const int MaxResponseBuffer = 8 * 1024;

    private static void Listen(KestrelServerOptions kestrel, Role role, ILoggerFactory loggers, TimeProvider time)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = MaxRequestBody;
        kestrel.Limits.MaxResponseBufferSize = MaxResponseBuffer;
        kestrel.Limits.MaxConcurrentConnections = role.MaxConnections;
        if (role.Kestrel is { } section)
        {
            section.GetSection("Limits").Bind(kestrel.Limits);
            kestrel.Configure(section);
            if (section.GetSection("Endpoints").GetChildren().Any()) return;
        }

        var tls = role.Tls is null
            ? null
            : new TlsListener(role.Tls, new RefusalLog(time), time, loggers.CreateLogger($"LifecycleManager.{role.Name}.Tls"));
        foreach (var listen in role.Listen)
        {
            if (tls is null) kestrel.Listen(listen);
            else kestrel.Listen(listen, tls.Listen);
        }
    }

    private static async Task<StateBackend?> OpenStateAsync(
        Role role, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellation)
    {
        if (role.State is null) return null;
        try
        {
            return await StateBackend.OpenAsync(role.State, role.StatePassword, time, loggers, cancellation);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The message names the address without what may be secret in it.
            throw new CliException($"the {role.Name}'s state cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>A port that is taken is found before anything of the role lives.</summary>
    private static void CheckPorts(Role role)
    {
        foreach (var listen in role.Listen)
        {
            try
            {
                using var probe = new TcpListener(listen);
                probe.Start();
            }
            catch (SocketException e)
            {
                throw Explain(role, e);
            }
        }
    }

    private static CliException Explain(Role role, Exception e)
    {
        for (Exception? cause = e; cause is not null; cause = cause.InnerException)
        {
            if (cause is AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
                return new CliException(
                    $"the {role.Name} cannot listen on {string.Join(" and ", role.Listen)}: the port is in use; {role.PortOption} chooses another", e);
        }

        return new CliException($"the {role.Name} cannot start on {string.Join(" and ", role.Listen)}: {e.Message}", e);
    }

    /// <summary>The process stops its roles in order; no role stops itself on a signal.</summary>
    private sealed class ProcessLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
