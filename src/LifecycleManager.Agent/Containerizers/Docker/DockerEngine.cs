using System.Net;
using System.Text.Json;
using Docker.DotNet;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Containerizers.Docker;

/// <summary>The connection to the Docker engine, and whether it answers.</summary>
internal sealed class DockerEngine : IDisposable
{
    private const int FailuresUntilDown = 3;
    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _failures;
    private bool _told;

    public DockerEngine(AgentOptions options, TimeProvider time, ILogger<DockerEngine> log)
    {
        _options = options;
        _time = time;
        _log = log;
        Address = options.Docker ?? DockerEndpoint.Default;
        // Long answers, such as a container's log, have no end; every other call has its own.
        Client = new DockerClientBuilder().WithEndpoint(Address).WithTimeout(Timeout.InfiniteTimeSpan).Build();
    }

    /// <summary>Where the engine is.</summary>
    public Uri Address { get; }

    public IDockerClient Client { get; }

    /// <summary>Whether it answered lately.</summary>
    public bool IsUp
    {
        get
        {
            lock (_gate) return _up.Task.IsCompleted;
        }
    }

    /// <summary>Raised when it appears or disappears.</summary>
    public event Action? Changed;

    /// <summary>Completes when the engine answers.</summary>
    public Task UpAsync(CancellationToken cancellation)
    {
        Task up;
        lock (_gate) up = _up.Task;
        return up.WaitAsync(cancellation);
    }

    /// <summary>Looks now.</summary>
    public async Task LookAsync(CancellationToken cancellation)
    {
        string? failure = null;
        try
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            timeout.CancelAfter(_options.DockerPing > TimeSpan.FromSeconds(1) ? _options.DockerPing : TimeSpan.FromSeconds(1));
            await Client.System.PingAsync(timeout.Token).WaitAsync(timeout.Token);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            failure = e is OperationCanceledException ? "it does not answer in time" : Reason(e);
        }

        var changed = false;
        lock (_gate)
        {
            _failures = failure is null ? 0 : _failures + 1;
            if (failure is null && !_up.Task.IsCompleted)
            {
                _up.SetResult();
                changed = true;
                _told = false;
                _log.LogInformation("The Docker engine at {Address} answers", Address);
            }
            else if (_failures >= FailuresUntilDown && _up.Task.IsCompleted)
            {
                _up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                changed = true;
                _told = true;
                _log.LogWarning("The Docker engine at {Address} has stopped answering ({Reason}); no container is launched until it does",
                    Address, failure);
            }
            else if (failure is not null && !_up.Task.IsCompleted && !_told)
            {
                _told = true;
                _log.LogWarning("No Docker engine answers at {Address} ({Reason}); only processes are run until one does", Address, failure);
            }
        }

        if (changed) Changed?.Invoke();
    }

    /// <summary>Looks again and again until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(_options.DockerPing, _time, cancellation);
            await LookAsync(cancellation);
        }
    }

    /// <summary>A call that is given up after <see cref="AgentOptions.DockerTimeout"/>, or a longer time.</summary>
    /// <exception cref="DockerAwayException">The engine does not answer, or not in time; whether it has acted is not known.</exception>
    /// <exception cref="DockerApiException">It refuses.</exception>
    public async Task<T> CallAsync<T>(
        Func<IDockerClient, CancellationToken, Task<T>> call, CancellationToken cancellation, TimeSpan more = default)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(_options.DockerTimeout + more);
        try
        {
            return await call(Client, timeout.Token).WaitAsync(timeout.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new DockerAwayException("the Docker engine does not answer in time");
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested && IsTransport(e))
        {
            throw new DockerAwayException($"the Docker engine does not answer: {e.Message}", e);
        }
    }

    public Task CallAsync(Func<IDockerClient, CancellationToken, Task> call, CancellationToken cancellation, TimeSpan more = default) =>
        CallAsync(
            async (client, token) =>
            {
                await call(client, token);
                return true;
            },
            cancellation, more);

    /// <summary>What the engine says, without the client's wrapping.</summary>
    public static string Reason(Exception e)
    {
        if (e is not DockerApiException { ResponseBody: { Length: > 0 } body }) return e.Message;
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.TryGetProperty("message", out var message) ? message.GetString() ?? body : body;
        }
        catch (JsonException)
        {
            return body.Trim();
        }
    }

    /// <summary>Whether the engine says that there is no such thing.</summary>
    public static bool IsNotFound(Exception e) => e is DockerApiException { StatusCode: HttpStatusCode.NotFound };

    public void Dispose() => (Client as IDisposable)?.Dispose();

    private static bool IsTransport(Exception e) =>
        e is HttpRequestException or IOException or TimeoutException or System.Net.Sockets.SocketException or ObjectDisposedException;

}

/// <summary>The engine does not answer; what was asked for may have happened or not.</summary>
internal sealed class DockerAwayException(string message, Exception? inner = null) : Exception(message, inner);
