using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Scheduler.Core.Definitions.Json;

/// <summary>
/// Reads a request's body strictly into a wire type: unknown fields, wrong types, duplicate keys and broken Unicode are refused
/// with the path of each, all at once. A null of any name is an absent field, and a whole number may be written as
/// <c>1.0</c>, as Marathon has it. The types' own generated metadata is the schema.
/// </summary>
internal static class WireJson
{
    private const int MaxDepth = 64;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    /// <summary>Reads.</summary>
    /// <exception cref="MalformedJsonException">It is no JSON.</exception>
    /// <exception cref="ChangeRefusedException">It is JSON of another shape.</exception>
    public static T Read<T>(ReadOnlyMemory<byte> body, JsonTypeInfo<T> type)
    {
        using var document = Parse(body);
        var problems = new Problems();
        var clean = new ArrayBufferWriter<byte>(Math.Max(256, body.Length));
        using (var writer = new Utf8JsonWriter(clean, new JsonWriterOptions { SkipValidation = true }))
        {
            new Walk(problems, writer).Value(document.RootElement, type, "");
        }

        problems.ThrowIfAny();
        return JsonSerializer.Deserialize(clean.WrittenSpan, type)
            ?? throw new ChangeRefusedException([new ChangeProblem("/", "must not be null")]);
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        if (!Utf8.IsValid(body.Span)) throw new MalformedJsonException("the body is not UTF-8");
        try
        {
            return JsonDocument.Parse(body, Strict);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The latter for a field's name with half a surrogate pair, as it is compared with the others.
            throw new MalformedJsonException(JsonFaults.Explain(body.Span, MaxDepth));
        }
    }

    private sealed class Walk(Problems problems, Utf8JsonWriter writer)
    {
        public void Value(JsonElement element, JsonTypeInfo type, string path)
        {
            var target = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
            if (target == typeof(string)) Text(element, path);
            else if (target == typeof(int)) Whole(element, path);
            else if (target == typeof(double)) Number(element, path);
            else if (target == typeof(bool)) Truth(element, path);
            else if (target == typeof(JsonElement)) Any(element, path);
            else if (type.Kind == JsonTypeInfoKind.Enumerable) Items(element, type, path);
            else if (type.Kind == JsonTypeInfoKind.Dictionary) Entries(element, type, path);
            else Fields(element, type, path);
        }

        private void Fields(JsonElement element, JsonTypeInfo type, string path)
        {
            writer.WriteStartObject();
            if (Is(element, JsonValueKind.Object, path, "an object"))
            {
                foreach (var field in element.EnumerateObject()) Field(field, type, path);
                foreach (var required in type.Properties)
                {
                    var present = !IsRequired(required)
                        || (element.TryGetProperty(required.Name, out var value) && value.ValueKind != JsonValueKind.Null);
                    problems.Unless(present, $"{path}/{required.Name}", "is missing");
                }
            }

            writer.WriteEndObject();
        }

        // A record's parameters are required by having no default.
        private static bool IsRequired(JsonPropertyInfo property) =>
            property.IsRequired || property.AssociatedParameter is { HasDefaultValue: false, IsNullable: false };

        private void Field(JsonProperty field, JsonTypeInfo type, string path)
        {
            if (NameOf(field, path) is not { } name) return;
            if (FieldNotes.IsOfAnswers(type.Type, name) || FieldNotes.SaysNothing(type.Type, name, field.Value)) return;
            foreach (var property in type.Properties)
            {
                if (property.Name != name) continue;
                writer.WritePropertyName(name);
                if (property.PropertyType == typeof(string))
                    Text(field.Value, $"{path}/{name}", text => Enumerations.Canonical(type.Type, name, text));
                else Value(field.Value, type.Options.GetTypeInfo(property.PropertyType), $"{path}/{name}");
                return;
            }

            problems.Add(
                $"{path}/{Shorten(name)}",
                FieldNotes.WhyUnsupported(type.Type, name)
                    ?? "is not a known field" + NearestName.Hint(name, type.Properties.Select(property => property.Name)));
        }

