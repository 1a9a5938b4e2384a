using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tests.Fakes;

/// <summary>
/// A client that runs commands beside tasks as Mesos' own command line does: it launches, tries the input with its first record
/// alone, and then sends what there is to send.
/// </summary>
internal sealed class ExecClient : IAsyncDisposable
{
    private readonly HttpClient _http;
    private readonly CancellationTokenSource _end = new();
    private readonly StringBuilder _out = new();
    private readonly StringBuilder _err = new();
    private readonly Channel<byte[]> _input = Channel.CreateUnbounded<byte[]>();
    private Task _reading = Task.CompletedTask;
    private Task<HttpResponseMessage>? _sending;
    private HttpResponseMessage? _answer;

    private ExecClient(HttpClient http, string container) =>
        (_http, Id) = (http, new ContainerId(Guid.NewGuid().ToString(), new ContainerId(container)));

    public ContainerId Id { get; }

    public string Out => Text(_out);

    public string Err => Text(_err);

    /// <summary>Completes when nothing more comes.</summary>
    public Task Over => _reading;

    /// <summary>The call that launches.</summary>
    public static JsonObject Launch(ContainerId id, bool isTerminal, params string[] command) => new()
    {
        ["type"] = "LAUNCH_NESTED_CONTAINER_SESSION",
        ["launch_nested_container_session"] = new JsonObject
        {
            ["container_id"] = JsonSerializer.SerializeToNode(id, MesosJson.Default.ContainerId),
            ["command"] = new JsonObject
            {
                ["value"] = command[0],
                ["arguments"] = new JsonArray([.. command.Select(word => (JsonNode)word)]),
                ["shell"] = false,
            },
            ["container"] = isTerminal ? new JsonObject
            {
                ["type"] = "MESOS",
                ["tty_info"] = new JsonObject { ["window_size"] = new JsonObject { ["rows"] = 33, ["columns"] = 99 } },
            } : null,
        },
    };

    public static async Task<ExecClient> RunAsync(HttpClient http, string container, bool isTerminal, params string[] command)
    {
        var client = new ExecClient(http, container);
        using var request = Request(Launch(client.Id, isTerminal, command));
        request.Headers.Add("Accept", "application/recordio");
        request.Headers.Add("Message-Accept", "application/json");
        client._answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (!client._answer.IsSuccessStatusCode)
            Assert.Fail($"{client._answer.StatusCode}: {await client._answer.Content.ReadAsStringAsync()}");
        Assert.Equal("application/recordio", client._answer.Content.Headers.ContentType!.MediaType);
        client._reading = client.ReadAsync();
        return client;
    }

    /// <summary>Runs a command to its end, without input.</summary>
    public static async Task<(int? Code, string Out, string Err)> DoneAsync(
        HttpClient http, string container, params string[] command)
    {
        await using var client = await RunAsync(http, container, false, command);
        await client.Over.WaitAsync(FakeMaster.Patience);
        return (await client.ExitAsync(), client.Out, client.Err);
    }

