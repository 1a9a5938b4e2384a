using System.Globalization;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Json;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Placement;

namespace LifecycleManager.Scheduler.Api;

/// <summary>
/// <c>/v2/rebalance</c>: GET plans which instances would move and why, POST moves them: those that the body names, or without a
/// body those of a plan of now.
/// </summary>
internal static class RebalanceHandler
{
    private const int MaxMoves = 10_000;
    private const int DefaultMoves = 100;

    public static readonly OperationTable Operations = new(
    [
        new("GET", "/v2/rebalance", Needs.Cluster, PlanAsync, "Placement",
            "Which instances would be better off elsewhere, and why.")
        {
            Query = [new("max", "The most moves; 100 without it.") { Range = (1, 10_000) }],
            Answer = typeof(RebalanceAnswer), Failures = [400, 503],
        },
        new("POST", "/v2/rebalance", Needs.Cluster, RebalanceAsync, "Placement",
            "Replaces the named instances, without a body those of a plan, by others elsewhere.")
        {
            Query =
            [
                new("max", "The most moves of a plan.") { Range = (1, 10_000) },
                new("dryRun", "Plan only.", ApiParameterKind.Flag),
            ],
            Body = typeof(RebalanceTasks), Answer = typeof(RebalanceAnswer), Failures = [400, 404, 409, 413, 422, 503],
        },
    ]);

    private static async Task PlanAsync(ApiRequest request) => await AnswerAsync(request, await MovesAsync(request), null);

    private static async Task RebalanceAsync(ApiRequest request)
    {
        if (request.Flag("dryRun"))
        {
            await PlanAsync(request);
            return;
        }

        if (request.Context.Request.ContentLength is null or 0)
        {
            var plan = await MovesAsync(request);
            await AnswerAsync(request, plan, await request.Scheduler.MoveAsync([.. plan.Select(move => move.TaskId)],
                request.Cancellation));
            return;
        }

        var ids = WireJson.Read(await request.BodyAsync(many: true), ApiJson.Default.TaskIdList).Ids;
        if (ids.Count > MaxMoves)
            throw new ChangeRefusedException([new ChangeProblem("/ids", $"must have at most {MaxMoves} elements")]);
        if (ids.FirstOrDefault(id => !request.Snapshot.Instances.ContainsKey(id)) is { } unknown)
            throw ApiException.NotFound($"there is no task {unknown}");
        // What moves nothing is no deployment.
        await AnswerAsync(request, [], ids.Count == 0 ? null : await request.Scheduler.MoveAsync(ids, request.Cancellation));
    }

    private static async Task<IReadOnlyList<Move>> MovesAsync(ApiRequest request)
    {
        var most = DefaultMoves;
        if (request.Text("max") is { } max && (!int.TryParse(max, NumberStyles.None, CultureInfo.InvariantCulture, out most)
            || most is < 1 or > MaxMoves))
            throw ApiException.BadRequest($"the query parameter 'max' must be a number from 1 to {MaxMoves}, not '{max}'");
        try
        {
            return await request.Scheduler.PlanMovesAsync(most, request.Cancellation);
        }
        catch (TimeoutException away)
        {
            throw new ApiException(503, away.Message);
        }
    }

    private static Task AnswerAsync(ApiRequest request, IReadOnlyList<Move> moves, DeploymentReceipt? receipt)
    {
        if (receipt is not null) request.Mark(receipt);
        var answer = new RebalanceAnswer
        {
            DeploymentId = receipt?.DeploymentId,
            Moves = [.. moves.Select(move => new RebalanceMove(move.App, move.TaskId, move.From, move.To, move.Reason))],
        };
        return request.JsonAsync(answer, MarathonJson.Default.RebalanceAnswer);
    }
}
