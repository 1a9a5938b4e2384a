using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Clients.Agents;

/// <summary>A command beside a task by its agent, as Mesos' API has it. It ends with its connection.</summary>
public sealed class AgentSession : IDisposable
{
    private const string Path = "/api/v1";
    private const string Records = "application/recordio";
    private const int MaxWaiting = 16;

    // An agent gives a sign of life each 30 s.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(100);
    private readonly IAgentCalls _agent;
    private readonly TimeProvider _time;
    private readonly ContainerId _id;
    private readonly CancellationTokenSource _over = new();
    private readonly Channel<ProcessIo> _input = Channel.CreateBounded<ProcessIo>(MaxWaiting);
    private HttpResponseMessage? _answer;

    /// <param name="agent">The agent.</param>
    /// <param name="container">The task's container.</param>
    /// <param name="time">The clock.</param>
    public AgentSession(IAgentCalls agent, string container, TimeProvider time)
    {
        (_agent, _time) = (agent, time);
        _id = new ContainerId(Guid.NewGuid().ToString(), new ContainerId(container));
    }

    /// <summary>Begins the command; what the call throws where it is refused, or the agent is away, is the call's own.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="terminal">The terminal that it gets; null for pipes.</param>
    /// <param name="term">What kind of terminal it is told of in <c>TERM</c>; null for nothing.</param>
    /// <param name="stop">Gives up.</param>
    public async Task BeginAsync(IReadOnlyList<string> command, TtyInfo? terminal, string? term, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(command);
        var variables = terminal is not null && term is { Length: > 0 }
            ? new CommandEnvironment([new CommandEnvironment.Variable { Name = "TERM", Value = term }]) : null;
        var call = new LaunchSessionCall
        {
            ContainerId = _id,
            Command = new CommandInfo { Shell = false, Value = command[0], Arguments = command, Environment = variables },
            Container = terminal is null ? null : new SessionContainer { Type = "MESOS", TtyInfo = terminal },
        };
        using var content = Call(
            LaunchSessionCall.Name, JsonSerializer.SerializeToNode(call, MesosJson.Default.LaunchSessionCall)!);
        _answer = await _agent.OpenAsync(
            Path, content, [("Accept", Records), ("Message-Accept", "application/json")], _agent.Limit, stop);
    }

    /// <summary>Passes on what it writes, each part before the next is read, until it has ended.</summary>
    /// <exception cref="SessionLostException">The connection is lost, and the command ends with it.</exception>
    public async Task ReadAsync(Func<ProcessStream, byte[], ValueTask> take)
    {
        ArgumentNullException.ThrowIfNull(take);
        using var limit = new TimeLimit(_time, Silence, _over.Token);
        try
        {
            await using var body = await _answer!.Content.ReadAsStreamAsync(limit.Token);
            await foreach (var io in RecordIo.ReadAsync(body, MesosJson.Default.ProcessIo, cancellation: limit.Token))
            {
                limit.Restart(Silence);
                if (io.Data is { } data) await take(data.Type, data.Data);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidDataException or JsonException
            or OperationCanceledException or ObjectDisposedException)
        {
            throw new SessionLostException($"the connection to the agent was lost: {Failures.Describe(e)}", e);
        }
        finally
        {
            await EndAsync();
        }
    }

    /// <summary>Sends something to it; waits while it takes nothing. Once it has ended nothing is sent.</summary>
    public async Task SendAsync(ProcessIo io)
    {
        try
        {
            await _input.Writer.WriteAsync(io, _over.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException or ObjectDisposedException)
        {
            // It has ended, and reads no more.
        }
    }

    /// <summary>Keeps sending, until it has ended.</summary>
    public async Task SendAllAsync()
    {
        using var content = new Input(_id, _input.Reader, _over.Token);
        try
        {
            using var answer = await _agent.OpenAsync(
                Path, content, [("Message-Content-Type", "application/json")], TimeSpan.MaxValue, _over.Token);
        }
        catch (Exception)
        {
            // It has ended; or the connection is lost, and whoever reads says what has become of it.
        }
    }

    /// <summary>Sends a signal to it.</summary>
    public async Task SignalAsync(int signal, CancellationToken stop)
    {
        var part = About();
        part["signal"] = signal;
        using var content = Call("KILL_NESTED_CONTAINER", part);
        using var answer = await _agent.OpenAsync(Path, content, [], _agent.Limit, stop);
    }

    /// <summary>Its exit code, once it has ended; null where nobody knows it.</summary>
    public async Task<int?> ExitAsync(CancellationToken stop)
    {
        using var content = Call("WAIT_NESTED_CONTAINER", About());
        using var answer = await _agent.OpenAsync(Path, content, [], _agent.Limit, stop);
        return ExitOf(await answer.Content.ReadAsStringAsync(stop)) is not { } wait ? null
            : (wait & 0x7f) == 0 ? (wait >> 8) & 0xff : 128 + (wait & 0x7f);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _over.Cancel();
        _answer?.Dispose();
        _over.Dispose();
    }

    private static int? ExitOf(string answer)
    {
        try
        {
            return (int?)JsonNode.Parse(answer)?["wait_nested_container"]?["exit_status"];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static StringContent Call(string type, JsonNode part) => new(
        new JsonObject { ["type"] = type, [type.ToLowerInvariant()] = part }.ToJsonString(), Encoding.UTF8, "application/json");

    private async Task EndAsync()
    {
        try
        {
            await _over.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It was disposed of meanwhile.
        }
    }

    private JsonObject About() => new()
    {
        ["container_id"] = JsonSerializer.SerializeToNode(_id, MesosJson.Default.ContainerId),
    };

    /// <summary>Records as they come.</summary>
    private sealed class Input : HttpContent
    {
        private readonly ContainerId _id;
        private readonly ChannelReader<ProcessIo> _input;
        private readonly CancellationToken _over;

        public Input(ContainerId id, ChannelReader<ProcessIo> input, CancellationToken over)
        {
            (_id, _input, _over) = (id, input, over);
            Headers.ContentType = new(Records);
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            async Task WriteAsync(AttachInputCall call)
            {
                await stream.WriteAsync(RecordIo.Encode(call, MesosJson.Default.AttachInputCall), _over);
                await stream.FlushAsync(_over);
            }

            await WriteAsync(AttachInputCall.For(_id));
            await foreach (var io in _input.ReadAllAsync(_over)) await WriteAsync(AttachInputCall.With(io));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}

/// <summary>The connection of a command beside a task is lost; it ends with it.</summary>
/// <param name="message">Why.</param>
/// <param name="inner">What was thrown.</param>
public sealed class SessionLostException(string message, Exception inner) : IOException(message, inner);
