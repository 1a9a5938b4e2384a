using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Testing;

namespace LifecycleManager.Master.Tests.Api;

/// <summary>
/// The requests of an unmodified client (mesos-go 0.0.11, JSON), recorded call by call: each is answered so that it goes on.
/// Ids are bound to those of this run.
/// </summary>
public sealed partial class RecordedClientTests
{
    /// <summary>The calls that Mesos' masters have and this one has not.</summary>
    private static readonly string[] NotImplemented = ["GET_LOGGING_LEVEL", "LIST_FILES"];

    [Fact]
    public async Task Every_call_of_mesos_go_is_answered_so_that_it_goes_on()
    {
        await using var master = await MasterUnderTest.StartAsync(
            new MasterOptions { AllocationDelay = TimeSpan.FromMilliseconds(1) });
        await using var agent = await master.RegisteredAgentAsync();
        var calls = await File.ReadAllLinesAsync(
            Path.Combine(Repository.Root, "tests/LifecycleManager.Master.Tests/Data/mesos-go.jsonl"));
        Assert.Equal(43, calls.Length);
        var replay = new Replay(master, agent.Id.Value);
        try
        {
            foreach (var line in calls)
            {
                var call = JsonDocument.Parse(line).RootElement;
                var (type, expected) = (call.GetProperty("json").GetProperty("type").GetString()!, HttpStatusCode.Accepted);
                if (NotImplemented.Contains(type)) expected = HttpStatusCode.NotImplemented;
                else if (call.GetProperty("path").GetString() == "/api/v1" || type is "SUBSCRIBE" or "UPDATE_FRAMEWORK")
                    expected = HttpStatusCode.OK;
                Assert.Equal((call.GetProperty("id").GetString(), expected),
                    (call.GetProperty("id").GetString(), await replay.CallAsync(call)));
                await master.VerifyAsync();
            }
        }
        finally
        {
            await replay.DisposeAsync();
        }
    }

    /// <summary>The client: subscribes, notes its events, and makes the recorded calls with the ids that it was given.</summary>
    private sealed partial class Replay(MasterUnderTest master, string agent) : IAsyncDisposable
    {
        private readonly Queue<string> _offers = new();
        private readonly Dictionary<string, Queue<string>> _uuids = [];
        private readonly List<RawEvents> _streams = [];
        private string _framework = "";

        public async Task<HttpStatusCode> CallAsync(JsonElement call)
        {
            var (path, body) = (call.GetProperty("path").GetString()!, call.GetProperty("json"));
            var text = await BindAsync(body);
            if (path == "/api/v1/scheduler" && body.GetProperty("type").GetString() == "SUBSCRIBE")
            {
                _streams.Add(await RawEvents.SubscribeAsync(master, text));
                _offers.Clear();
                var subscribed = await _streams[^1].NextAsync("SUBSCRIBED");
                _framework = subscribed.GetProperty("framework_id").GetProperty("value").GetString()!;
                return HttpStatusCode.OK;
            }

            using var request = new HttpRequestMessage(HttpMethod.Post, path)
            {
                Content = new StringContent(text, Encoding.UTF8, "application/json"),
            };
            if (call.TryGetProperty("stream", out _)) request.Headers.Add("Mesos-Stream-Id", _streams[^1].StreamId);
            using var answer = await master.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            return answer.StatusCode;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var stream in _streams) await stream.DisposeAsync();
        }

        private async Task<string> BindAsync(JsonElement body)
        {
            var text = body.GetRawText().Replace("{id2}-0006", _framework, StringComparison.Ordinal)
                .Replace("{id2}-S0", agent, StringComparison.Ordinal);
            var needed = body.GetProperty("type").GetString() == "ACCEPT";
            foreach (Match offer in Offer().Matches(text))
            {
                // An offer that is no more is declined all the same, as a client does that was slower than a rescind.
                while (needed && _offers.Count == 0) await NoteAsync();
                text = text.Replace(offer.Value, _offers.TryDequeue(out var id) ? id : "gone", StringComparison.Ordinal);
            }

            if (Uuid().Match(text) is { Success: true } uuid)
            {
                var task = body.GetProperty("acknowledge").GetProperty("task_id").GetProperty("value").GetString()!;
                while (!_uuids.ContainsKey(task)) await NoteAsync();
                text = text.Replace(uuid.Value, _uuids[task].Dequeue(), StringComparison.Ordinal);
            }

            return text;
        }

        private async Task NoteAsync()
        {
            var record = await _streams[^1].NextRecordAsync();
            switch (record.GetProperty("type").GetString())
            {
                case "OFFERS":
                    foreach (var offer in record.GetProperty("offers").GetProperty("offers").EnumerateArray())
                        _offers.Enqueue(offer.GetProperty("id").GetProperty("value").GetString()!);
                    break;
                case "UPDATE" when record.GetProperty("update").GetProperty("status") is var status
                    && status.TryGetProperty("uuid", out var uuid):
                    var task = status.GetProperty("task_id").GetProperty("value").GetString()!;
                    if (!_uuids.TryGetValue(task, out var uuids)) _uuids[task] = uuids = new();
                    uuids.Enqueue(uuid.GetString()!);
                    break;
                case "ERROR":
                    Assert.Fail(record.ToString());
                    break;
            }
        }

        [GeneratedRegex(@"\{id2\}-O\d+")]
        private static partial Regex Offer();

        [GeneratedRegex(@"\{uuid\d+\}")]
        private static partial Regex Uuid();
    }
}
