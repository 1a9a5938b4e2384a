using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CsCheck;
using LifecycleManager.Security;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>
/// The OpenAPI documents of all roles, held against the roles as they run together: what is mapped is described, and what comes
/// is as described. Requests are made by the documents alone: five of each operation, or as many as <c>LCM_TEST_SAMPLES</c> says,
/// the same ones each time but for <c>LCM_TEST_SEED</c>.
/// </summary>
public sealed class OpenApiTests(OpenApiTests.Cluster cluster) : IClassFixture<OpenApiTests.Cluster>
{
    private static readonly int Samples = Number("LCM_TEST_SAMPLES", 5);
    private static readonly uint Seed = (uint)Number("LCM_TEST_SEED", 1);

    /// <summary>Whoever leads gives up its lead by it, and the rest is refused.</summary>
    private const string Abdication = "DELETE /v2/leader";

    /// <summary>What an answer says where all values are as described, and nothing follows from a schema.</summary>
    private static readonly string[] Meanings =
    [
        // The master: names are there twice, quotas that are there or not, frameworks that are not.
        "duplicate resource name", "which already has quota", "has no quota set", "of its children together", "is there twice",
        "over its limit", "Framework cannot be found", "for a machine are empty", "more than the cluster has",
        "framework_info.id'",

        // The scheduler: what is there already, and parameters that exclude each other.
        "may not have the same identifier", "is not in the group", "cannot use scale and wipe", "verify is for switch=auto",

        // The manager: a moment that is still to come, and tools that ran and found what is wrong with files.
        "is in the future", "\"result\":\"failed\"",
    ];

    /// <summary>Values of parameters that lead to what is there, by role and name.</summary>
    private static readonly Dictionary<(string, string), string> There = new()
    {
        [("scheduler", "id")] = "sleeper",
    };