    /// <summary>Makes a call; its status and its text.</summary>
    public static async Task<(HttpStatusCode Status, string Text)> CallAsync(
        HttpClient http, JsonObject call, Action<HttpRequestMessage>? prepare = null)
    {
        using var request = Request(call);
        prepare?.Invoke(request);
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var isStream = answer.Content.Headers.ContentType?.MediaType == "application/recordio";
        return (answer.StatusCode, isStream ? "" : await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Another call about this session.</summary>
    public JsonObject About(string type) => new()
    {
        ["type"] = type,
        [type.ToLowerInvariant()] = new JsonObject
        {
            ["container_id"] = JsonSerializer.SerializeToNode(Id, MesosJson.Default.ContainerId),
        },
    };

    /// <summary>Has a signal sent to it; the call's status.</summary>
    public async Task<HttpStatusCode> SignalAsync(int signal)
    {
        var kill = About("KILL_NESTED_CONTAINER");
        kill["kill_nested_container"]!["signal"] = signal;
        return (await CallAsync(_http, kill)).Status;
    }

    /// <summary>The exit code; 128 + N of signal N.</summary>
    public async Task<int?> ExitAsync()
    {
        var (status, text) = await CallAsync(_http, About("WAIT_NESTED_CONTAINER"));
        Assert.True(status == HttpStatusCode.OK, text);
        return (int?)JsonNode.Parse(text)!["wait_nested_container"]!["exit_status"] is { } wait
            ? (wait & 0x7f) == 0 ? wait >> 8 : 128 + (wait & 0x7f) : null;
    }

    /// <summary>Has the agent try the input, as the Mesos command line does first; then opens it for good.</summary>
    public async Task OpenInputAsync()
    {
        var first = RecordIo.Encode(AttachInputCall.For(Id), MesosJson.Default.AttachInputCall);
        using (var trial = await _http.SendAsync(Streamed(new ByteArrayContent(first))))
            Assert.Equal(HttpStatusCode.OK, trial.StatusCode);
        _input.Writer.TryWrite(first);
        _sending = _http.SendAsync(Streamed(new Chunks(_input.Reader)), _end.Token);
    }

    public void Send(ProcessIo io) =>
        _input.Writer.TryWrite(RecordIo.Encode(AttachInputCall.With(io), MesosJson.Default.AttachInputCall));

    public void Type(string text) => Send(ProcessIo.Of(ProcessStream.Stdin, Encoding.UTF8.GetBytes(text)));

    public void EndInput() => Send(ProcessIo.Of(ProcessStream.Stdin, []));

    public void Resize(int rows, int columns) => Send(new ProcessIo
    {
        Type = ProcessIoType.Control,
        Control = new ProcessIoControl
        {
            Type = ProcessControlType.TtyInfo,
            TtyInfo = new TtyInfo(new TtyWindow(rows, columns)),
        },
    });

    public Task SeesAsync(string text) => Wait.ForAsync(
        () => Out.Contains(text, StringComparison.Ordinal) ? "" : null, () => $"'{text}' in '{Out}' and '{Err}'",
        FakeMaster.Patience);

    /// <summary>Its connection is lost.</summary>
    public async Task LoseAsync()
    {
        await _end.CancelAsync();
        _answer?.Dispose();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>The answer to the input, of which there is no more.</summary>
    public async Task<HttpStatusCode> InputAnswerAsync()
    {
        _input.Writer.TryComplete();
        return (await _sending!.WaitAsync(FakeMaster.Patience)).StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        await LoseAsync();
        _input.Writer.TryComplete();
        if (_sending is not null) await ((Task)_sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private static HttpRequestMessage Request(JsonObject call) => new(HttpMethod.Post, "/api/v1")
    {
        Content = new StringContent(call.ToJsonString(), Encoding.UTF8, "application/json"),
    };

    private static HttpRequestMessage Streamed(HttpContent content)
    {
        content.Headers.ContentType = new("application/recordio");
        var request = new HttpRequestMessage(HttpMethod.Post, "/slave(1)/api/v1") { Content = content };
        request.Headers.Add("Message-Content-Type", "application/json");
        request.Headers.TransferEncodingChunked = true;
        return request;
    }

    private static string Text(StringBuilder text)
    {
        lock (text) return text.ToString();
    }

    private async Task ReadAsync()
    {
        await using var body = await _answer!.Content.ReadAsStreamAsync();
        await foreach (var io in RecordIo.ReadAsync(body, MesosJson.Default.ProcessIo))
        {
            if (io.Data is not { } data) continue;
            var to = data.Type == ProcessStream.Stderr ? _err : _out;
            lock (to) to.Append(Encoding.UTF8.GetString(data.Data));
        }
    }

    private sealed class Chunks(ChannelReader<byte[]> records) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await foreach (var record in records.ReadAllAsync())
            {
                await stream.WriteAsync(record);
                await stream.FlushAsync();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
