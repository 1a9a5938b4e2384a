using System.Globalization;
using System.Numerics;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>
/// A JSONPath (<c>$.queue.depth</c>, <c>queues[0].depth</c>, <c>$.queues[?(@.name == 'orders')].depth</c>) to the numbers of a
/// document.
/// </summary>
public static class JsonValuePath
{
    private const int MaxDepth = 64;
    private static readonly TimeSpan RegexLimit = TimeSpan.FromMilliseconds(200);

    /// <summary>What is wrong with a path; null where it is one.</summary>
    public static string? Check(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            _ = new JObject().SelectTokens(path, Settings()).Count();
            return string.IsNullOrWhiteSpace(path) ? "the path is empty" : null;
        }
        catch (JsonException e)
        {
            return $"'{path}' is not a JSONPath: {e.Message.TrimEnd('.')}";
        }
    }

    /// <summary>The numbers that the path leads to; none where it leads nowhere.</summary>
    /// <param name="json">The document.</param>
    /// <param name="path">The path.</param>
    /// <exception cref="FormatException">The document is malformed, or what is there is no number.</exception>
    public static IReadOnlyList<double> Read(string json, string path)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            using var reader = new JsonTextReader(new StringReader(json))
            {
                MaxDepth = MaxDepth,
                DateParseHandling = DateParseHandling.None,
            };
            var root = JToken.ReadFrom(reader);
            if (reader.Read() && reader.TokenType != JsonToken.Comment)
                throw new FormatException($"there is more after the JSON at line {reader.LineNumber}");
            return [.. root.SelectTokens(path, Settings()).Select(Number)];
        }
        catch (JsonReaderException e)
        {
            // The package counts from 0 where nothing was read yet.
            throw new FormatException(
                $"malformed JSON at line {Math.Max(1, e.LineNumber)}, column {Math.Max(1, e.LinePosition)}", e);
        }
        catch (JsonException e)
        {
            throw new FormatException($"'{path}': {e.Message.TrimEnd('.')}", e);
        }
        catch (System.Text.RegularExpressions.RegexMatchTimeoutException e)
        {
            throw new FormatException($"'{path}': its regular expression takes too long", e);
        }
    }

    private static JsonSelectSettings Settings() => new() { ErrorWhenNoMatch = false, RegexMatchTimeout = RegexLimit };

    // A number in quotes is one: many APIs write large ones so.
    private static double Number(JToken token) => token switch
    {
        JValue { Value: long number } => number,
        JValue { Value: double number } => number,
        JValue { Value: BigInteger number } => (double)number,
        JValue { Value: string text } when double.TryParse(
            text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        JValue { Type: JTokenType.Null } => throw new FormatException($"{token.Path} is null"),
        JValue => throw new FormatException($"{token.Path} is a {token.Type.ToString().ToLowerInvariant()}, not a number"),
        _ => throw new FormatException(
            $"{token.Path} is an {token.Type.ToString().ToLowerInvariant()}: name the number in it"),
    };
}
