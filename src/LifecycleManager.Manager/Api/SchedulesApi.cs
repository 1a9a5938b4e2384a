using System.Globalization;
using System.Text;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Scheduling;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Manager.Api;

/// <summary><c>/v1/schedules</c>: the scheduled jobs of files and those that people add, their fires, and what people do to
/// them. Only the manager that leads knows of them: others redirect.</summary>
internal static class SchedulesApi
{
    private const int MaxBodyBytes = 128 * 1024;
    private const int MostListed = 1_000;
    private const int MostNext = 1_000;
    private const int UsualNext = 10;

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/schedules", ListAsync);
        app.MapPost("/v1/schedules", AddAsync).WithMetadata(new BodyLimit(MaxBodyBytes));
        app.MapGet("/v1/schedules/{name}", ShowAsync);
        app.MapGet("/v1/schedules/{name}/history", HistoryAsync);
        app.MapDelete("/v1/schedules/{name}", RemoveAsync);
        app.MapPost("/v1/schedules/{name}/pause", http => DoAsync(http, "schedule paused", async (desk, call) =>
            await desk.PauseAsync(call.Name, call.Reason, call.By, call.Cancellation) is null ? null
                : new ScheduleDoneAnswer(call.Name, $"the schedule '{call.Name}' is paused")))
            .WithMetadata(new BodyLimit(MaxBodyBytes));
        app.MapPost("/v1/schedules/{name}/resume", http => DoAsync(http, "schedule resumed", async (desk, call) =>
            await desk.ResumeAsync(call.Name, call.By, call.Cancellation) is not { } known ? null
                : new ScheduleDoneAnswer(
                    call.Name, $"the schedule '{call.Name}' is in force: {NextOf(known.Next)}", At: known.Next)))
            .WithMetadata(new BodyLimit(MaxBodyBytes));
        app.MapPost("/v1/schedules/{name}/skip", http => DoAsync(http, "schedule skipped", async (desk, call) =>
            await desk.SkipAsync(call.Name, call.By, call.Cancellation) is not { } at ? null
                : new ScheduleDoneAnswer(call.Name, $"the schedule '{call.Name}' leaves out {Text(at)}", At: at)))
            .WithMetadata(new BodyLimit(MaxBodyBytes));
        app.MapPost("/v1/schedules/{name}/run", http => DoAsync(http, "schedule run", async (desk, call) =>
            await desk.RunAsync(call.Name, call.Reason, call.By, call.Cancellation) is not { } fire ? null
                : new ScheduleDoneAnswer(call.Name, $"{fire.Id} is set off", fire.Id)))
            .WithMetadata(new BodyLimit(MaxBodyBytes));
    }

    private static async Task ListAsync(HttpContext http)
    {
        if (await HasUnknownAsync(http, "limit", "after")
            || await NumberAsync(http, "limit", MostListed, MostListed) is not { } limit
            || await TermAsync(http) is not { } term) return;
        var after = (string?)http.Request.Query["after"] ?? "";
        var services = http.RequestServices;
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        await AskAsync(http, term, owner =>
        {
            var open = owner.Book.Store.Open.Entries.Values.ToLookup(fire => fire.Schedule, StringComparer.Ordinal);
            var page = owner.Book.Table.All.Where(known => string.CompareOrdinal(known.Name, after) > 0)
                .OrderBy(known => known.Name, StringComparer.Ordinal).Take(limit + 1).ToList();
            return Task.FromResult(new SchedulesAnswer(
                PoliciesApi.Schedules(services.GetRequiredService<PolicyDirectory>().Current, now))
            {
                Jobs = [.. page.Take(limit).Select(known => JobAnswer.Of(known, owner.Book, open[known.Name]))],
                After = page.Count > limit ? page[limit - 1].Name : null,
            });
        }, answer => ManagerApi.WriteAsync(http, answer, ManagerJson.Default.SchedulesAnswer));
    }

    private static async Task ShowAsync(HttpContext http)
    {
        if (await HasUnknownAsync(http, "next")
            || await NumberAsync(http, "next", UsualNext, MostNext) is not { } count
            || await TermAsync(http) is not { } term) return;
        var name = NameOf(http);
        await AskAsync(http, term, owner =>
        {
            if (owner.Book.Table.Find(name) is not { } known) return Task.FromResult<JobDetailAnswer?>(null);
            var open = owner.Book.Store.Open.Entries.Values.Where(fire => fire.Schedule == name).ToList();
            var next = new List<DateTimeOffset>();
            for (var at = known.Next; at is { } one && next.Count < count; at = known.Schedule!.NextFire(one)) next.Add(one);
            return Task.FromResult<JobDetailAnswer?>(new JobDetailAnswer(
                JobAnswer.Of(known, owner.Book, open), known.Added?.Text, next, [.. open.Select(FireAnswer.Of)],
                Newest(owner, name)));
        }, answer => answer is null ? RefuseUnknownAsync(http, name)
            : ManagerApi.WriteAsync(http, answer, ManagerJson.Default.JobDetailAnswer));
    }

    private static async Task HistoryAsync(HttpContext http)
    {
        if (await HasUnknownAsync(http) || await TermAsync(http) is not { } term) return;
        var name = NameOf(http);
        await AskAsync(http, term,
            owner => Task.FromResult(owner.Book.Table.Find(name) is null && owner.Book.History.Of(name).Count == 0 ? null
                : new FiresAnswer(name, Newest(owner, name))),
            answer => answer is null ? RefuseUnknownAsync(http, name)
                : ManagerApi.WriteAsync(http, answer, ManagerJson.Default.FiresAnswer));
    }

    private static async Task AddAsync(HttpContext http)
    {
        if (await HasUnknownAsync(http, "replace")) return;
        if ((string?)http.Request.Query["replace"] is not (null or "true" or "false"))
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status400BadRequest, "replace must be true or false", "replace");
            return;
        }

        var replace = (string?)http.Request.Query["replace"] == "true";
        using var reader = new StreamReader(http.Request.Body, new UTF8Encoding(false, throwOnInvalidBytes: true));
        string text;
        try
        {
            text = await reader.ReadToEndAsync(http.RequestAborted);
        }
        catch (BadHttpRequestException e)
        {
            await ManagerApi.RefuseAsync(http, e.StatusCode, e.Message);
            return;
        }
        catch (DecoderFallbackException)
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status400BadRequest, "the schedule is not UTF-8");
            return;
        }

        if (await TermAsync(http) is not { } term) return;
        try
        {
            await AskAsync(http, term, async owner =>
            {
                var known = await owner.Desk.AddAsync(text, replace, ByOf(http), http.RequestAborted);
                return new ScheduleDoneAnswer(known.Name,
                    $"the schedule '{known.Name}' is added: {NextOf(known.Next)}", At: known.Next);
            }, async answer =>
            {
                await ChangedAsync(http, term, "schedule added", answer);
                http.Response.Headers.Location = "/v1/schedules/" + Uri.EscapeDataString(answer.Name);
                await ManagerApi.WriteAsync(
                    http, answer, ManagerJson.Default.ScheduleDoneAnswer, StatusCodes.Status201Created);
            });
        }
        catch (FormatException e)
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status400BadRequest, e.Message);
        }
    }

    private static async Task RemoveAsync(HttpContext http)
    {
        if (await HasUnknownAsync(http) || await TermAsync(http) is not { } term) return;
        var name = NameOf(http);
        await AskAsync(http, term, owner => owner.Desk.RemoveAsync(name, ByOf(http), http.RequestAborted), async wasThere =>
        {
            if (!wasThere)
            {
                await RefuseUnknownAsync(http, name);
                return;
            }

            var answer = new ScheduleDoneAnswer(name, $"the schedule '{name}' is removed");
            await ChangedAsync(http, term, "schedule removed", answer);
            await ManagerApi.WriteAsync(http, answer, ManagerJson.Default.ScheduleDoneAnswer);
        });
    }

    private static async Task DoAsync(HttpContext http, string done, Func<ScheduleDesk, Call, Task<ScheduleDoneAnswer?>> what)
    {
        if (await HasUnknownAsync(http)) return;
        if (await ManagerApi.ReadReasonAsync(http) is not { } body || await TermAsync(http) is not { } term) return;
        var call = new Call(NameOf(http), body.Reason, ByOf(http), http.RequestAborted);
        await AskAsync(http, term, owner => what(owner.Desk, call), async answer =>
        {
            if (answer is null)
            {
                await RefuseUnknownAsync(http, call.Name);
                return;
            }

            await ChangedAsync(http, term, done, answer, call.Reason);
            await ManagerApi.WriteAsync(http, answer, ManagerJson.Default.ScheduleDoneAnswer);
        });
    }

    /// <summary>Something was done to a schedule: that is audited, and decided anew.</summary>
    private static async Task ChangedAsync(
        HttpContext http, ManagerTerm term, string done, ScheduleDoneAnswer answer, string? reason = null)
    {
        term.Ask("schedules changed");
        await Audit.RecordAsync(
            http, done, answer.Name, null, answer, ManagerJson.Default.ScheduleDoneAnswer, reason);
    }

    /// <summary>Asks the owner of the schedules, and answers for whatever keeps it from that.</summary>
    private static Task AskAsync<T>(
        HttpContext http, ManagerTerm term, Func<ScheduleOwner, Task<T>> ask, Func<T, Task> write) =>
        ManagerApi.StoreAsync(http, async () => await write(await term.ScheduleAsync(ask)));

    /// <summary>The term of this manager; null where it does not lead, and has led the caller to the one that does.</summary>
    private static async Task<ManagerTerm?> TermAsync(HttpContext http)
    {
        if (http.RequestServices.GetRequiredService<ManagerState>().Term is { Fence: not null } term) return term;
        await ManagerApi.RedirectToLeaderAsync(http);
        return null;
    }

    private static async Task<bool> HasUnknownAsync(HttpContext http, params string[] known)
    {
        if (!ManagerApi.HasUnknown(http, out var unknown, known)) return false;
        await ManagerApi.RefuseAsync(http, StatusCodes.Status400BadRequest,
            $"unknown parameter '{unknown}'" + (known.Length == 0 ? "" : $": there are {string.Join(" and ", known)}"), unknown);
        return true;
    }

    private static async Task<int?> NumberAsync(HttpContext http, string name, int usual, int most)
    {
        if ((string?)http.Request.Query[name] is not { } text) return usual;
        if (ManagerApi.TryCount(text, most, out var number)) return number;
        await ManagerApi.RefuseAsync(http, StatusCodes.Status400BadRequest, $"{name} must be from 1 to {most}", name);
        return null;
    }

    private static Task RefuseUnknownAsync(HttpContext http, string name) =>
        ManagerApi.RefuseAsync(http, StatusCodes.Status404NotFound, $"there is no schedule '{name}'");

    private static IReadOnlyList<FireAnswer> Newest(ScheduleOwner owner, string name) =>
        [.. owner.Book.History.Of(name).Reverse().Select(FireAnswer.Of)];

    private static string NameOf(HttpContext http) => (string)http.Request.RouteValues["name"]!;

    private static string? ByOf(HttpContext http) => AccessControl.PrincipalOf(http)?.Name;

    private static string NextOf(DateTimeOffset? next) =>
        next is { } at ? $"it fires next at {Text(at)}" : "it does not fire any more";

    private static string Text(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>What is asked of a schedule, and by whom.</summary>
    private sealed record Call(string Name, string? Reason, string? By, CancellationToken Cancellation);
}
