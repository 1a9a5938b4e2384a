using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Tests.Fakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Manager.Tests.Observability;

public sealed class TracingTests
{
    private const string App = "/brownfield/search";

    [Fact]
    public void Without_a_listener_there_are_no_spans()
    {
        Assert.Null(Tracing.Begin(isTick: true));
        Assert.Null(Tracing.Decide(null));
        Assert.Null(Tracing.Read());
    }

    [Fact]
    public async Task A_collector_gets_the_tick_with_its_change_and_the_target_their_trace()
    {
        var spans = new ConcurrentQueue<Span>();
        var port = LifecycleManager.Testing.Server.FreePort();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        await using var collector = builder.Build();
        collector.Run(async http =>
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            if (http.Request.Path == "/v1/traces" && http.Request.ContentType == "application/x-protobuf")
                foreach (var span in Span.Read(body.ToArray())) spans.Enqueue(span);
        });
        await collector.StartAsync();

        var rules = Directory.CreateTempSubdirectory("lcm-rules-").FullName;
        await File.WriteAllTextAsync(Path.Combine(rules, "search.yml"), TermUnderTest.Search);
        await using var marathon = await FakeMarathon.StartAsync();
        await using var backend = await ManagerUnderTest.BackendAsync();
        marathon.Add(App, 2);
        var parents = new ConcurrentQueue<string>();
        marathon.Fault = http =>
        {
            if (http.Request.Method == "PUT") parents.Enqueue(http.Request.Headers["traceparent"].ToString());
            return Task.FromResult(false);
        };
        var metrics = new FakeMetrics { [App, "gauge.servo.tpm"] = 24 };
        string decision;
        await using (var manager = await ManagerUnderTest.StartAsync(marathon.Address, backend, metrics, rules,
            options => options with { Otlp = new Uri($"http://127.0.0.1:{port}/") }))
        {
            await manager.LeadsAsync();
            await Eventually.TrueAsync(() => manager.State.Term!.Archive.LastChange(App)?.To == 3);
            decision = manager.State.Term!.Archive.LastChange(App)!.Id;
        }

        Directory.Delete(rules, recursive: true);

        // The listener hears all of this process: other tests' managers, too.
        var told = Assert.Single(parents).Split('-');
        var scale = Assert.Single(spans, span => span.Name == "scale" && span.Trace == told[1]);
        Assert.Equal(
            [
                ("lcm.app", App), ("lcm.decision", decision), ("lcm.from", "2"), ("lcm.outcome", "applied"),
                ("lcm.policy", "search"), ("lcm.rule", "too many transactions"), ("lcm.to", "3"),
            ],
            scale.Tags.Where(tag => tag.Key != "lcm.deployment").Select(tag => (tag.Key, tag.Value)).Order());
        var decide = spans.Single(span => span.Id == scale.Parent);
        var tick = spans.Single(span => span.Id == decide.Parent);
        Assert.Equal("decide", decide.Name);
        Assert.Contains(tick.Name, (string[])["tick", "round"]);
        Assert.Equal("", tick.Parent);
        Assert.Equal("ok", tick.Tags["lcm.outcome"]);
        Assert.Equal(scale.Trace, tick.Trace);
        Assert.Contains(spans, span => span.Name == "read");

        // What the target is told is a call within the change.
        Assert.Equal(scale.Id, spans.Single(span => span.Id == told[2]).Parent);
        Assert.DoesNotContain(spans, span => span.Parent.Length == 0 && span.Name is not ("tick" or "round" or "scrape"));
    }

    /// <summary>A span of an ExportTraceServiceRequest: what is looked at of it.</summary>
    private sealed record Span(string Trace, string Id, string Parent, string Name, Dictionary<string, string> Tags)
    {
        public static IEnumerable<Span> Read(byte[] request) =>
            from resource in Fields(request).Where(field => field.Number == 1)
            from scope in Fields(resource.Bytes).Where(field => field.Number == 2)
            from span in Fields(scope.Bytes).Where(field => field.Number == 2)
            select Of(Fields(span.Bytes).ToList());

        private static Span Of(List<(int Number, ulong Value, byte[] Bytes)> fields)
        {
            return new Span(Hex(1), Hex(2), Hex(4), Encoding.UTF8.GetString(Bytes(5)), fields.Where(field => field.Number == 9)
                .Select(field => Fields(field.Bytes).ToList())
                .ToDictionary(pair => Encoding.UTF8.GetString(pair[0].Bytes), pair => Value(pair[1].Bytes)));

            byte[] Bytes(int number) => fields.Where(field => field.Number == number).Select(field => field.Bytes)
                .FirstOrDefault([]);

            string Hex(int number) => Convert.ToHexStringLower(Bytes(number));
        }

        // AnyValue: a text, or a whole number.
        private static string Value(byte[] any) => Fields(any).First() is { Number: 1 } text
            ? Encoding.UTF8.GetString(text.Bytes) : $"{Fields(any).First().Value}";

        private static IEnumerable<(int Number, ulong Value, byte[] Bytes)> Fields(byte[] message)
        {
            for (var at = 0; at < message.Length;)
            {
                var key = Varint(message, ref at);
                var number = (int)(key >> 3);
                switch (key & 7)
                {
                    case 0: yield return (number, Varint(message, ref at), []); break;
                    case 1:
                        yield return (number, BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(at)), []);
                        at += 8;
                        break;
                    case 2:
                        var length = (int)Varint(message, ref at);
                        yield return (number, 0, message[at..(at + length)]);
                        at += length;
                        break;
                    case 5:
                        yield return (number, BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(at)), []);
                        at += 4;
                        break;
                    default: throw new InvalidDataException($"wire type {key & 7}");
                }
            }
        }

        private static ulong Varint(byte[] message, ref int at)
        {
            var value = 0UL;
            for (var shift = 0; ; shift += 7)
            {
                value |= (message[at] & 0x7FUL) << shift;
                if (message[at++] < 0x80) return value;
            }
        }
    }
}
