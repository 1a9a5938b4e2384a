using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace LifecycleManager.Agent.Api;

/// <summary>The body of a call: whatever is wrong with it is known before anything is read of it.</summary>
internal static class CallBody
{
    private const int MaxLength = 64 * 1024;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Reads the call's object.</summary>
    /// <returns>The object, or the answer that refuses it: 400, 413, or 415 for what is not JSON by its content type.</returns>
    public static async Task<(JsonObject? Call, IResult? Refusal)> ReadAsync(HttpContext context)
    {
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type)
            || !type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase))
        {
            return (null, MesosAnswers.Error(
                StatusCodes.Status415UnsupportedMediaType, "Expecting 'Content-Type' of application/json"));
        }

        var body = new byte[MaxLength + 1];
        var length = await context.Request.Body.ReadAtLeastAsync(
            body, body.Length, throwOnEndOfStream: false, context.RequestAborted);
        if (length > MaxLength)
        {
            return (null, MesosAnswers.Error(
                StatusCodes.Status413PayloadTooLarge, $"the call is longer than {MaxLength} bytes"));
        }

        try
        {
            CheckTexts(body.AsSpan(0, length));
            return JsonNode.Parse(body.AsSpan(0, length), documentOptions: Strict) is JsonObject call ? (call, null)
                : (null, MesosAnswers.Error(StatusCodes.Status400BadRequest, "the call is no object"));
        }
        catch (JsonException e)
        {
            return (null, MesosAnswers.Error(StatusCodes.Status400BadRequest, $"the call is not JSON: {e.Message}"));
        }
    }

    // Half of a surrogate pair, or bytes that are no UTF-8, are found by whoever reads a text; here, that is us.
    private static void CheckTexts(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName)) continue;
            try
            {
                reader.GetString();
            }
            catch (InvalidOperationException e)
            {
                throw new JsonException(e.Message, e);
            }
        }
    }
}
