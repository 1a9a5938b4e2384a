using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Cli.Commands.Operating.Sessions;

/// <summary>A command beside a task by its agent, as Mesos' API has it.</summary>
/// <param name="agent">The agent.</param>
/// <param name="container">The task's container.</param>
internal sealed class AgentSession(Endpoint agent, string container) : IDisposable
{
    private const string Path = "/api/v1";
    private const string Records = "application/recordio";
    private const int MaxWaiting = 16;

    // An agent gives a sign of life each 30 s.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(100);
    private readonly ContainerId _id = new(Guid.NewGuid().ToString(), new ContainerId(container));
    private readonly CancellationTokenSource _over = new();
    private readonly Channel<ProcessIo> _input = Channel.CreateBounded<ProcessIo>(MaxWaiting);
    private HttpResponseMessage? _answer;

    /// <summary>Begins the command.</summary>
    /// <exception cref="CliException">It is refused, or the agent is away.</exception>
    public async Task BeginAsync(IReadOnlyList<string> command, TtyInfo? terminal, string? term, CancellationToken stop)
    {
        var variables = terminal is not null && term is { Length: > 0 }
            ? new CommandEnvironment([new CommandEnvironment.Variable { Name = "TERM", Value = term }]) : null;
        var call = new LaunchSessionCall
        {
            ContainerId = _id,
            Command = new CommandInfo { Shell = false, Value = command[0], Arguments = command, Environment = variables },
            Container = terminal is null ? null : new SessionContainer { Type = "MESOS", TtyInfo = terminal },
        };
        var body = Call(LaunchSessionCall.Name, JsonSerializer.SerializeToNode(call, MesosJson.Default.LaunchSessionCall)!);
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        _answer = await agent.OpenAsync(
            Path, content, [("Accept", Records), ("Message-Accept", "application/json")], agent.Limit, stop);
    }

    /// <summary>Passes on what it writes, until it has ended.</summary>
    /// <exception cref="CliException">The connection is lost.</exception>
    public async Task ReadAsync(Action<ProcessStream, byte[]> take)
    {
        using var limit = new TimeLimit(TimeProvider.System, Silence);
        try
        {
            await using var body = await _answer!.Content.ReadAsStreamAsync(limit.Token);
            await foreach (var io in RecordIo.ReadAsync(body, MesosJson.Default.ProcessIo, cancellation: limit.Token))
            {
                limit.Restart(Silence);
                if (io.Data is { } data) take(data.Type, data.Data);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidDataException or JsonException
            or OperationCanceledException)
        {
            throw new CliException($"the connection to the agent at {agent.Address} was lost: the command ends with it", e,
                ExitStatus.Unknown);
        }
        finally
        {
            await _over.CancelAsync();
        }
    }

    /// <summary>Sends something to it; waits while it takes nothing. Once it has ended nothing is sent.</summary>
    public async Task SendAsync(ProcessIo io)
    {
        try
        {
            await _input.Writer.WriteAsync(io, _over.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            // It has ended, and reads no more.
        }
    }

    /// <summary>Keeps sending, until it has ended.</summary>
    public async Task SendAllAsync()
    {
        using var content = new Stream(_id, _input.Reader, _over.Token);
        try
        {
            using var answer = await agent.OpenAsync(
                Path, content, [("Message-Content-Type", "application/json")], TimeSpan.MaxValue, _over.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or CliException && _over.IsCancellationRequested)
        {
            // It has ended.
        }
        catch (CliException)
        {
            // Whoever reads says what has become of it.
        }
    }

    /// <summary>Sends a signal to it.</summary>
    public Task SignalAsync(int signal, CancellationToken stop)
    {
        var part = About();
        part["signal"] = signal;
        return agent.SendAsync(HttpMethod.Post, Path, Call("KILL_NESTED_CONTAINER", part), stop);
    }

    /// <summary>Its exit code, once it has ended.</summary>
    /// <exception cref="CliException">Nobody knows it.</exception>
    public async Task<int> ExitAsync(CancellationToken stop)
    {
        var answer = await agent.SendAsync(HttpMethod.Post, Path, Call("WAIT_NESTED_CONTAINER", About()), stop);
        return (int?)answer?["wait_nested_container"]?["exit_status"] is not { } wait
            ? throw new CliException("how the command has ended is not known: its agent's log says what there is to say",
                code: ExitStatus.Unknown)
            : (wait & 0x7f) == 0 ? (wait >> 8) & 0xff : 128 + (wait & 0x7f);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _over.Cancel();
        _answer?.Dispose();
        _over.Dispose();
    }

    private static JsonObject Call(string type, JsonNode part) => new() { ["type"] = type, [type.ToLowerInvariant()] = part };

    private JsonObject About() => new()
    {
        ["container_id"] = JsonSerializer.SerializeToNode(_id, MesosJson.Default.ContainerId),
    };

    /// <summary>Records as they come.</summary>
    private sealed class Stream : HttpContent
    {
        private readonly ContainerId _id;
        private readonly ChannelReader<ProcessIo> _input;
        private readonly CancellationToken _over;

        public Stream(ContainerId id, ChannelReader<ProcessIo> input, CancellationToken over)
        {
            (_id, _input, _over) = (id, input, over);
            Headers.ContentType = new(Records);
        }

        protected override async Task SerializeToStreamAsync(System.IO.Stream stream, TransportContext? context)
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
