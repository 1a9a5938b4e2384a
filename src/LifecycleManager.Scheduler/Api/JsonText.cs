using System.Buffers;
using System.Text.Json;

namespace LifecycleManager.Scheduler.Api;

/// <summary>JSON that is written and used as a part of a message.</summary>
internal static class JsonText
{
    public static JsonElement Element(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer)) write(json);
        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.Clone();
    }
}