        private void Entries(JsonElement element, JsonTypeInfo type, string path)
        {
            writer.WriteStartObject();
            if (Is(element, JsonValueKind.Object, path, "an object"))
            {
                var item = type.Options.GetTypeInfo(type.ElementType!);
                foreach (var entry in element.EnumerateObject())
                {
                    if (NameOf(entry, path) is not { } name) continue;
                    writer.WritePropertyName(name);
                    Value(entry.Value, item, $"{path}/{Shorten(name)}");
                }
            }

            writer.WriteEndObject();
        }

        private void Items(JsonElement element, JsonTypeInfo type, string path)
        {
            writer.WriteStartArray();
            if (Is(element, JsonValueKind.Array, path, "an array"))
            {
                var item = type.Options.GetTypeInfo(type.ElementType!);
                var index = 0;
                foreach (var entry in element.EnumerateArray()) Value(entry, item, $"{path}({index++})");
            }

            writer.WriteEndArray();
        }

        private void Text(JsonElement element, string path, Func<string, string>? canonical = null)
        {
            var text = Is(element, JsonValueKind.String, path, "a text") ? TextOf(element, path) ?? "" : "";
            writer.WriteStringValue(canonical is null ? text : canonical(text));
        }

        private void Whole(JsonElement element, string path)
        {
            var number = 0;
            if (Is(element, JsonValueKind.Number, path, "a whole number") && !element.TryGetInt32(out number))
            {
                if (element.TryGetDouble(out var real) && Math.Floor(real) == real && Math.Abs(real) <= int.MaxValue)
                    number = (int)real;
                else problems.Add(path, $"must be a whole number between {int.MinValue} and {int.MaxValue}");
            }

            writer.WriteNumberValue(number);
        }

        private void Number(JsonElement element, string path)
        {
            var number = 0d;
            if (Is(element, JsonValueKind.Number, path, "a number")
                && (!element.TryGetDouble(out number) || !double.IsFinite(number)))
            {
                number = 0;
                problems.Add(path, "is too large a number");
            }

            writer.WriteNumberValue(number);
        }

        private void Truth(JsonElement element, string path)
        {
            if (element.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
                problems.Add(path, $"must be true or false, not {NameOf(element.ValueKind)}");
            writer.WriteBooleanValue(element.ValueKind == JsonValueKind.True);
        }

        // A value that is looked at later; what is looked at now is that it can be read at all.
        private void Any(JsonElement element, string path)
        {
            switch (element.ValueKind)
            {
                case JsonValueKind.Object:
                    writer.WriteStartObject();
                    foreach (var field in element.EnumerateObject())
                    {
                        if (NameOf(field, path) is not { } name) continue;
                        writer.WritePropertyName(name);
                        Any(field.Value, $"{path}/{Shorten(name)}");
                    }

                    writer.WriteEndObject();
                    break;
                case JsonValueKind.Array:
                    writer.WriteStartArray();
                    var index = 0;
                    foreach (var item in element.EnumerateArray()) Any(item, $"{path}({index++})");
                    writer.WriteEndArray();
                    break;
                case JsonValueKind.String:
                    Text(element, path);
                    break;
                default:
                    element.WriteTo(writer);
                    break;
            }
        }

        private bool Is(JsonElement element, JsonValueKind kind, string path, string name)
        {
            if (element.ValueKind == kind) return true;
            problems.Add(path, $"must be {name}, not {NameOf(element.ValueKind)}");
            return false;
        }

        // Half of a surrogate pair can be written as an escape, and is no text.
        private string? TextOf(JsonElement element, string path)
        {
            try
            {
                return element.GetString();
            }
            catch (InvalidOperationException)
            {
                problems.Add(path, "is not valid Unicode");
                return null;
            }
        }

        private string? NameOf(JsonProperty property, string path)
        {
            try
            {
                return property.Name;
            }
            catch (InvalidOperationException)
            {
                problems.Add(path, "has a name that is not valid Unicode");
                return null;
            }
        }

        private static string NameOf(JsonValueKind kind) => kind switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "an array",
            JsonValueKind.String => "a text",
            JsonValueKind.Number => "a number",
            JsonValueKind.True or JsonValueKind.False => "true or false",
            _ => "null",
        };

        private static string Shorten(string name) => name.Length <= 64 ? name : name[..61] + "...";
    }
}
