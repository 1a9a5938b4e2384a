using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Sessions;
using LifecycleManager.Agent.Tasks;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Net.Http.Headers;

namespace LifecycleManager.Agent.Api;

/// <summary>
/// The calls of Mesos' v1 operator API that run commands beside tasks: launched with a connection that they live with, attached
/// to, waited for and signalled. They need <see cref="Permission.Exec"/>, or
/// <see cref="GroupPermission.Exec"/> on the task's app; a session is its caller's alone.
/// </summary>
internal sealed class SessionEndpoints(SessionTable sessions, AgentService agent)
{
    private const string Output = "ATTACH_CONTAINER_OUTPUT";
    private const string Records = "application/recordio";
    private const string OldRecords = "application/json+recordio";
    private const int MaxRecord = 1024 * 1024;
    private const int MaxSignal = 64;
    private const int MaxId = 128;
    private static readonly string[] Waits = ["WAIT_NESTED_CONTAINER", "WAIT_CONTAINER"];
    private static readonly string[] Kills = ["KILL_NESTED_CONTAINER", "KILL_CONTAINER"];

    /// <summary>Whether a call is one of these.</summary>
    public static bool Has(string type) =>
        type is LaunchSessionCall.Name or Output || Waits.Contains(type) || Kills.Contains(type);

