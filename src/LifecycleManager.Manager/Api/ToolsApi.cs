using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.History;
using LifecycleManager.Metrics;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Manager.Api;

/// <summary>
/// The tools of <c>lcm policy</c> for those who have no <c>lcm</c> at hand: <c>POST /v1/policies/check, test, replay, fmt,
/// import, init</c>
/// and <c>GET /v1/policies/schema</c>. They work on the files in the request alone: nothing of this machine is read or changed.
/// </summary>
internal static class ToolsApi
{
    /// <summary>The check compares each policy with each: of thousands it takes seconds.</summary>
    private const int MaxBodyBytes = 1024 * 1024;

    private const int MaxRecordingBytes = 32 * 1024 * 1024;
    private const int MaxFiles = 200;

    /// <summary>A year in minutes, and some.</summary>
    private const int MaxSteps = 600_000;

    private const string HtmlFile = "report.html";
    private const string NewPolicy = "policy.yml";
    private static readonly TimeSpan MaxRunTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(10);

    public static void Map(IEndpointRouteBuilder app)
    {
        // One at a time: the manager's own work goes first.
        var turn = new SemaphoreSlim(1, 1);
        PostAsync("check", MaxBodyBytes, ManagerJson.Default.CheckBody, CheckAsync);
        Post("test", MaxBodyBytes, ManagerJson.Default.FilesBody, Test);
        Post("replay", MaxRecordingBytes, ManagerJson.Default.ReplayBody, Replay);
        Post("fmt", MaxBodyBytes, ManagerJson.Default.FilesBody, Fmt);
        Post("import", MaxBodyBytes, ManagerJson.Default.FilesBody, Import);
        PostAsync("init", MaxBodyBytes, ManagerJson.Default.InitBody, InitAsync);
        app.MapGet("/v1/policies/schema", http =>
        {
            http.Response.ContentType = "application/schema+json";
            return http.Response.WriteAsync(PolicySchema.Text, http.RequestAborted);
        });

        void Post<T>(string name, int longest, JsonTypeInfo<T> type, Func<HttpContext, T, ToolRun, int> run) where T : class =>
            PostAsync(name, longest, type, (http, body, tool) => Task.Run(() => run(http, body, tool), CancellationToken.None));

        void PostAsync<T>(string name, int longest, JsonTypeInfo<T> type, Func<HttpContext, T, ToolRun, Task<int>> run)
            where T : class =>
            app.MapPost("/v1/policies/" + name, http => RunAsync(http, type, run, turn)).WithMetadata(new BodyLimit(longest))
            .Needs(Permission.View);
    }

