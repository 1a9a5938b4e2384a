using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CsCheck;
using LifecycleManager.Security;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>
/// The OpenAPI documents of all roles, held against the roles as they run together: what is mapped is described, and what comes
/// is as described. Requests are made by the documents alone.
/// </summary>
public sealed class OpenApiTests(OpenApiTests.Cluster cluster) : IClassFixture<OpenApiTests.Cluster>
{
    private const int Samples = 8;

    /// <summary>Whoever leads gives up its lead by it, and the rest is refused.</summary>
    private const string Abdication = "DELETE /v2/leader";

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
                var (status, _, _, allow) = await cluster.AskAsync(role, method, PathOf(values, path.First()).Single(), "{}");
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
            var requests = Requests(values, operation);
            await requests.SampleAsync(async request =>
            {
                var (status, media, body, _) = await cluster.AskAsync(
                    role, operation.Method, request.Path, request.Body?.ToJsonString(), operation.Body?.Media);
                lock (problems)
                {
                    if (!statuses.TryGetValue(operation.Name, out var seen)) statuses[operation.Name] = seen = [];
                    seen.Add(status);
                    if (problems.Count(one => one.StartsWith(operation.Name + " ", StringComparison.Ordinal)) >= 3) return;
                    var at = $"{operation.Name} ({DescribedApi.Short(request.Path)} {DescribedApi.Short(request.Body?.ToJsonString())})";
                    if (api.Problem(operation, status, media, body) is { } problem) problems.Add($"{at}: {problem}");
                    if (status is 400 or 415 or 422 && !IsForItsMeaning(operation, body))
                        problems.Add($"{at} is refused: {status} {DescribedApi.Short(body)}");
                }
            }, iter: Samples, threads: 1);
        }

        TestContext.Current.TestOutputHelper!.WriteLine(
            string.Join("\n", statuses.Select(one => $"{one.Key}: {string.Join(' ', one.Value)}")));
        Assert.True(problems.Count == 0, $"{problems.Count}:\n" + string.Join("\n", problems));
    }

    /// <summary>Whether a request is as its operation says, and means what cannot be done.</summary>
    private static bool IsForItsMeaning(DescribedOperation operation, string? reason) => false;

    private static Gen<(string Path, JsonNode? Body)> Requests(SchemaValues values, DescribedOperation operation)
    {
        var paths = PathOf(values, operation);
        var queries = operation.Parameters.Where(one => (string?)one["in"] == "query").Select(one => Gen.Select(
            values.Of(one["schema"]!), Gen.Int[0, (bool?)one["required"] == true ? 0 : 2], (value, keep) => keep > 0 ? ""
                : string.Concat((value is JsonArray several ? several : [value?.DeepClone()]).Select(
                    item => $"&{(string?)one["name"]}={Uri.EscapeDataString($"{item}")}")))).ToArray();
        var query = queries.Aggregate(Gen.Const(""), (all, one) => Gen.Select(all, one, (before, more) => before + more));
        var body = operation.Body is not { } content ? Gen.Const((JsonNode?)null)
            : content.Example is { } example ? Gen.Frequency((1, Gen.Const((JsonNode?)example)), (4, values.Of(content.Schema)))
            : values.Of(content.Schema);
        return Gen.Select(paths, query, body, (path, more, made) => (path + (more.Length > 0 ? "?" + more[1..] : ""), made));
    }

    private static Gen<string> PathOf(SchemaValues values, DescribedOperation operation) =>
        operation.Parameters.Where(one => (string?)one["in"] == "path").Aggregate(
            Gen.Const(operation.Path), (all, one) => Gen.Select(all, values.Of(one["schema"]!),
                (path, value) => path.Replace($"{{{(string?)one["name"]}}}", $"{value}", StringComparison.Ordinal)));

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
            await Eventually.TrueAsync(async () => (await AskAsync("scheduler", "POST", "/v2/apps", App)).Status is 201 or 409, "an app is taken");
            await Eventually.TrueAsync(async () => JsonNode.Parse((await AskAsync("scheduler", "GET", "/v2/tasks", null)).Body!)!
                ["tasks"]!.AsArray().Any(task => (string?)task!["state"] == "TASK_RUNNING"), "an app runs");
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
