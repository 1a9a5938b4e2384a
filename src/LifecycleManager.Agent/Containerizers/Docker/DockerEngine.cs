using System.Globalization;
using System.Net;
using System.Text.Json;
using Docker.DotNet;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Containerizers.Docker;

/// <summary>The connection to the Docker engine, and whether it answers.</summary>
internal sealed class DockerEngine : IDisposable
{
    /// <summary>An engine that is silent for longer is a failure of the agent that needs it: 30 s.</summary>
    public static readonly TimeSpan MaxSilence = TimeSpan.FromSeconds(30);

    private const int FailuresUntilDown = 3;
    private static readonly TimeSpan LeastPing = TimeSpan.FromSeconds(1);
    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource _answers = new();
    private long _answered;
    private int _failures;
    private string? _failure;
    private bool _wasUp;
    private bool _hangs;
    private bool _told;

    public DockerEngine(AgentOptions options, TimeProvider time, ILogger<DockerEngine> log)
    {
        _options = options;
        _time = time;
        _log = log;
        _answered = time.GetTimestamp();
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

    /// <summary>
    /// Why the agent cannot do its work for want of the engine: it has not answered for <see cref="MaxSilence"/>, and has
    /// answered before, or takes calls and never answers, or is needed in any case. An engine that was never there is no failure
    /// of an agent that runs processes, too. Null where all is well.
    /// </summary>
    public string? Problem
    {
        get
        {
            lock (_gate)
            {
                if (_failure is not { } failure || _time.GetElapsedTime(_answered) is var silence && silence < MaxSilence)
                    return null;
                if (!_wasUp && !_hangs && !IsNeeded) return null;
                var seconds = silence.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
                return $"the Docker engine at {Address} has not answered for {seconds} s: {failure}";
            }
        }
    }

    /// <summary>Whether the agent has containers, or runs nothing else.</summary>
    public bool IsNeeded { get; init; }

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
        var hangs = false;
        try
        {
            using var timeout = new TimeLimit(_time, _options.DockerPing > LeastPing ? _options.DockerPing : LeastPing,
                cancellation);
            await Client.System.PingAsync(timeout.Token).WaitAsync(timeout.Token);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            hangs = e is OperationCanceledException;
            failure = hangs ? "it does not answer in time" : Reason(e);
        }

        var changed = false;
        lock (_gate)
        {
            _failures = failure is null ? 0 : _failures + 1;
            (_failure, _hangs, _wasUp) = (failure, hangs, _wasUp || failure is null);
            if (failure is null) _answered = _time.GetTimestamp();
            if (failure is null && !_up.Task.IsCompleted)
            {
                _answers = new CancellationTokenSource();
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
                _log.LogWarning(
                    "The Docker engine at {Address} has stopped answering ({Reason}); no container is launched until it does",
                    Address, failure);
            }
            else if (failure is not null && !_up.Task.IsCompleted && !_told)
            {
                _told = true;
                _log.LogWarning("No Docker engine answers at {Address} ({Reason}); only processes are run until one does",
                    Address, failure);
            }
        }

        if (!changed) return;
        // Whatever waits for an answer waits in vain.
        if (!IsUp) await _answers.CancelAsync();
        Changed?.Invoke();
    }

    /// <summary>Looks again and again until cancelled.</summary>
    public async Task RunAsync(LoopReport report, CancellationToken cancellation)
    {
        while (true)
        {
            await _time.DelayAsync(_options.DockerPing, cancellation);
            report.BeginTurn();
            await LookAsync(cancellation);
            report.EndTurn();
        }
    }

    /// <summary>A call that is given up after <see cref="AgentOptions.DockerTimeout"/>, or a longer time.</summary>
    /// <exception cref="DockerUnavailableException">The engine does not answer, or not in time; whether it has acted is not
    /// known.</exception>
    /// <exception cref="DockerApiException">It refuses.</exception>
    public async Task<T> CallAsync<T>(
        Func<IDockerClient, CancellationToken, Task<T>> call, CancellationToken cancellation, TimeSpan more = default)
    {
        using var timeout = new TimeLimit(_time, _options.DockerTimeout + more, cancellation);
        return await CallAsync(call, "the Docker engine does not answer in time", timeout.Token, cancellation);
    }

    public Task CallAsync(Func<IDockerClient, CancellationToken, Task> call, CancellationToken cancellation,
        TimeSpan more = default) =>
        CallAsync(
            async (client, token) =>
            {
                await call(client, token);
                return true;
            },
            cancellation, more);

    /// <summary>A call that may take any time, such as a pull: it is given up when the engine has stopped answering.</summary>
    /// <exception cref="DockerUnavailableException">The engine does not answer; whether it has acted is not known.</exception>
    /// <exception cref="DockerApiException">It refuses.</exception>
    public async Task<T> LongCallAsync<T>(Func<IDockerClient, CancellationToken, Task<T>> call, CancellationToken cancellation)
    {
        CancellationToken answers;
        lock (_gate) answers = _answers.Token;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, answers);
        return await CallAsync(call, "the Docker engine has stopped answering", either.Token, cancellation);
    }

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

    /// <summary>A call until a limit, which says more than the caller's own cancellation: <paramref name="silence"/>.</summary>
    private async Task<T> CallAsync<T>(
        Func<IDockerClient, CancellationToken, Task<T>> call, string silence, CancellationToken limit,
        CancellationToken cancellation)
    {
        try
        {
            return await call(Client, limit).WaitAsync(limit);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new DockerUnavailableException(silence);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested && IsTransport(e))
        {
            throw new DockerUnavailableException($"the Docker engine does not answer: {e.Message}", e);
        }
    }

    private static bool IsTransport(Exception e) =>
        e is HttpRequestException or IOException or TimeoutException or System.Net.Sockets.SocketException
        or ObjectDisposedException;
}

/// <summary>The engine does not answer; what was asked for may have happened or not.</summary>
internal sealed class DockerUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