    /// <summary>Whether a call is a stream of records: of those there is the one that gives a command its input.</summary>
    public static bool IsInput(HttpContext context) => MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type)
        && (type.MediaType.Equals(Records, StringComparison.OrdinalIgnoreCase)
            || type.MediaType.Equals(OldRecords, StringComparison.OrdinalIgnoreCase));

    /// <summary>Answers a call.</summary>
    /// <exception cref="FormatException">It is not as it should be.</exception>
    public async Task<IResult> AnswerAsync(string type, JsonObject call, HttpContext context)
    {
        if (WhyNot(context) is { } refusal) return refusal;
        if (call[type.ToLowerInvariant()] is not JsonObject part)
            throw new FormatException($"{type.ToLowerInvariant()}: is missing, or is no object");
        if (type == LaunchSessionCall.Name) return await LaunchAsync(part, context);
        var (session, missing) = Find(Read(part["container_id"], type), context);
        if (session is null) return missing!;
        if (type == Output)
        {
            // From now on, and so from before the answer begins.
            var records = session.ListenAsync(context.RequestAborted);
            return new Streamed(Accepted(context), send => SendAsync(records, send, context.RequestAborted));
        }

        if (Kills.Contains(type))
        {
            await session.SignalAsync(Signal(part), context.RequestAborted);
            return Microsoft.AspNetCore.Http.Results.Ok();
        }

        var code = await session.Exit.WaitAsync(context.RequestAborted);
        var ended = new JsonObject();
        // As wait(2) has it.
        if (code is { } known) ended["exit_status"] = known > 128 ? known - 128 : known << 8;
        return MesosAnswers.Answer(new JsonObject { ["type"] = type, [type.ToLowerInvariant()] = ended });
    }

    /// <summary>Gives a command what its client sends, until the client or the command ends.</summary>
    public async Task<IResult> TakeInputAsync(HttpContext context)
    {
        if (WhyNot(context) is { } refusal) return refusal;
        if (context.Request.Headers["Message-Content-Type"].ToString() is { Length: > 0 } type
            && !type.StartsWith("application/json", StringComparison.OrdinalIgnoreCase))
        {
            return MesosAnswers.Error(
                StatusCodes.Status415UnsupportedMediaType, "Expecting 'Message-Content-Type' of application/json");
        }

        // Whoever types pauses, and a file may be long.
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        await using var reader = RecordIo.ReadAsync(
            context.Request.Body, MesosJson.Default.AttachInputCall, MaxRecord, end.Token).GetAsyncEnumerator(end.Token);
        try
        {
            return await TakeInputAsync(reader, end, context);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException)
        {
            return MesosAnswers.Error(StatusCodes.Status400BadRequest, $"the records of the call cannot be read: {e.Message}");
        }
    }

    private async Task<IResult> TakeInputAsync(
        IAsyncEnumerator<AttachInputCall> reader, CancellationTokenSource end, HttpContext context)
    {
        if (!await reader.MoveNextAsync() || reader.Current is not
            {
                Type: AttachInputCall.Name,
                AttachContainerInput: { Type: AttachInputType.ContainerId, ContainerId: { } id }
            })
        {
            return MesosAnswers.Error(
                StatusCodes.Status400BadRequest, $"the first record must be {AttachInputCall.Name} with a container_id");
        }

        var (session, missing) = Find(id, context);
        if (session is null) return missing!;
        if (session.TakeInput() is not { } input)
            return MesosAnswers.Error(StatusCodes.Status409Conflict, "another client gives it its input already");
        using (input)
        {
            var taking = TakeAllAsync(reader, session, end.Token);
            await Task.WhenAny(taking, session.Exit);
            if (taking.IsCompleted) return await taking;
            // The command has ended: nobody is left to read on for.
            await end.CancelAsync();
            await ((Task)taking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return Microsoft.AspNetCore.Http.Results.Ok();
        }
    }

    private static async Task<IResult> TakeAllAsync(
        IAsyncEnumerator<AttachInputCall> reader, Session session, CancellationToken cancellation)
    {
        while (await reader.MoveNextAsync())
        {
            if (reader.Current is not { Type: AttachInputCall.Name, AttachContainerInput.ProcessIo: { } io })
            {
                return MesosAnswers.Error(
                    StatusCodes.Status400BadRequest, $"a record is no {AttachInputCall.Name} of PROCESS_IO");
            }

            try
            {
                await session.TakeAsync(io, cancellation);
            }
            catch (IOException)
            {
                // It reads no more: what it may still write goes on, as with a pipe to a command that has read enough.
            }
        }

        return Microsoft.AspNetCore.Http.Results.Ok();
    }

    private async Task<IResult> LaunchAsync(JsonObject part, HttpContext context)
    {
        var call = Read(part);
        var id = call.ContainerId ?? throw new FormatException("container_id: is missing");
        if (id.Parent is not { } parent) throw new FormatException("container_id.parent: is missing: the task's container");
        if (id.Value is not { Length: > 0 and <= MaxId } value || !value.All(IsOfId))
            throw new FormatException($"container_id.value: letters, digits and any of .-_ are needed, {MaxId} at most");
        var start = SessionCommand.Of(part, call);
        var task = agent.Tasks.FirstOrDefault(run => run.Record.ContainerId == parent.Value && parent.Parent is null);
        if (task is not null && !new TaskScope(agent, context).Sees(task)) task = null;
        if (task is null || task.State.IsTerminal() || task.Container is null)
        {
            return MesosAnswers.Error(StatusCodes.Status404NotFound,
                task is null ? $"there is no container '{parent.Value}' here"
                    : $"the task of container '{parent.Value}' does not run");
        }

        if (WhyNot(task, context) is { } refusal) return refusal;
        var (session, why, isTaken) = await sessions.BeginAsync(
            id, task, start, Caller(context), $"{context.Connection.RemoteIpAddress}", context.RequestAborted);
        if (session is null)
            return MesosAnswers.Error(isTaken ? StatusCodes.Status409Conflict : StatusCodes.Status503ServiceUnavailable, why);
        AuditTrail.Record(context, "exec", task.Record.TaskId.Value, reason: SessionTable.Text(start.Command));
        return new Streamed(Accepted(context), send => sessions.RunAsync(session, task, send, context.RequestAborted));
    }

    private static async Task SendAsync(
        IAsyncEnumerable<byte[]> records, Func<byte[], CancellationToken, Task> send, CancellationToken cancellation)
    {
        await foreach (var record in records.WithCancellation(cancellation)) await send(record, cancellation);
    }

    private IResult? WhyNot(HttpContext context)
    {
        var isHere = context.Connection.LocalIpAddress is { } address && IPAddress.IsLoopback(address);
        var isOfSome = AccessControl.ScopeOf(context).HasGrants;
        var why = !isOfSome && !AccessControl.May(context, Permission.Exec) ? AccessControl.Refused(context, Permission.Exec)
            : AccessControl.PrincipalOf(context) is null && !(agent.Options.AnyoneMayExec && isHere)
                ? "Forbidden: an agent that other machines reach, and that asks nobody who he is, runs no commands beside tasks"
            : null;
        return why is null ? null : Deny(why, context);
    }

    private IResult? WhyNot(TaskRun task, HttpContext context) =>
        new TaskScope(agent, context).WhyNot(GroupPermission.Exec, task) is { } why ? Deny(why, context) : null;

    private IResult Deny(string why, HttpContext context)
    {
        sessions.Deny(Caller(context), $"{context.Connection.RemoteIpAddress}", why);
        return MesosAnswers.Error(StatusCodes.Status403Forbidden, why);
    }

    private (Session? Session, IResult? Missing) Find(ContainerId id, HttpContext context) => sessions.Find(id) switch
    {
        null => (null, MesosAnswers.Error(StatusCodes.Status404NotFound,
            $"no command '{id.Value}' runs beside a task here: it may have ended long ago")),
        { } session when session.Owner != Caller(context) => (null, MesosAnswers.Error(StatusCodes.Status403Forbidden,
            "Forbidden: another principal has begun it")),
        // As long as its task runs, who has begun it must still be permitted to.
        { } session when agent.Tasks.FirstOrDefault(run => run.Record.ContainerId == id.Parent?.Value) is { } task
            && WhyNot(task, context) is { } refusal => (null, refusal),
        { } session => (session, null),
    };

    private static bool IsOfId(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.';

    private static string? Caller(HttpContext context) => AccessControl.PrincipalOf(context)?.Name;

    private static string Accepted(HttpContext context) =>
        context.Request.Headers.Accept.ToString().Contains(OldRecords, StringComparison.OrdinalIgnoreCase) ? OldRecords : Records;

    private static int Signal(JsonObject part) => part["signal"] switch
    {
        null => Linux.Native.SigKill,
        JsonValue value when value.TryGetValue<int>(out var signal) && signal is > 0 and <= MaxSignal => signal,
        _ => throw new FormatException($"signal: a number from 1 to {MaxSignal} is needed"),
    };

    private static LaunchSessionCall Read(JsonObject part)
    {
        try
        {
            return part.Deserialize(MesosJson.Default.LaunchSessionCall)!;
        }
        catch (JsonException e)
        {
            throw new FormatException($"launch_nested_container_session: {e.Message}", e);
        }
    }

    private static ContainerId Read(JsonNode? id, string type)
    {
        try
        {
            return id.Deserialize(MesosJson.Default.ContainerId) is { Value: not null } read ? read
                : throw new FormatException($"{type.ToLowerInvariant()}.container_id: is missing");
        }
        catch (JsonException e)
        {
            throw new FormatException($"{type.ToLowerInvariant()}.container_id: {e.Message}", e);
        }
    }

    /// <summary>An answer of records that are sent as they come, each before the next is asked for.</summary>
    private sealed class Streamed(string type, Func<Func<byte[], CancellationToken, Task>, Task> run) : IResult
    {
        public async Task ExecuteAsync(HttpContext context)
        {
            // A terminal may be held (Ctrl-S): whoever began a command may be as slow as he likes.
            if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = null;
            context.Response.ContentType = type;
            context.Response.Headers["Message-Content-Type"] = "application/json";
            try
            {
                // That it has begun is known before there is a byte of it.
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
            catch (OperationCanceledException)
            {
                // Who asked has gone: what was begun is ended by whoever runs it.
            }

            await run(async (record, cancellation) =>
            {
                await context.Response.Body.WriteAsync(record, cancellation);
                await context.Response.Body.FlushAsync(cancellation);
            });
        }
    }
}