    private static readonly string[] Methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];

    public static TheoryData<string> Roles => [.. RunningRole.Names];

    [Theory]
    [MemberData(nameof(Roles))]
    public void A_document_can_be_read_by_generators(string role)
    {
        var api = cluster.Api(role);
        var problems = new List<string>();
        var ids = new HashSet<string>();
        foreach (var operation in api.Operations)
        {
            var names = Regex.Matches(operation.Path, @"\{([^{}]*)}").Select(match => match.Groups[1].Value).ToList();
            var inPath = operation.Parameters.Where(one => (string?)one["in"] == "path").ToList();
            if (names.Any(name => !Regex.IsMatch(name, @"^\w+$"))) problems.Add($"{operation.Name}: a parameter is no name");
            if (!names.Order().SequenceEqual(inPath.Select(one => (string)one["name"]!).Order()))
                problems.Add($"{operation.Name}: the parameters of its path are not those that it names");
            if (inPath.Any(one => (bool?)one["required"] != true)) problems.Add($"{operation.Name}: a path without a part");
            if (operation.Parameters.GroupBy(one => ((string?)one["in"], (string?)one["name"])).Any(group => group.Count() > 1))
                problems.Add($"{operation.Name}: a parameter is there twice");
            if ((string?)operation.Json["operationId"] is not { } id || !ids.Add(id))
                problems.Add($"{operation.Name}: has no operationId of its own");
            if (string.IsNullOrEmpty((string?)operation.Json["summary"])) problems.Add($"{operation.Name}: has no summary");
            if (operation.Responses.Any(response => string.IsNullOrEmpty((string?)api.Resolve(response.Value!)["description"])))
                problems.Add($"{operation.Name}: an answer is not described");
            if (operation.Body is { Example: { } example } body
                && api.SchemaProblem(body.Schema, JsonElementOf(example)) is { } wrong)
            {
                problems.Add($"{operation.Name}: its example is not of its schema: {wrong}");
            }
        }

        if (api.Root["components"]?["securitySchemes"]?.AsObject().Count is null or 0) problems.Add("no security schemes");
        foreach (Match reference in Regex.Matches(api.Root.ToJsonString(), "\"\\$ref\":\"([^\"]+)\""))
            api.Resolve(new JsonObject { ["$ref"] = reference.Groups[1].Value });
        Assert.True(problems.Count == 0, string.Join("\n", problems));
        Assert.NotEmpty(api.Operations);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task What_is_mapped_is_described_or_said_to_be_missing(string role)
    {
        var api = cluster.Api(role);
        var problems = new List<string>();
        foreach (var (method, path) in cluster.Role(role).Routes)
        {
            if (method is "HEAD" or "OPTIONS" || IsPage(role, path) || Fits(api, method, path)) continue;
            if ((await cluster.AskAsync(role, method, path, "{}")).Status is not (405 or 501 or 404))
                problems.Add($"{method} {path}");
        }

        Assert.True(problems.Count == 0, string.Join("\n", problems));
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_method_that_is_not_described_is_answered_with_those_that_are(string role)
    {
        var api = cluster.Api(role);
        var values = new SchemaValues(api);
        var problems = new List<string>();
        foreach (var path in api.Operations.GroupBy(operation => operation.Path))
        {
            var described = path.Select(operation => operation.Method).ToHashSet();
            foreach (var method in Methods.Except(described))
            {
                // An id holds slashes: what is another path in the document may be an id in this one.
                var at = First(PathOf(values, role, path.First()));
                if (Fits(api, method, at)) continue;
                var (status, _, _, allow) = await cluster.AskAsync(role, method, at, "{}");
                if (status != 405) problems.Add($"{method} {path.Key}: {status}");
                else if (!described.IsSubsetOf(allow)) problems.Add($"{method} {path.Key}: allows {string.Join(", ", allow)}");
            }
        }

        Assert.True(problems.Count == 0, string.Join("\n", problems));
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task What_is_described_is_taken_and_answered_as_described(string role)
    {
        var api = cluster.Api(role);
        var values = new SchemaValues(api);
        var problems = new HashSet<string>();
        var statuses = new Dictionary<string, SortedSet<int>>();

        // What reads comes first, while there is something to be read.
        foreach (var operation in api.Operations.Where(one => one.Name != Abdication).OrderBy(one => one.Method != "GET"))
        {
            var requests = Requests(values, role, operation);
            var random = new PCG(Seed, Seed);
            for (var i = 0; i < Samples; i++)
            {
                var request = requests.Generate(random, null, out _);
                var (status, media, body, _) = await cluster.AskAsync(
                    role, operation.Method, request.Path, Written(request.Body, operation.Body?.Media), operation.Body?.Media);
                if (!statuses.TryGetValue(operation.Name, out var seen)) statuses[operation.Name] = seen = [];
                seen.Add(status);
                if (problems.Count(one => one.StartsWith(operation.Name + " ", StringComparison.Ordinal)) >= 3) break;
                var at = $"{operation.Name} ({DescribedApi.Short($"{request.Path} {request.Body?.ToJsonString()}")})";
                if (api.Problem(operation, status, media, body) is { } problem) problems.Add($"{at}: {problem}");
                if (status is 400 or 415 or 422 && !IsForItsMeaning(body ?? "", request.Place))
                    problems.Add($"{at} is refused: {status} {DescribedApi.Short(body)}");
            }
        }

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"seed {Seed}\n" + string.Join("\n", statuses.Select(one => $"{one.Key}: {string.Join(' ', one.Value)}")));
        Assert.True(problems.Count == 0, $"{problems.Count}:\n" + string.Join("\n", problems));
    }

    /// <summary>The bounds and words of the schemas are those that requests are held to.</summary>
    [Theory]
    [InlineData("scheduler")]
    [InlineData("manager")]
    public async Task What_a_schema_does_not_allow_is_refused(string role)
    {
        var api = cluster.Api(role);
        var values = new SchemaValues(api);
        var problems = new List<string>();
        var asked = 0;
        foreach (var operation in api.Operations.Where(one => one is { Method: "POST" or "PUT", Body.Example: not null }))
        {
            // Where there is nothing of that name, a body is not looked at.
            var path = First(PathOf(values, "", operation));
            var example = Written(operation.Body!.Value.Example, operation.Body.Value.Media);
            var asIs = await cluster.AskAsync(role, operation.Method, path, example, operation.Body.Value.Media);
            if (asIs.Status == 404) continue;
            foreach (var (body, place) in values.Wrong(operation.Body.Value.Example!, operation.Body.Value.Schema))
            {
                asked++;
                var (status, _, text, _) = await cluster.AskAsync(
                    role, operation.Method, path, body.ToJsonString(), operation.Body.Value.Media);

                // What is there already is told first.
                if (status is not (400 or 409 or 422))
                    problems.Add($"{operation.Name} {place}: {status} {DescribedApi.Short(text)}");
            }
        }

        Assert.True(asked > 5);
        Assert.True(problems.Count == 0, string.Join("\n", problems));
    }

    private static T First<T>(Gen<T> values) => values.Generate(new PCG(Seed, Seed), null, out _);

    private static int Number(string variable, int absent) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number)
            ? number : absent;

    /// <summary>
    /// Whether a request is refused though each of its values is as its schema says: they do not fit together, or not what is
    /// there.
    /// </summary>
    private static bool IsForItsMeaning(string reason, string place)
    {
        if (Meanings.Any(meaning => reason.Contains(meaning, StringComparison.Ordinal))) return true;
        if (reason is not ['{', ..] || place.Length == 0) return false;
        var json = JsonNode.Parse(reason)!;
        return json["details"] is JsonArray details ? details.All(detail => (string?)detail!["path"] != place)
            : (string?)json["field"] is { } field && !place.EndsWith("/" + field, StringComparison.Ordinal);
    }

    private static Gen<(string Path, JsonNode? Body, string Place)> Requests(
        SchemaValues values, string role, DescribedOperation operation)
    {
        var queries = operation.Parameters.Where(one => (string?)one["in"] == "query").Select(one => Gen.Select(
            Values(values, role, one), Gen.Int[0, (bool?)one["required"] == true ? 0 : 2], (value, keep) => keep > 0 ? ""
                : string.Concat((value is JsonArray several ? several : [value?.DeepClone()]).Select(
                    item => $"&{(string?)one["name"]}={Uri.EscapeDataString($"{item}")}")))).ToArray();
        var query = queries.Aggregate(Gen.Const(""), (all, one) => Gen.Select(all, one, (before, more) => before + more));
        var body = operation.Body switch
        {
            null => Gen.Const(0).Select(_ => ((JsonNode?)null, "")),
            { Example: { } example } content => values.Changed(example, content.Schema),
            { } content => values.Of(content.Schema).Select(made => (made, "")),
        };
        return Gen.Select(PathOf(values, role, operation), query, body,
            (path, more, made) => (path + (more.Length > 0 ? "?" + more[1..] : ""), made.Item1, made.Item2));
    }

    private static Gen<string> PathOf(SchemaValues values, string role, DescribedOperation operation) =>
        operation.Parameters.Where(one => (string?)one["in"] == "path").Aggregate(
            Gen.Const(operation.Path), (all, one) => Gen.Select(all, Values(values, role, one),
                (path, value) => path.Replace($"{{{(string?)one["name"]}}}", $"{value}", StringComparison.Ordinal)));

    /// <summary>Values of a parameter, and what there is of that name.</summary>
    private static Gen<JsonNode?> Values(SchemaValues values, string role, JsonObject parameter) =>
        There.TryGetValue((role, (string)parameter["name"]!), out var there)
            ? Gen.OneOf(values.Of(parameter["schema"]!), Gen.Const(0).Select(_ => (JsonNode?)there))
            : values.Of(parameter["schema"]!);

    private static string? Written(JsonNode? body, string? media) => body is null ? null
        : media == "application/x-www-form-urlencoded"
            ? string.Join('&', body.AsObject().Select(field => $"{field.Key}={field.Value}"))
        : media != "application/json" && body is JsonValue text ? (string?)text : body.ToJsonString();

    private static bool Fits(DescribedApi api, string method, string path) =>
        api.Operations.Any(operation => operation.Method == method && operation.Fits(path));

    private static bool IsPage(string role, string path) => path.StartsWith("/docs", StringComparison.Ordinal)
        || (role == "scheduler" && !path.StartsWith("/v2", StringComparison.Ordinal) && path != "/ping");

    private static System.Text.Json.JsonElement JsonElementOf(JsonNode node) =>
        System.Text.Json.JsonDocument.Parse(node.ToJsonString()).RootElement;

    /// <summary>All four roles, each with the one that it needs, and an app that runs.</summary>
    public sealed class Cluster : IAsyncLifetime
    {
        private readonly string _directory = Directory.CreateTempSubdirectory("lcm-openapi-").FullName;
        private readonly Dictionary<string, (RunningRole Role, DescribedApi Api)> _roles = [];
        private readonly HttpClient _http =
            new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = TimeSpan.FromSeconds(60) };

        public async ValueTask InitializeAsync()
        {
            var master = await StartAsync("master", null, "/openapi.json");
            await StartAsync("agent", master, "/openapi.json");
            var scheduler = await StartAsync("scheduler", master, "/openapi/marathon.json");
            await StartAsync("manager", scheduler, "/openapi.json");
            const string App = """{"id": "/sleeper", "cmd": "sleep 1000", "cpus": 0.01, "mem": 16, "disk": 0}""";
            await Eventually.TrueAsync(async () => (await AskAsync("scheduler", "POST", "/v2/apps", App)).Status is 201 or 409,
                "an app is taken");
            await Eventually.TrueAsync(async () => JsonNode.Parse((await AskAsync("scheduler", "GET", "/v2/tasks", null)).Body!)!
                ["tasks"]!.AsArray().Any(task => (string?)task!["state"] == "TASK_RUNNING"), "an app runs");

            // What follows is asked for, and never run: there are no more offers.
            var agents = JsonNode.Parse((await AskAsync("master", "GET", "/slaves", null)).Body!)!["slaves"]!.AsArray();
            var call = $$"""
                {"type": "DEACTIVATE_AGENT", "deactivate_agent": {"agent_id": {"value": "{{(string)agents.Single()!["id"]!}}"} } }
                """;
            Assert.Equal(200, (await AskAsync("master", "POST", "/api/v1", call)).Status);
        }

        public async ValueTask DisposeAsync()
        {
            _http.Dispose();
            foreach (var name in RunningRole.Names.Reverse())
            {
                if (_roles.TryGetValue(name, out var running)) await running.Role.DisposeAsync();
            }

            Directory.Delete(_directory, recursive: true);
        }

        internal RunningRole Role(string name) => _roles[name].Role;

        internal DescribedApi Api(string name) => _roles[name].Api;

        /// <summary>Asks a role; of a stream, which does not end, without its body.</summary>
        internal async Task<(int Status, string? Media, string? Body, IReadOnlyCollection<string> Allow)> AskAsync(
            string role, string method, string path, string? body, string? type = null)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(_roles[role].Role.Address, path));
            if (body is not null) request.Content = new StringContent(body, null, type ?? "application/json");
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            var media = answer.Content.Headers.ContentType?.MediaType;
            var isStream = media == "text/event-stream" || answer.Headers.Contains("Mesos-Stream-Id")
                || path.Contains("follow=", StringComparison.OrdinalIgnoreCase);
            return ((int)answer.StatusCode, media, isStream ? null : await answer.Content.ReadAsStringAsync(),
                [.. answer.Content.Headers.Allow]);
        }

        private async Task<Uri> StartAsync(string name, Uri? needs, string document)
        {
            var role = await RunningRole.StartAsync(name, new AllowedHosts(), Path.Combine(_directory, name), others: needs);
            using var answer = await _http.GetAsync(new Uri(role.Address, document));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            _roles[name] = (role, new DescribedApi(await answer.Content.ReadAsStringAsync()));
            return role.Address;
        }
    }
}