    private static async Task RunAsync<T>(HttpContext http, JsonTypeInfo<T> type, Func<HttpContext, T, ToolRun, Task<int>> run,
        SemaphoreSlim turn)
        where T : class
    {
        var (body, field, message, status) = await ManagerApi.ReadAsync(http, type);
        if (body is null)
        {
            await ManagerApi.RefuseAsync(http, status, message!, field);
            return;
        }

        if (body is FilesBody files && (files.Files.Count is 0 or > MaxFiles || files.Files.ContainsValue(null!)))
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status400BadRequest,
                $"files: 1 to {MaxFiles} files by their names are needed", "files");
            return;
        }

        if (!await turn.WaitAsync(MaxWait, http.RequestAborted))
        {
            http.Response.Headers.RetryAfter = "10";
            await ManagerApi.RefuseAsync(http, StatusCodes.Status503ServiceUnavailable, "another tool is at work; try again");
            return;
        }

        using var tool = new ToolRun(body is FilesBody given ? given.Files : []);
        try
        {
            using var limit = new CancellationTokenSource(MaxRunTime, http.RequestServices.GetRequiredService<TimeProvider>());
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, http.RequestAborted);
            tool.Cancellation = ended.Token;
            var code = await run(http, body, tool);
            await AnswerAsync(http, tool, code);
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            await ManagerApi.RefuseAsync(
                http, StatusCodes.Status422UnprocessableEntity,
                $"it took longer than {MaxRunTime.TotalSeconds} s; use lcm policy for what is so large");
        }
        catch (RefusedException e)
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status400BadRequest, e.Message, e.Field);
        }
        finally
        {
            turn.Release();
        }
    }

    private static Task AnswerAsync(HttpContext http, ToolRun tool, int code)
    {
        IReadOnlyList<string> errors = [.. tool.Error.ToString()
            .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        var failed = code == ExitCodes.Failed;
        var answer = new ToolAnswer
        {
            Result = failed ? "failed" : code == ExitCodes.Found ? "found" : "good",
            Message = failed ? errors is [var first, ..] ? first : tool.Output.ToString().TrimEnd() : null,
            Output = tool.Output.ToString(),
            Errors = errors,
            Problems = tool.Problems,
            Files = tool.Written,
        };
        return ManagerApi.WriteAsync(
            http, answer, ManagerJson.Default.ToolAnswer, failed ? StatusCodes.Status422UnprocessableEntity
            : StatusCodes.Status200OK);
    }

    private static async Task<int> CheckAsync(HttpContext http, CheckBody body, ToolRun tool)
    {
        var (problems, set) = await Task.Run(
            () =>
            {
                PolicyCheck.Check(body.Files.Keys.Order(StringComparer.Ordinal), TextWriter.Null, tool.Files, null, out var found,
                    out var read, out _);
                return (found, read);
            },
            CancellationToken.None);
        IReadOnlyList<PolicyProblem> live = body.Live ? await LivePolicies.CheckAsync(http, set, tool.Cancellation) : [];
        tool.Problems = [.. live.Concat(problems).Select(PoliciesApi.Answer)];
        return await Task.Run(
            () => PolicyCheck.Run(body.Files.Keys.Order(StringComparer.Ordinal), body.Format, body.Strict, tool.Output,
                tool.Error, tool.Files, more: live),
            CancellationToken.None);
    }

    private static int Test(HttpContext http, FilesBody body, ToolRun tool) =>
        PolicyTest.Run(body.Files.Keys.Where(PolicyTest.IsTestFile), tool.Output, tool.Error, tool.Files,
            cancellation: tool.Cancellation);

    private static int Fmt(HttpContext http, FilesBody body, ToolRun tool)
    {
        var code = PolicyFmt.Run(body.Files.Keys.Where(PolicyDirectory.IsPolicyFile), check: false, tool.Output, tool.Error,
            tool.Files);
        tool.Written = tool.Files.Files;
        return code;
    }

    private static int Import(HttpContext http, FilesBody body, ToolRun tool) =>
        PolicyImport.Run([.. body.Files.Keys.Order(StringComparer.Ordinal)], tool.Output, tool.Error, tool.Files);

    private static async Task<int> InitAsync(HttpContext http, InitBody body, ToolRun tool)
    {
        var code = body.From is { } from ? await ProposeAsync(http, from, tool) : PolicyInit.Run(
            body.App ?? throw new RefusedException("app", "app: the id of the app is needed"),
            body.Kind ?? PolicyInit.DefaultKind, NewPolicy, tool.Output, tool.Error, tool.Files);
        tool.Written = tool.Files.Files;
        return code;
    }

    /// <summary>A policy for what an app tells: it is looked at as the collector would, which is left alone.</summary>
    private static async Task<int> ProposeAsync(HttpContext http, string app, ToolRun tool)
    {
        if (!PolicyInit.IsId(app, tool.Error)) return ExitCodes.Failed;
        var (proposal, time) = (new PolicyProposal(app), http.RequestServices.GetRequiredService<TimeProvider>());
        var readings = await MetricsProbe.ReadAsync(http.RequestServices.GetRequiredService<CollectorOptions>(),
            proposal.Demands, PolicyProposal.Patience, time, tool.Cancellation);
        return proposal.Write(readings, time.GetUtcNow(), NewPolicy, tool.Output, tool.Error, tool.Files);
    }

    private static int Replay(HttpContext http, ReplayBody body, ToolRun tool)
    {
        var data = body.Data.ToList();
        var candidates = body.Files.Keys.Where(PolicyDirectory.IsPolicyFile).ToList();
        var file = body.PolicyFile ?? (candidates is [var only] ? only
            : throw new RefusedException("policyFile", "policyFile: the name of the file with the policy is needed"));
        if (body.History is { } app)
        {
            if (http.RequestServices.GetRequiredService<ManagerState>().Term is null)
                throw new RefusedException("history", "history: only the leading manager has it");
            var history = http.RequestServices.GetRequiredService<MetricHistory>();
            const string Name = "(history)";
            tool.Files.Write(Name, string.Concat(MetricHistory.Table(history.Read("/" + app.Trim('/'), null, null))));
            data.Add(Name);
        }

        if (data.Count == 0)
            throw new RefusedException("data", "data: the names of the files with recordings, or history: an app, is needed");
        var options = new ReplayOptions
        {
            PolicyFile = file,
            Policy = body.Policy,
            CompareFile = body.Compare,
            Data = data,
            Load = body.Load,
            Capacity = body.Capacity,
            Capacities = body.Capacities,
            Utilization = body.Utilization,
            Startup = Duration("startup", body.Startup) ?? TimeSpan.FromSeconds(30),
            Objective = body.Objective ?? 1,
            Instances = body.Instances,
            Step = Duration("step", body.Step),
            MaxSteps = MaxSteps,
            HtmlFile = body.Html ? HtmlFile : null,
        };
        var code = PolicyReplay.Run(options, tool.Output, tool.Error, tool.Files, cancellation: tool.Cancellation);
        if (tool.Files.Files.TryGetValue(HtmlFile, out var html) && body.Html)
            tool.Written = new Dictionary<string, string> { [HtmlFile] = html };
        return code;
    }

    private static TimeSpan? Duration(string field, string? text) =>
        text is null ? null
        : DurationText.TryParse(text, out var duration) ? duration
        : throw new RefusedException(field, $"{field} '{text}' is not a duration such as 30s");

    /// <summary>A tool at work for one request.</summary>
    private sealed class ToolRun(Dictionary<string, string> files) : IDisposable
    {
        public MemoryFiles Files { get; } = new(files);
        public StringWriter Output { get; } = new();
        public StringWriter Error { get; } = new();
        public CancellationToken Cancellation { get; set; }
        public IReadOnlyList<PolicyProblemAnswer>? Problems { get; set; }
        public IReadOnlyDictionary<string, string>? Written { get; set; }

        public void Dispose()
        {
            Output.Dispose();
            Error.Dispose();
        }
    }

}
