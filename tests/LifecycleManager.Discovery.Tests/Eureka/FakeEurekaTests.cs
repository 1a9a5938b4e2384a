using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LifecycleManager.Discovery.Tests.Eureka;

/// <summary>
/// The fake against recordings of the server of Spring Cloud Netflix 4.3.0 (eureka-core 2.0.4), asked by clients of Spring Boot
/// 3.5 and 4.0 and by hand: the same requests in the same order have the same answers.
/// </summary>
public sealed partial class FakeEurekaTests
{
    [Theory]
    [InlineData("eureka.jsonl", null)]
    [InlineData("eureka-secured.jsonl", "Basic b3BzOnMzY3JldA==")]
    public async Task It_answers_as_the_real_one_does(string recording, string? login)
    {
        await using var eureka = await FakeEureka.StartAsync();
        eureka.Login = login;
        using var client = new HttpClient { BaseAddress = eureka.Root };
        foreach (var line in await File.ReadAllLinesAsync(Path.Combine(AppContext.BaseDirectory, "Data", recording)))
        {
            var recorded = JsonNode.Parse(line)!;
            using var request = new HttpRequestMessage(new HttpMethod((string)recorded["method"]!), (string)recorded["path"]!);
            if ((string?)recorded["body"] is { } body)
                request.Content = new StringContent(body, Encoding.UTF8, "application/json");
            if ((string?)recorded["authorization"] is { } header)
                request.Headers.Authorization = AuthenticationHeaderValue.Parse(header);

            using var answer = await client.SendAsync(request);
            var told = $"{recorded["id"]}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}";
            Assert.True((int)recorded["status"]! == (int)answer.StatusCode, told);

            // Of a refusal the text is the server's own.
            if ((int)answer.StatusCode != 400)
                Assert.Equal(Plain((string)recorded["answer"]!), Plain(await answer.Content.ReadAsStringAsync()));
        }
    }

    // The order of fields is nothing that anybody may rely on, and moments are those of the recording.
    private static string Plain(string body) => body.Length == 0 ? ""
        : Moments().Replace(Sorted(JsonNode.Parse(body))!.ToJsonString(), "0");

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject fields => new JsonObject(fields.OrderBy(field => field.Key, StringComparer.Ordinal)
            .Where(field => field.Key is not "timestamp")
            .Select(field => KeyValuePair.Create(field.Key, Sorted(field.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Sorted)]),
        _ => node?.DeepClone(),
    };

    [GeneratedRegex("""(?<=Timestamp":"?)[1-9]\d{12}""")]
    private static partial Regex Moments();
}
